/** The mutation score's arithmetic: who is drawn, who counts, and how sure the score is. */
import { globSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  drawnPlaces,
  judged,
  leftOver,
  table,
  unnoticedPlaces,
  wilson,
  withLater,
} from './report.ts';
import { leftOut, rooms } from './rooms.ts';
import { isDrawn } from './sample.ts';

const place = { start: { line: 1, column: 7 }, end: { line: 1, column: 12 } };
const mutant = (status: string, replacement: string) => ({
  status,
  mutatorName: 'EqualityOperator',
  replacement,
  location: place,
});

beforeEach(() => {
  process.env.MUTATION_SEED = 'a seed';
  process.env.MUTATION_SHARE = '1';
});
afterEach(() => {
  delete process.env.MUTATION_SEED;
  delete process.env.MUTATION_SHARE;
});

describe('what is mutated', () => {
  const patterns = [...Object.values(rooms).flat(), ...leftOut];

  it.each(patterns)('%s: there are such files, and Stryker takes it for one pattern', (pattern) => {
    expect(globSync(pattern.replace(/^!/, ''))).not.toEqual([]);
    expect(pattern).not.toContain(',');
  });
});

describe('a sample', () => {
  const drawn = (share: string): number => {
    process.env.MUTATION_SHARE = share;
    return Array.from({ length: 2_000 }, (_, i) => ({
      fileName: '/anywhere/src/machine/lane.ts',
      mutatorName: 'EqualityOperator',
      replacement: `a < ${i}`,
      location: place,
    })).filter(isDrawn).length;
  };

  it('has as large a share as was asked for, and the same each time', () => {
    expect(drawn('1')).toBe(2_000);
    expect(drawn('0.1')).toBeGreaterThan(150);
    expect(drawn('0.1')).toBeLessThan(250);
    expect(drawn('0.1')).toBe(drawn('0.1'));
  });

  it('does not depend on where the repository is', () => {
    process.env.MUTATION_SHARE = '0.5';
    for (let i = 0; i < 50; i++) {
      const one = { ...mutant('Killed', String(i)), location: place };
      const here = isDrawn({ ...one, fileName: 'src/machine/lane.ts' });
      expect(isDrawn({ ...one, fileName: '/home/ana/web/src/machine/lane.ts' })).toBe(here);
    }
  });
});

describe('a report', () => {
  const report = {
    files: {
      'src/machine/lane.ts': {
        source: 'if (a > b) {\n}\n',
        mutants: [
          mutant('Killed', 'true'),
          mutant('Timeout', 'false'),
          mutant('Survived', 'a >= b'),
          mutant('NoCoverage', 'a < b'),
          mutant('Ignored', 'a <= b'),
          mutant('CompileError', 'a'),
        ],
      },
    },
  };

  it('counts what was noticed of what could be, and tells the rest with its code', () => {
    const all = judged(report);
    expect(all.map(({ isNoticed }) => isNoticed)).toEqual([true, true, false, false]);
    expect(all[2]).toMatchObject({ room: 'machine', line: 1, by: 'a >= b' });
    expect(table(all)[0]).toMatch(/^machine +2 of 4 +50\.0% {2}\(15\.0% to 85\.0%\)$/);
    expect(leftOver(all)).toHaveLength(2);
    expect(leftOver(all)[0]).toContain('NOT LOOKED AT');
  });
});

describe('Wilson’s interval', () => {
  it.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [80, 100, 0.7112, 0.8666],
    [0, 0, 0, 1],
  ])('%d of %d: %d to %d', (hits, count, low, high) => {
    const [from, to] = wilson(hits, count);
    expect(from).toBeCloseTo(low, 3);
    expect(to).toBeCloseTo(high, 3);
  });
});

describe('the second time, with other tests', () => {
  const file = 'src/machine/lane.ts';
  const reportOf = (...mutants: ReturnType<typeof mutant>[]) => ({
    files: { [file]: { source: 'if (a > b) {\n}\n', mutants } },
  });
  const first = reportOf(mutant('Survived', 'a >= b'), mutant('NoCoverage', 'true'), {
    ...mutant('Killed', 'false'),
    location: { ...place, end: { line: 2, column: 3 } },
  });

  it('is for what was not noticed, each place once, lines counted from 1 and columns from 0', () => {
    expect(unnoticedPlaces(first)).toEqual([`${file}:1:6-1:11`]);
  });

  it('is not for what is not in the sample', () => {
    process.env.MUTATION_SHARE = '0.000001';
    expect(unnoticedPlaces(first)).toEqual([]);
  });

  it('as the first time, is told of the places in the sample alone, which are drawn whatever became of them', () => {
    expect(drawnPlaces(first)).toEqual([`${file}:1:6-1:11`, `${file}:1:6-2:2`]);
    process.env.MUTATION_SHARE = '0.000001';
    expect(drawnPlaces(first)).toEqual([]);
  });

  it('counts what is noticed then, and forgets nothing that was noticed before', () => {
    const later = reportOf(
      mutant('Survived', 'a >= b'),
      mutant('Timeout', 'true'),
      mutant('Survived', 'false'),
    );
    const both = withLater(first, later);
    expect(judged(both).map(({ by, isNoticed }) => [by, isNoticed])).toEqual([
      ['a >= b', false],
      ['true', true],
      ['false', true],
    ]);
    expect(withLater(first, { files: {} })).toEqual(first);
  });
});
