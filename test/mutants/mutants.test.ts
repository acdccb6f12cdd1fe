/** The mutants fit the code that is there. Whether the tests notice them, `npm run mutants` finds out. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applied, Inapplicable, type Mutant, noticing } from './mutant.ts';
import { mutants } from './mutants.ts';
import { guarantees, promisesOf, written } from './table.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');
const page = readFileSync(guarantees, 'utf8');
const promises = promisesOf(page);

describe('docs/guarantees.md', () => {
  it('tells what notices each mutant, as `npm run docs` writes it', () => {
    expect(page === written(page), 'run npm run docs').toBe(true);
  });

  it.each(promises)('names what takes each promise away: %s', (promise) => {
    expect(mutants.filter((mutant) => promise.includes(mutant.promise)).length).toBeGreaterThan(0);
  });
});

describe('each mutant', () => {
  it('has an id of its own', () => {
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  });

  it.each(mutants.map((mutant) => [mutant.id, mutant] as const))(
    '%s changes code that is there',
    (_, mutant) => {
      const text = read(mutant.file);
      expect(applied(mutant, text)).not.toBe(text);
    },
  );

  it.each(mutants.map((mutant) => [mutant.id, mutant] as const))(
    '%s breaks a promise that is made, before a test that exists',
    (_, mutant) => {
      const { file, names } = noticing(mutant);
      expect(promises.filter((row) => row.includes(mutant.promise))).toHaveLength(1);
      const text = read(file);
      expect(names.filter((name) => !text.includes(name))).toEqual([]);
    },
  );
});

describe('a mutant that does not fit', () => {
  const mutant: Mutant = {
    id: 'a',
    promise: 'b',
    file: 'c.ts',
    symbol: 'two',
    code: 'n + 1',
    by: 'n',
    noticedBy: 'd.test.ts',
  };
  const text =
    'function one(n: number) {\n  return n + 1;\n}\n\nfunction two(n: number) {\n  return n\n    + 1;\n}\n\nconst three = (n: number) => n + 1;\n';

  it('is found in its symbol alone, however the code is broken into lines', () => {
    expect(applied(mutant, text)).toContain('function two(n: number) {\n  return n;\n}');
    expect(applied({ ...mutant, symbol: 'three' }, text)).toContain('=> n;');
  });

  it.each([
    ['an unknown symbol', { symbol: 'four' }],
    ['code that is not there', { code: 'n + 2' }],
    ['code that is there twice', { code: 'n' }],
  ])('says so: %s', (_, other) => {
    expect(() => applied({ ...mutant, ...other }, text)).toThrow(Inapplicable);
  });
});
