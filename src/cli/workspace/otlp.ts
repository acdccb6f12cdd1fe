/** Where traces are sent to: the address of `--otlp`, and the headers that the environment has for it. */
import { fitsHeader } from '../../effects/http/header-value.ts';
import { isPrivate } from '../../effects/http/plain.ts';
import { type OtlpReceiver, otlpHeadersVariable } from '../../effects/telemetry/vendor.ts';
import { UsageError } from '../../errors/error.ts';

/** @param headers as OpenTelemetry writes them: `name=value,other=value`, values percent-encoded @throws UsageError */
export function otlpReceiver(address: string, headers: string | null): OtlpReceiver {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('E_USAGE', '--otlp is not a URL', {
      hint: 'Write it like https://otlp.example.com, or http://127.0.0.1:4318 for a collector on this machine.',
    });
  }
  if (!isPrivate(url)) {
    throw new UsageError('E_PLAIN_HTTP', '--otlp would send traces over plain http', {
      hint: 'Write an address that begins with https://. Only to this machine may it be http://.',
    });
  }
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return { url: url.href, headers: parsed(headers ?? '') };
}

function parsed(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, encoded] =
        /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (name === undefined || encoded === undefined) throw notHeaders();
      return [name.toLowerCase(), decoded(encoded)];
    }),
  );
}

function decoded(text: string): string {
  try {
    const value = decodeURIComponent(text);
    if (fitsHeader(value)) return value;
  } catch {
    // Told below.
  }
  throw notHeaders();
}

const notHeaders = (): UsageError =>
  new UsageError('E_ENVIRONMENT', `${otlpHeadersVariable} holds no headers`, {
    hint: 'Write them like api-key=VALUE,other=VALUE, with values percent-encoded.',
  });
