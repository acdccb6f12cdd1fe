/** Where the log may be kept in a CI: a lock that the CI throws away with its disk is no lock. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkStorePlace } from '../../src/cli/config/store-place.ts';
import { UsageError } from '../../src/errors/error.ts';
import { fc } from '../fast-check.ts';
import { defaultConfig, deployId, Stage } from './stage.ts';

describe('a store in a CI', () => {
  let root: string;
  let checkout: string;
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'lockstep-place-')));
    checkout = join(root, 'clone/web');
    for (const folder of ['.git', '.pipeline', 'app/.git', 'app/log']) {
      mkdirSync(join(checkout, folder), { recursive: true });
    }
    mkdirSync(join(root, 'data/logs'), { recursive: true });
    symlinkSync(checkout, join(root, 'data/into'));
    symlinkSync('../clone/web/.pipeline', join(root, 'data/relative'));
    symlinkSync(join(checkout, 'not/there/yet'), join(root, 'data/dangling'));
    symlinkSync(join(root, 'data/logs'), join(checkout, 'out'));
    symlinkSync('loop', join(root, 'data/loop'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const judge = (path: string, folder = checkout, provider: 'store' | 'github' = 'store') => {
    const storeUrl = path === ':memory:' ? 'sqlite::memory:' : `sqlite:${join(root, path)}`;
    try {
      return checkStorePlace({ storeUrl, provider, isCi: true, folder });
    } catch (error) {
      if (error instanceof UsageError) return error.code;
      throw error;
    }
  };
  const inside = [
    'clone/web/.pipeline/log.db',
    'clone/web/log.db',
    'clone/web/new/folder/log.db',
    'clone/web/..log.db',
    'clone/web/app/log/log.db',
    'data/into/log.db',
    'data/relative/log.db',
    'data/dangling/log.db',
    'data/dangling',
    ':memory:',
  ];
  const outside = [
    'data/logs/log.db',
    'data/new/folder/log.db',
    'clone',
    'clone/log.db',
    'clone/web-2/log.db',
    'clone/web/out/log.db',
    'data/loop/log.db',
  ];

  it.each(inside)('%s is inside the checkout, and refused where it holds the lock', (path) => {
    expect(judge(path)).toBe('E_STORE_NOT_KEPT');
  });

  it.each(outside)('%s is outside, and taken at its word in one line', (path) => {
    expect(judge(path)).toEqual([
      expect.stringMatching(/outside of the checkout\. This disk has to be kept/),
    ]);
  });

  it.each(inside)('%s beside a CI’s list as the lock: one line says what is void', (path) => {
    const told = judge(path, checkout, 'github');
    expect(told).toHaveLength(1);
    for (const lost of ['disable', 'resume', 'lifted holds', 'protected settings', 'history']) {
      expect(told[0]).toContain(lost);
    }
  });

  it.each(['', 'app', 'app/log', '.pipeline'])('is judged alike from the folder %j', (folder) => {
    expect(judge('clone/web/log.db', join(checkout, folder))).toBe('E_STORE_NOT_KEPT');
  });

  it('is judged by what it is, however its path is written', () => {
    const detours = fc.array(
      fc.constantFrom('./', '//', 'data/../', 'clone/../', 'data/logs/../../', 'none/../'),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...inside, ...outside), detours, (path, way) => {
        fc.pre(path !== ':memory:');
        const storeUrl = `sqlite:${root}/${way.join('')}${path}`;
        const place = { storeUrl, provider: 'store', isCi: true, folder: checkout } as const;
        if (outside.includes(path)) expect(checkStorePlace(place)).toHaveLength(1);
        else expect(() => checkStorePlace(place)).toThrow('inside the checkout');
      }),
    );
  });

  it('is told word by word, with the ways out', () => {
    const place = { storeUrl: 'sqlite::memory:', isCi: true, folder: checkout };
    expect(() => checkStorePlace({ ...place, provider: 'store' })).toThrow(
      expect.objectContaining({
        message:
          "the log, which holds the lane's lock, is sqlite::memory:: inside the checkout, which the CI throws away, so that no other build sees the lock",
        hint: [
          'Three ways out:',
          '  PIPELINE_STORE=postgres://USER:PASSWORD@HOST/DATABASE, which every runner reaches',
          '  PIPELINE_STORE=sqlite:/ABSOLUTE/PATH/log.db, on a disk that is kept and that every runner shares',
          '  lock: { provider: circleci } or { provider: github } in pipeline.yml: the CI’s own list is the lock, and promises less (docs/guarantees.md)',
        ].join('\n'),
      }),
    );
  });

  it('is no question for PostgreSQL, nor for a person', () => {
    const place = { provider: 'store', folder: checkout } as const;
    const postgres = { ...place, storeUrl: 'postgres://a:b@db.acme.test/x', isCi: true };
    expect(checkStorePlace(postgres)).toEqual([]);
    const storeUrl = `sqlite:${join(checkout, 'log.db')}`;
    expect(checkStorePlace({ ...place, storeUrl, isCi: false })).toEqual([]);
  });
});

describe('the command in a CI', { timeout: 60_000 }, () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set({ within: true });
  });
  afterEach(() => stage.strike());

  const unset = { PIPELINE_STORE: undefined };
  const orders = (id: string): [string, string[]][] => [
    ['advance', ['advance', '--build', '501', '--branch', 'master']],
    ['resume', ['resume', id, '--reason', 'x']],
    ...['disable', 'enable', 'unlock'].map((name): [string, string[]] => [
      name,
      [name, '--reason', 'x'],
    ]),
  ];

  it('writes nothing into a log in the checkout, whichever command it is; exit 2 with the three ways out', async () => {
    const id = deployId(501, stage.commit('The first'));
    for (const [name, args] of orders(id)) {
      const ended = await stage.run(args, unset);
      expect(ended, name).toMatchObject({ exit: 2, stdout: '' });
      expect(ended.stderr, name).toContain('error[E_STORE_NOT_KEPT]');
      for (const way of ['postgres://', 'sqlite:/ABSOLUTE', 'provider: circleci']) {
        expect(ended.stderr, name).toContain(way);
      }
    }
    expect(existsSync(join(stage.folder, '.pipeline'))).toBe(false);
    expect(Object.values(stage.state().apps).flatMap(({ builds }) => builds)).toEqual([]);
  });

  it.each([
    'PIPELINE_STORE',
    'PIPELINE_CONFIG',
    'PIPELINE_LEASE',
    'PIPELINE_TRUST',
    'HEROKU_API_URL',
  ])('with %s set to nothing falls back to nothing: exit 2, naming it', async (name) => {
    const id = deployId(501, stage.commit('The first'));
    for (const [what, args] of orders(id)) {
      const ended = await stage.run(args, { [name]: '' });
      expect(ended, what).toMatchObject({ exit: 2 });
      expect(ended.stderr, what).toContain(`error[E_ENVIRONMENT]: ${name} is set, but to nothing`);
    }
    expect(existsSync(stage.logFile)).toBe(false);
  });

  it.each(['--store', '--config'])('with %s of nothing does so too', async (flag) => {
    const id = deployId(501, stage.commit('The first'));
    for (const [what, args] of orders(id)) {
      const ended = await stage.run([...args, flag, '']);
      expect(ended, what).toMatchObject({ exit: 2 });
      expect(ended.stderr, what).toContain(`${flag} is given, but with nothing`);
    }
  });

  it('ships with a log outside of the checkout, and says in one line what that means', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.startAdvance(501, commit, { GITHUB_TOKEN: '' }).ended;
    expect(ended).toMatchObject({ exit: 0 });
    expect(ended.stdout.match(/outside of the checkout/g)).toHaveLength(1);
    expect(ended.stdout.match(/GITHUB_TOKEN is set to nothing/g)).toHaveLength(1);
    const ordered = await stage.run(['disable', '--reason', 'x']);
    expect(ordered.stderr).toContain('outside of the checkout');
    expect(ordered.stdout).not.toContain('outside of the checkout');
  });

  it('is off at an empty kill switch', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.advance(501, commit, { PRODUCTION_CD_ENABLED: '' });
    expect(ended.stdout).toContain('PRODUCTION_CD_ENABLED is not the word true (it is empty)');
    expect(stage.state().promotions).toEqual([]);
  });

  it('reads such a log all the same', async () => {
    stage.commit('The first');
    stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
    const ended = await stage.run(['status'], unset);
    expect(ended.stderr).not.toContain('E_STORE_NOT_KEPT');
  });
});
