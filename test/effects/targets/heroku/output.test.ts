/** A build's output comes in pieces: whatever is cut where, no secret is shown, and all the rest is. */

import { expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import { OutputFollower } from '../../../../src/effects/targets/heroku/output.ts';
import { hide } from '../../../../src/redaction/gate.ts';
import { fc } from '../../../fast-check.ts';

const secret = 'npm_q7Zk2vXw9RtYb3LmN8cD5fGh1JpS4uEaO6iQ0sTzUyWxVbKjHgFdMlPo';
hide(secret);

const encodings = ['utf8', 'base64', 'hex'] as const;

/** What is told of the text when each reading gives as much more of it. */
async function follow(text: string, readings: readonly number[], kept: 'range' | 'whole') {
  const bytes = Buffer.from(text);
  const told: string[] = [];
  let available = 0;
  const send = async ({ headers }: { headers: { range: string } }) => {
    const from = kept === 'range' ? Number(/\d+/.exec(headers.range)) : 0;
    const body = bytes.subarray(from, available).toString();
    return { status: kept === 'range' ? 206 : 200, headers: {}, body };
  };
  const ports = {
    http: { send },
    progress: (line: string) => void told.push(line),
    signal: new AbortController().signal,
  };
  const output = new OutputFollower(ports as unknown as Ports);
  for (const more of readings) {
    available = Math.min(bytes.length, available + more);
    await output.read('http://127.0.0.1/');
    expect(left(output.tail)).toEqual([]);
  }
  available = bytes.length;
  await output.read('http://127.0.0.1/', { end: true });
  return { told, tail: output.tail };
}

/** Pieces of eight characters of the secret in any form: fewer are no reason to hide a line's end. */
function left(text: string): string[] {
  const shown = text.replaceAll('[secret]', '§');
  return encodings.flatMap((encoding) => {
    const form = Buffer.from(secret).toString(encoding);
    const pieces = [...Array(form.length - 7).keys()].map((at) => form.slice(at, at + 8));
    return pieces.filter((piece) => shown.includes(piece));
  });
}

it('a secret that is wrapped over lines, which come in several readings, leaves no piece', async () => {
  const lines = fc.array(fc.stringMatching(/^[ -~]{0,30}$/), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      lines,
      lines,
      fc.constantFrom(...encodings),
      fc.integer({ min: 5, max: 76 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.constantFrom('range', 'whole'),
      async (before, after, encoding, columns, readings, kept) => {
        const form = Buffer.from(secret).toString(encoding);
        const wrapped = form.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
        const text = [...before, ...wrapped, ...after].map((line) => `${line}\n`).join('');
        const { told, tail } = await follow(text, readings, kept);
        expect(left(told.join('\n'))).toEqual([]);
        expect(left(tail)).toEqual([]);
        expect(told.slice(0, before.length)).toEqual(before);
        expect(told.slice(told.length - after.length)).toEqual(after);
        expect(told.join('\n')).toContain('[secret]');
      },
    ),
    { numRuns: 200 },
  );
});
