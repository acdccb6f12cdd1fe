/** `advance --dry-run` over HTTP: it says what the gates read now, and writes neither to the log nor to a vendor. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Heard } from '../../src/cli/commands/rehearse.ts';
import { Stage } from '../processes/stage.ts';

let stage: Stage;
let first: string;
let second: string;
beforeAll(async () => {
  stage = await Stage.set({ within: true });
  first = stage.commit('The first');
  second = stage.commit('The second');
});
beforeEach(() => {
  stage.sandbox.control.reset({});
  stage.sandbox.control.setRepository({ path: stage.folder });
});
afterAll(() => stage.strike());

const commit = (sha: string) => ['--build', '502', '--commit', sha, '--branch', 'master'];

/** The lines on what environments are given. */
async function environmentsTold(sha: string): Promise<string[]> {
  const args = ['advance', '--dry-run', ...commit(sha)];
  const { stdout } = await stage.run(args, {}, stage.checkout(sha));
  return stdout.split('\n').filter((line) => /^(staging|production) /.test(line));
}

interface Told {
  readonly deploy: string;
  readonly state: string | null;
  readonly holder: string | null;
  readonly gates: { readonly kind: string; readonly headline: string };
  readonly ships: { readonly commits: readonly { readonly title: string }[] } | null;
  readonly would: string;
}

/** What it says, once it is shown that nothing was written. */
async function rehearsed(
  sha: string,
  env: Record<string, string | undefined> = {},
  more: readonly string[] = [],
): Promise<Told> {
  const head = await headOf();
  const before = stage.sandbox.requests().length;
  const args = ['advance', '--dry-run', '--json', ...commit(sha), ...more];
  const { exit, stdout, stderr } = await stage.run(args, env, stage.checkout(sha));
  expect(exit, stderr).toBe(0);
  const asked = stage.sandbox.requests().slice(before);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(await headOf()).toBe(head);
  return JSON.parse(stdout);
}

const headOf = () =>
  stage.read((log) => log.head()).catch((error) => (error as { code: string }).code);

const runs = (app: string, sha: string) =>
  stage.sandbox.control.seed({ app, commit: sha, by: 'ana@acme.test' });

