/** A check-up as it is shown and as JSON: what is right in a line, the rest with why and what to do. */
import { describe, expect, it } from 'vitest';
import { doctorDocument, doctorView } from '../../../src/cli/render/doctor-view.ts';
import { fault, ok, unknown, warning } from '../../../src/effects/diagnosis.ts';

const plain = (text: string): string => text;
const color = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const check = { subject: 'x', why: 'It matters.' };
const examined = [
  { ...check, id: 'a.one', findings: [fault('it is wrong', 'mend it\nthen that'), ok('of it')] },
  { ...check, id: 'b.second', findings: [ok('5 of 9', ['2 × 2 = 4', 'together: 5'])] },
  { ...check, id: 'c', findings: [warning('odd', 'look', ['1 + 1 = 2']), unknown('no answer')] },
];

describe('a check-up', () => {
  it('shows the gravest last, each with why and what to do', () => {
    expect(doctorView(examined, { color })).toEqual([
      '✓ ok  a.one     of it',
      '✓ ok  b.second  5 of 9',
      '      2 × 2 = 4',
      '      together: 5',
      '',
      '? unknown  c  no answer',
      '    why: It matters.',
      '',
      '! warning  c  odd',
      '    why: It matters.',
      '    1 + 1 = 2',
      '    do:  look',
      '',
      '✗ error  a.one  it is wrong',
      '    why: It matters.',
      '    do:  mend it',
      '         then that',
      '',
      '2 ok, 1 warning, 1 error, 1 could not be asked. A deploy would not go through (exit 1).',
    ]);
  });

  it('shows a finding of several lines as such: what is wrong with a file, and under it where', () => {
    const findings = [fault('a.yml:3:1 unknown key\n    brnach: main\n    ^', 'mend it')];
    expect(doctorView([{ ...check, id: 'config', findings }], { color }).slice(0, 6)).toEqual([
      '',
      '✗ error  config  a.yml:3:1 unknown key',
      '        brnach: main',
      '        ^',
      '    why: It matters.',
      '    do:  mend it',
    ]);
  });

  it.each([
    [[ok('of it')], '1 ok, 0 warnings, 0 errors. Nothing here would break a deploy.'],
    [
      [ok('of it'), unknown('no answer')],
      '1 ok, 0 warnings, 0 errors, 1 could not be asked. Nothing that was found would break a deploy.',
    ],
  ])(
    'says of what it could not ask neither that it is right nor that it is wrong',
    (findings, end) => {
      expect(doctorView([{ ...check, id: 'a', findings }], { color }).at(-1)).toBe(end);
    },
  );

  it('is one versioned document', () => {
    expect(doctorDocument(examined.slice(1))).toEqual({
      version: 1,
      broken: false,
      checks: [
        {
          id: 'b.second',
          ...check,
          findings: [
            { verdict: 'ok', found: '5 of 9', remedy: null, sums: ['2 × 2 = 4', 'together: 5'] },
          ],
        },
        {
          id: 'c',
          ...check,
          findings: [
            { verdict: 'warning', found: 'odd', remedy: 'look', sums: ['1 + 1 = 2'] },
            { verdict: 'unknown', found: 'no answer', remedy: null, sums: [] },
          ],
        },
      ],
    });
  });
});
