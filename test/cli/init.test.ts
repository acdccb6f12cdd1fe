/** `init` as it is typed: what it asks for, what it writes, and what it leaves as it is. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from '../processes/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ within: true });
  stage.commit('The first');
});
beforeEach(() => stage.git('clean', '-fdxq'));
afterAll(() => stage.strike());

const shell = { CI: undefined };
const init = (args: readonly string[], env: Record<string, string | undefined> = {}) =>
  stage.run(['init', ...args], { ...shell, ...env });
const read = (name: string) => readFileSync(join(stage.folder, name), 'utf8');

describe('init', () => {
  it('does not replace a pipeline.yml that is there: it shows the difference, and writes the rest', async () => {
    const before = read('pipeline.yml');
    const { exit, stdout } = await init(['--yes', '--ci', 'github']);
    expect(exit).toBe(0);
    expect(read('pipeline.yml')).toBe(before);
    expect(stdout).toMatch(/^ {2}- app: acme-web$/m);
    expect(stdout).toMatch(/^ {2}\+ app: repository {3}#/m);
    expect(stdout).toContain('not written pipeline.yml: it is there already');
    expect(read('.github/workflows/deploy.yml')).toContain('npm ci --prefix .lockstep');
  });

  it('adds the job to a CircleCI configuration, and says the same again without a change', async () => {
    mkdirSync(join(stage.folder, '.circleci'));
    const ours =
      '# ours\nversion: 2.1\njobs:\n  test:\n    docker: [{ image: x }]   # y\n    steps: [checkout]\nworkflows:\n  main:\n    jobs:\n      - test\n';
    stage.write('.circleci/config.yml', ours);
    expect((await init(['--yes'])).exit).toBe(0);
    const added = read('.circleci/config.yml');
    for (const line of ours.trimEnd().split('\n')) expect(added.split('\n')).toContain(line);
    expect(added).toContain('exec .lockstep/node_modules/.bin/lockstep advance');
    const { files } = JSON.parse((await init(['--yes', '--json'])).stdout);
    expect(
      files.map(({ path, action, written }: Record<string, unknown>) => [path, action, written]),
    ).toEqual([
      ['pipeline.yml', 'differs', false],
      ['.circleci/config.yml', 'keep', false],
    ]);
  });

  it('asks nobody where nobody is: exit 2, nothing written', async () => {
    const { exit, stderr } = await init([]);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('E_USAGE')]);
    expect(stderr).toContain('--yes');
  });

  it.each<[string, readonly string[], () => void, RegExp]>([
    [
      'no app that is known',
      ['--yes'],
      () => stage.sandbox.control.setStage({ app: 'acme-production', stage: null }),
      /^error\[E_SETUP\].*staging.*\n.*HEROKU_API_KEY to a token that sees them/m,
    ],
    [
      'an app of no lane with another’s',
      ['--yes', '--target', 'nobody'],
      () => {},
      /^error\[E_USAGE\].*--target/m,
    ],
    [
      'an address that is none',
      ['--yes', '--staging-url', 'nowhere'],
      () => {},
      /^error\[E_CONFIG\].*url/m,
    ],
  ])('refuses %s: exit 2, nothing written', async (_, args, seed, error) => {
    stage.sandbox.control.reset({});
    stage.sandbox.control.setStage({ app: 'acme-canary', stage: null });
    seed();
    const before = [...readdirSync(stage.folder)];
    const { exit, stderr } = await init(args);
    expect([exit, stderr]).toEqual([2, expect.stringMatching(error)]);
    expect(readdirSync(stage.folder)).toEqual(before);
    stage.sandbox.control.reset({});
  });

  it('goes by the apps that are named where they cannot be looked up', async () => {
    const named = ['--staging', 'web-staging', '--production', 'web-live', '--ci', 'none'];
    const args = ['--yes', '--json', ...named];
    const { exit, stdout } = await init(args, { HEROKU_API_KEY: undefined });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      lane: { staging: { app: 'web-staging' }, production: { app: 'web-live' }, ci: null },
      notes: [expect.stringContaining('HEROKU_API_KEY is not set')],
    });
  });
});
