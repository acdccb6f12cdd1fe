/** What is shown of a program's output: its end, and nothing of a secret, wherever that begins and whatever is cut. */
import { describe, expect, it } from 'vitest';
import { ProgramOutput } from '../../../src/effects/programs/output.ts';
import { hide } from '../../../src/redaction/gate.ts';
import { fc } from '../../fast-check.ts';

const secret = Array.from({ length: 40 }, (_, i) => `Line${i}OfAKeyThatIsLong${i * 7919}`).join('');
hide(secret);
const wrapped = secret.match(/.{1,64}/g)?.join('\n') ?? '';

function shown(text: string, chunkLength = 4_096): string[] {
  const output = new ProgramOutput();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkLength)
    output.take(bytes.subarray(at, at + chunkLength));
  return output.lines();
}

describe('the output of a program', () => {
  it('is its last lines, however much came before', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}`);
    expect(shown(lines.join('\n'))).toEqual(lines.slice(-20));
    expect(shown('a\n\n \nb\n')).toEqual(['a', 'b']);
  });

  it.each([4_096, 24 * 1_024, 1_000_000])(
    'has no line whose start was not kept, %d bytes at a time',
    (chunkLength) => {
      const text = `${'x'.repeat(30_000)}\n${'a line\n'.repeat(150)}the last line\n`;
      expect(shown(text, chunkLength).at(-1)).toBe('the last line');
      expect(shown(text, chunkLength).join('\n')).not.toContain('x');
      expect(shown('x'.repeat(30_000), chunkLength)).toEqual([]);
    },
  );

  it('shows nothing of a secret that goes over lines, wherever the cut is', () => {
    const filler = fc.array(fc.constantFrom('y', 'x'.repeat(80), 'x'.repeat(700), ''), {
      maxLength: 400,
    });
    const chunk = fc.integer({ min: 1, max: 70_000 });
    fc.assert(
      fc.property(filler, filler, chunk, (before, after, chunkLength) => {
        const lines = shown([...before, wrapped, ...after].join('\n'), chunkLength);
        expect(lines.length).toBeLessThanOrEqual(20);
        expect(lines.join('\n')).not.toMatch(/OfAKey/);
      }),
      { numRuns: 60 },
    );
  });
});
