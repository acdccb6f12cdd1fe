/** A fuzzer that finds nothing proves nothing: Lockstep broken on purpose is found by it. */
import { afterAll, describe, expect, it } from 'vitest';
import type { AppCode, Heroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { createCommits } from './commits.ts';
import { cleanRun, fuzzSingle, noFigures, spoilsOf } from './fuzz.ts';
import { Fuzzer } from './fuzzed-deploy.ts';
import { type FuzzWorld, worlds } from './worlds.ts';

const commits = createCommits();
afterAll(() => commits.remove());

const nothing: AppCode = { newest: 0, code: null, before: null, failed: [], pending: [] };

const broken: Readonly<
  Record<
    string,
    { readonly world: FuzzWorld; readonly change: (heroku: Heroku) => Partial<Heroku> }
  >
> = {
  'an app of which nothing can be told taken for one without code': {
    world: { ...worlds.newer, reads: /releases/ },
    change: (heroku) => ({
      readCode: (app, ports) => heroku.readCode(app, ports).catch(() => nothing),
    }),
  },
};

describe('the fuzzer', () => {
  it.each(Object.entries(broken))(
    'finds %s',
    { timeout: 120_000 },
    async (_, { world, change }) => {
      const fuzzer = new Fuzzer(commits, (heroku) => withChange(heroku, change(heroku)));
      const figures = noFigures();
      try {
        // It has found what it has to find with the first.
        for (const spoil of spoilsOf(world, (await cleanRun(fuzzer, world)).exchanges)) {
          if (figures.wrong.length > 0) break;
          await fuzzSingle(fuzzer, world, spoil, figures);
        }
      } finally {
        await fuzzer.close();
      }
      expect(figures.wrong).not.toEqual([]);
    },
  );
});

function withChange(heroku: Heroku, change: Partial<Heroku>): Heroku {
  return new Proxy(heroku, {
    get(target, name) {
      const member = change[name as keyof Heroku] ?? target[name as keyof Heroku];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
