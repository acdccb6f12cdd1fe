/** The headers that the environment has for a receiver of traces. */
import { describe, expect, it } from 'vitest';
import { otlpReceiver } from '../../../src/cli/workspace/otlp.ts';

const headersOf = (text: string) => otlpReceiver('https://otlp.example.com', text).headers;

describe('a header of PIPELINE_OTLP_HEADERS', () => {
  it('is percent-decoded', () => {
    expect(headersOf('Api-Key=b%20c, x-a=%C3%A9')).toEqual({ 'api-key': 'b c', 'x-a': 'é' });
  });

  it.each(['%0A', '%7F', '%E2%82%AC', '%E2%80%8B', '%zz'])(
    'whose value %s none can carry is refused',
    (value) => {
      expect(() => headersOf(`api-key=${value}`)).toThrow('PIPELINE_OTLP_HEADERS holds no headers');
    },
  );
});

it.each([null, 'api-key=a'])(
  'nothing is sent over plain http to another host, with headers %j',
  (headers) => {
    expect(() => otlpReceiver('http://otlp.acme.test', headers)).toThrow(
      '--otlp would send traces over plain http',
    );
    expect(otlpReceiver('http://127.0.0.1:4318', headers).url).toBe(
      'http://127.0.0.1:4318/v1/traces',
    );
  },
);
