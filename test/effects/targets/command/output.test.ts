/** What a program writes: answers and words for people, however the bytes are cut, and never more than is read. */
import { describe, expect, it } from 'vitest';
import { ProgramOutput } from '../../../../src/effects/targets/command/output.ts';
import { limits } from '../../../../src/effects/targets/command/protocol.ts';
import { hide } from '../../../../src/redaction/gate.ts';
import { fc } from '../../../fast-check.ts';

const secret = Array.from({ length: 12 }, (_, i) => `Part${i}OfAKey${i * 7919}`).join('');
hide(secret);

function heard() {
  const answers: [number, object][] = [];
  const faults: [number, string][] = [];
  const people: string[] = [];
  const output = new ProgramOutput(
    ({ line, value }) => answers.push([line, value]),
    (line, fault) => faults.push([line, fault]),
    (line) => people.push(line),
  );
  const take = (text: string | Uint8Array, from: 'stdout' | 'stderr' = 'stdout') =>
    output.take(from, Buffer.from(text));
  return { output, answers, faults, people, take };
}

const text = [
  '{"type":"work","id":"é"}',
  '  {"type":"work","id":"w2"}  ',
  'people 日本',
  '{"level":"info"}',
  '[{"type":"work"}]',
  'null',
  '{',
  '',
  '   ',
  '{"type":"release","id":"r1"}',
].join('\n');

describe('what a program writes', () => {
  it('is the same wherever its bytes are cut, and whether its last line ends or not', () => {
    const bytes = Buffer.from(text);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.boolean(), (at, ends) => {
        const { output, answers, faults, people, take } = heard();
        const places = [0, ...at.sort((a, b) => a - b), bytes.length];
        places.forEach((to, i) => void take(bytes.subarray(places[i - 1] ?? 0, to)));
        if (ends) take('\n');
        output.end();
        expect(answers).toEqual([
          [1, { type: 'work', id: 'é' }],
          [2, { type: 'work', id: 'w2' }],
          [10, { type: 'release', id: 'r1' }],
        ]);
        expect(people).toEqual([
          'people 日本',
          '{"level":"info"}',
          '[{"type":"work"}]',
          'null',
          '{',
        ]);
        expect(faults).toEqual([]);
      }),
    );
  });

  it('on its standard error is for people alone, an answer in it too', () => {
    const { output, answers, people, take } = heard();
    take('{"type":"work","id":"w1"}\nhalf a', 'stderr');
    take('{"type":"work","id":"w2"}\n');
    output.end();
    expect(answers).toEqual([[1, { type: 'work', id: 'w2' }]]);
    expect(people).toEqual(['{"type":"work","id":"w1"}', 'half a']);
    expect(output.tail).toBe('{"type":"work","id":"w1"}\nhalf a');
  });

  it.each(['stdout', 'stderr'] as const)(
    'on its %s shows no secret that is wrapped, whatever comes between',
    (from) => {
      const { output, people, take } = heard();
      const other = from === 'stdout' ? 'stderr' : 'stdout';
      const [first = '', ...rest] = secret.match(/.{1,40}/g) ?? [];
      take(`before\n${first}\n`, from);
      take('meanwhile\n', other);
      take(`${rest.join('\n')}\nafter`, from);
      output.end();
      expect(people).toEqual(expect.arrayContaining(['before', 'meanwhile', 'after']));
      expect(people.join('\n')).not.toMatch(/OfAKey/);
      expect(output.tail).not.toMatch(/OfAKey/);
    },
  );

  it.each(['stdout', 'stderr'] as const)(
    'on its %s is told to its end, also what may begin a secret',
    (from) => {
      const { output, people, take } = heard();
      take(secret.slice(0, 6), from);
      output.end();
      expect(people).toHaveLength(1);
    },
  );

  it('is shown up to so many lines, and told at its end, however much is not shown, without a wrapped secret', () => {
    const { output, people, take } = heard();
    const lines = Array.from({ length: limits.shownLines + 1_000 }, (_, i) => `line ${i}`);
    const wrapped = secret.match(/.{1,40}/g) ?? [];
    take([...lines.slice(0, -10), ...wrapped, ...lines.slice(-10)].join('\n'));
    output.end();
    const shown = lines.slice(0, limits.shownLines);
    expect(people).toEqual([...shown, 'more of its output is not shown']);
    expect(output.tail.split('\n').slice(-10)).toEqual(lines.slice(-10));
    expect(output.tail).toContain(lines.at(-11));
    expect(output.tail).not.toMatch(/OfAKey/);
  });

  it('steers no terminal', () => {
    const { output, people, take } = heard();
    take('\u001b[2J\u001b[31mred\u001b[0m\n');
    take('{"type":"progress"}\n\u0007bell\n', 'stderr');
    output.end();
    expect(`${people.join('\n')}\n${output.tail}`).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(people.join()).toContain('red');
  });

  it('as an answer is read up to so many lines, and the next one is a fault', () => {
    const { answers, faults, take } = heard();
    take('{"type":"work","id":"w1"}\n'.repeat(limits.lines + 1));
    expect(answers).toHaveLength(5_000);
    expect(faults).toEqual([[5_001, 'is one more than the 5000 that are read']]);
  });

  it.each([
    [limits.lineBytes, true],
    [limits.lineBytes + 1, false],
  ])('as an answer of %d bytes is read: %s', (length, isRead) => {
    const { answers, faults, take } = heard();
    const line = `{"type":"work","id":"${'x'.repeat(length - 23)}"}`;
    expect(line).toHaveLength(length);
    take(`${line}\n{"type":"work"}\n`);
    expect(answers).toHaveLength(isRead ? 2 : 1);
    expect(faults).toEqual(isRead ? [] : [[1, 'is longer than 65536 bytes']]);
  });

  it('for people is cut to what a line and a hint hold: the last twenty lines', () => {
    const { output, people, take } = heard();
    for (let i = 1; i <= 25; i++) take(`${i} ${'x'.repeat(3_000)}\n`);
    output.end();
    expect(people).toHaveLength(25);
    expect(people[0]).toMatch(/^1 x+…$/);
    expect(people[0]).toHaveLength(2_000);
    const tail = output.tail.split('\n');
    expect(tail.map((line) => Number.parseInt(line, 10))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 6),
    );
    expect(tail[0]).toHaveLength(180);
  });
});
