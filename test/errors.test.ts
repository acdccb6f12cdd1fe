/** The catalogue of errors and the program: each code has its entry, and each entry is a code that is thrown. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorParts } from '../src/cli/commands/documents.ts';
import { HerokuError } from '../src/effects/targets/heroku/error-codes.ts';
import type { ErrorEntry } from '../src/errors/entry.ts';
import { LockstepError, UsageError } from '../src/errors/error.ts';

const root = join(import.meta.dirname, '..');
const isCatalogue = (file: string): boolean => /^src\/errors\/|\/error-codes\.ts$/.test(file);
/** Samples for the search of paths: nothing throws them. */
const isSample = (file: string): boolean => file === 'src/machine/samples.ts';
const files = globSync('{src,bin}/**/*.{ts,js}', { cwd: root });
const sources = files
  .filter((file) => !isCatalogue(file) && !isSample(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

const entries = errorParts.flatMap(({ errors }) => Object.entries(errors));
const catalogue = new Map<string, ErrorEntry>(entries);

/** Each code that the program makes an error of: not where it only asks for one, and not in a comment. */
const made = sources.flatMap(({ file, text }) => {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(===|!==|case) 'E_\w+'/g, '');
  const found = [...code.matchAll(/'(E_[A-Z_]+)'/g), ...code.matchAll(/error\[(E_[A-Z_]+)\]/g)];
  return found.map(([, name = '']) => ({ file, name }));
});

/** Where the class of the error stands beside its code. */
const thrown = sources.flatMap(({ file, text }) =>
  [...text.matchAll(/new (\w+)(?:<\w+>)?\(\s*'(E_[A-Z_]+)'/g)].map(([, kind = '', name = '']) => ({
    file,
    kind,
    name,
  })),
);

describe('the catalogue of errors', () => {
  it('has each code once', () => {
    expect(entries.map(([code]) => code)).toHaveLength(catalogue.size);
    expect(made.length).toBeGreaterThan(150);
  });

  it('has every code that the program makes an error of', () => {
    expect(made.filter(({ name }) => !catalogue.has(name))).toEqual([]);
  });

  it('has no code that nothing makes an error of', () => {
    const names = new Set(made.map(({ name }) => name));
    expect([...catalogue.keys()].filter((code) => !names.has(code))).toEqual([]);
  });

  it('has the part of every vendor’s folder', () => {
    const parts = files.filter((file) => file.endsWith('/error-codes.ts'));
    expect(parts.length).toBeGreaterThan(1);
    const codes = parts.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/^ {2}(E_[A-Z_]+): /gm)].map(
        ([, c]) => c,
      ),
    );
    expect(codes.filter((code) => !catalogue.has(code ?? ''))).toEqual([]);
  });

  it.each(entries)('says in sentences what %s means and what to do', (_, { meaning, remedy }) => {
    for (const text of [meaning, remedy])
      expect(text).toMatch(/^[`A-ZÀ-Ý].*[.)]$|status\.heroku\.com\.$/);
    expect(meaning).not.toBe(remedy);
    expect(`${meaning}${remedy}`).not.toMatch(/[|\n]/);
  });

  it('says with what a command ends by it', () => {
    const exitOf = (kind: string, name: string): number => {
      if (kind === 'UsageError' || kind === 'StoreUnusable') return 2;
      if (name === 'E_LOCK_TIMEOUT') return 3;
      return name === 'E_OVERTAKEN' || name === 'E_LAPSED' ? 4 : 1;
    };
    const wrong = thrown.filter(({ kind, name }) => {
      const { exit = [1] } = catalogue.get(name) ?? {};
      return !(exit as readonly number[]).includes(exitOf(kind, name));
    });
    expect(thrown.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
    // Of a code whose class always stands beside it, nothing else is said.
    const unsaid = [...catalogue].filter(([code, { exit = [1] }]) => {
      const sites = thrown.filter(({ name }) => name === code);
      if (sites.length === 0 || sites.length < made.filter(({ name }) => name === code).length)
        return false;
      const exits = new Set(sites.map(({ kind, name }) => exitOf(kind, name)));
      return exit.some((one) => !exits.has(one));
    });
    expect(unsaid.map(([code]) => code)).toEqual([]);
  });
});

describe('an error', () => {
  it('has a code of the catalogue, or does not compile', () => {
    // @ts-expect-error it has no entry
    expect(new LockstepError('E_NOT_IN_IT', 'it broke').code).toBe('E_NOT_IN_IT');
    // @ts-expect-error it has no entry
    expect(new UsageError('E_NOT_IN_IT', 'it is wrong')).toBeInstanceOf(LockstepError);
    // @ts-expect-error it is Heroku's, and only Heroku's folder may say it
    expect(new LockstepError('E_NO_SLUG', 'it has no slug').code).toBe('E_NO_SLUG');
    // @ts-expect-error it is none of Heroku's
    expect(new HerokuError('E_USAGE', 'it is wrong').code).toBe('E_USAGE');
    expect(new HerokuError('E_NO_SLUG', 'it has no slug')).toBeInstanceOf(LockstepError);
  });
});
