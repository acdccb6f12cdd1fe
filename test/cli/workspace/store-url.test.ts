/** Where the log is: the flag goes before the environment, and a path is relative to the folder that it is written for. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { anchored, givenStore } from '../../../src/cli/workspace/store-url.ts';

const environment = readEnvironment({ PIPELINE_STORE: 'postgres://db.test/environment' });

it.each([
  [{ store: 'postgres://db.test/flag' }, environment, 'postgres://db.test/flag'],
  [{}, environment, 'postgres://db.test/environment'],
  [{}, readEnvironment({}), null],
  [{ store: 'sqlite:logs/a.db' }, environment, `sqlite:${join(process.cwd(), 'logs/a.db')}`],
])('by %o it is as named', (flags, env, url) => {
  expect(givenStore(flags, env)).toBe(url);
});

it.each([
  ['sqlite:a.db', 'sqlite:/here/a.db'],
  ['sqlite:../a.db', 'sqlite:/a.db'],
  ['sqlite:/there/a.db', 'sqlite:/there/a.db'],
  ['sqlite::memory:', 'sqlite::memory:'],
  ['postgres://db.test/a', 'postgres://db.test/a'],
])('%s, written in a folder, is %s', (url, whole) => {
  expect(anchored(url, '/here')).toBe(whole);
});
