/** One rule for `CI`, whoever asks: the terminal's live line and what is known of the build. */
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { createTerminal } from '../../../src/cli/render/terminal.ts';

/** Of a terminal's stream only these are used. */
const watched = (): WriteStream =>
  Object.assign(new Writable({ write: (_, __, done) => done() }), {
    isTTY: true,
    columns: 80,
  }) as unknown as WriteStream;

describe.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['0', false],
  ['false', false],
  ['1', true],
  ['true', true],
  ['yes', true],
])('CI=%s', (value, isCi) => {
  const env = { CI: value };
  it(`is ${isCi ? 'a CI' : 'none'}`, () => {
    expect(detectCi(env).isCi).toBe(isCi);
    const streams = { stdout: watched(), stderr: watched() };
    expect(createTerminal({ ...streams, env, noColor: false }).isTty).toBe(!isCi);
  });
});