describe('a dry run', () => {
  it('makes no log where there is none, and says that the commit would ship', async () => {
    const told = await rehearsed(second);
    expect(await headOf()).toBe('E_STORE_MISSING');
    expect(told).toMatchObject({
      version: 1,
      dryRun: true,
      deploy: `502-${second.slice(0, 8)}`,
      state: null,
      holder: null,
      gates: { kind: 'clear' },
      would: expect.stringMatching(/^It would ship/),
    });
  });

  it.each([
    ['out of order', ['--override', '--reason', 'hotfix'], {}],
    ['by hand', ['--reason', 'mended'], { CI: undefined }],
    ['for somebody', ['--actor', 'ana'], {}],
  ])('writes nothing, also where it would ship %s', async (_, more, env) => {
    expect(await rehearsed(second, env, more)).toMatchObject({ dryRun: true, state: null });
  });

  it('says what would ship over what production runs', async () => {
    runs('acme-production', first);
    const { gates, ships } = await rehearsed(second);
    expect(gates.kind).toBe('clear');
    expect(ships?.commits.map(({ title }) => title)).toEqual(['The second']);
  });

  it('says that production has the commit', async () => {
    runs('acme-production', second);
    expect(await rehearsed(first)).toMatchObject({
      gates: { kind: 'superseded' },
      ships: null,
      would: expect.stringMatching(/before anything is deployed/),
    });
    expect(await environmentsTold(first)).toEqual([]);
  });

  it('says of production that runs this very commit that it is checked, and given nothing', async () => {
    runs('acme-production', second);
    expect(await rehearsed(second)).toMatchObject({ gates: { kind: 'found' } });
    expect(await environmentsTold(second)).toEqual([
      expect.stringMatching(/^production {2}acme-production runs it; checked: dynos up for/),
    ]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['off', { PRODUCTION_CD_ENABLED: 'false' }, /PRODUCTION_CD_ENABLED/],
    ['not set', { PRODUCTION_CD_ENABLED: '' }, /PRODUCTION_CD_ENABLED/],
  ])('says that the kill switch is %s', async (_, env, headline) => {
    const told = await rehearsed(second, env);
    expect(told.gates).toMatchObject({
      kind: 'disabled',
      headline: expect.stringMatching(headline),
    });
    expect(told.would).toMatch(/stop before production/);
  });

  it('says who rolled back', async () => {
    runs('acme-production', first);
    runs('acme-production', second);
    stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'jo@acme.test' });
    const { gates, would } = await rehearsed(second);
    expect(gates).toMatchObject({
      kind: 'held',
      headline: expect.stringContaining('jo@acme.test'),
    });
    expect(would).toMatch(/stop before production/);
    expect(await environmentsTold(second)).toEqual([
      expect.stringMatching(/^staging {5}acme-staging is given the commit/),
    ]);
  });

  it('finds before a deploy that staging cannot give to production', async () => {
    stage.sandbox.control.setStage({ app: 'acme-production', stage: null });
    const args = ['advance', '--dry-run', ...commit(second)];
    const { exit, stderr } = await stage.run(args, {}, stage.checkout(second));
    expect(exit).toBe(1);
    expect(stderr).toContain('E_NO_PIPELINE');
  });

  it('says it in words, and afterwards that the deploy is over', async () => {
    const args = ['advance', '--dry-run', ...commit(second)];
    const { stdout } = await stage.run(args, {}, stage.checkout(second));
    expect(stdout).toContain('Dry run: nothing is written');
    expect(stdout).toContain('“The second” by Ana Lima, branch master');
    expect(stdout).toMatch(/staging {5}acme-staging is given the commit; checked: dynos up for/);
    expect(stdout).toMatch(/production {2}acme-production is given exactly what was verified/);
    expect((await stage.advance(502, second)).exit).toBe(0);
    expect(await rehearsed(second)).toMatchObject({
      state: expect.stringContaining('production'),
      would: expect.stringMatching(/do nothing/),
    });
    expect(await environmentsTold(second)).toEqual([]);
  });
});

describe('a dry run whose time is over', () => {
  const timeIsOver = () => AbortSignal.timeout(0);
  const heardAfter = async (say: (heard: Heard) => void) => {
    const heard = new Heard({ status: () => {} });
    const signal = timeIsOver();
    return heard.within(async () => {
      say(heard);
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
  };

  it('tells what the vendor’s last answer was', async () => {
    await expect(heardAfter(({ notice }) => notice('connection refused'))).rejects.toMatchObject({
      code: 'E_VENDOR_UNREACHABLE',
      message: expect.stringContaining('connection refused'),
    });
  });

  it('tells which release is under way', async () => {
    const heard = heardAfter(({ notice, progress }) => {
      progress('release v7 has been under way for 5m');
      notice('connection refused');
    });
    await expect(heard).rejects.toMatchObject({
      code: 'E_RELEASE_UNDER_WAY',
      message: expect.stringContaining('v7'),
    });
  });
});

it('a build’s label that is a secret is refused, with a label to take, and not repeated', async () => {
  const secret = 'HRKU-label-0a1b2c3d4e';
  const args = [
    'advance',
    '--dry-run',
    '--build',
    secret,
    '--commit',
    second,
    '--branch',
    'master',
  ];
  const { exit, stdout, stderr } = await stage.run(
    args,
    { HEROKU_API_KEY: secret },
    stage.checkout(second),
  );
  expect([exit, stderr.trimEnd().split('\n')]).toEqual([
    2,
    [
      'error[E_BUILD_LABEL]: the build’s label is or holds a secret',
      '  Say --build with the build’s number: --build 502',
    ],
  ]);
  expect(stdout + stderr).not.toContain(secret);
});
