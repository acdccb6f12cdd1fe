/** `pipeline explain`, and deploys by their commits, on a stage on which one commit was skipped, one is live, and one is held. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { quietConfig, Stage } from './stage.ts';

let stage: Stage;
let shas: { skipped: string; live: string; held: string; unasked: string };

beforeAll(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
  expect(await stage.advance(500, stage.commit('The root'))).toMatchObject({ exit: 0 });
  const skipped = stage.commit('Nobody asked for it');
  const live = stage.commit('The first');
  expect(await stage.advance(501, live)).toMatchObject({ exit: 0 });
  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'jo@acme.test' });
  const held = stage.commit('The second');
  expect(await stage.advance(502, held)).toMatchObject({ exit: 0 });
  shas = { skipped, live, held, unasked: stage.commit('The third') };
  stage.sandbox.control.pullRequest({ number: 12, commits: [shas.live] });
}, 60_000);
afterAll(async () => {
  await stage.strike();
});

const short = (sha: string): string => sha.slice(0, 8);

it.each([
  [
    'a commit that CI skipped',
    () => short(shas.skipped),
    /shipped: carried by [0-9a-f]{8}, live since .* with deploy 501-/,
  ],
  [
    'a commit that is live',
    () => shas.live.slice(0, 5),
    /shipped: live since .* with deploy 501-.*seen without it since/s,
  ],
  [
    'a deploy that is held',
    () => '502',
    /held: production was rolled back .* by jo@acme\.test, .*\); lifted by nobody\n/,
  ],
  ['what is checked out', () => 'HEAD', /no deploy of lane acme-web was of this commit/],
  ['a branch', () => 'master', /no deploy of lane acme-web was of this commit/],
])('tells of %s', async (_, name, words) => {
  const { exit, stdout, stderr } = await stage.run(['explain', name()]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout).toMatch(words);
});

it('tells what would let a held deploy go on, with its id', async () => {
  const { stdout } = await stage.run(['explain', short(shas.held)]);
  expect(stdout).toContain(`pipeline resume 502-${short(shas.held)} --reason`);
});

it('as JSON, in a version', async () => {
  const { exit, stdout } = await stage.run(['explain', shas.skipped, '--json']);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    commit: { sha: shas.skipped, title: 'Nobody asked for it' },
    lanes: [{ lane: 'acme-web', verdict: 'carried', carrier: shas.live, lacks: null }],
  });
});

it('of a pull request goes by what GitHub merged', async () => {
  const without = await stage.run(['explain', '#12'], { GITHUB_TOKEN: undefined });
  expect(without).toMatchObject({ exit: 2 });
  expect(without.stderr).toMatch(/E_MISSING_TOKEN/);
  const told = await stage.run(['explain', '#12']);
  expect(told.stdout).toMatch(/with deploy 501-/);
  const asked = stage.sandbox.requests().filter(({ service }) => service === 'github');
  expect(asked.at(-1)?.path).toBe('/repos/acme/web/pulls/12');
});

it('of what nobody knows exits 2, and names the nearest', async () => {
  const typo = `${shas.live.slice(0, 6)}${shas.live[6] === '0' ? '1' : '0'}`;
  const near = await stage.run(['explain', typo]);
  expect(near).toMatchObject({ exit: 2, stdout: '' });
  expect(near.stderr).toMatch(/E_NOT_KNOWN/);
  expect(near.stderr).toContain(`the nearest is ${shas.live.slice(0, 7)}`);
  const far = await stage.run(['explain', 'no-such-branch-anywhere']);
  expect(far).toMatchObject({ exit: 2 });
  expect(far.stderr).toMatch(/the newest deploys are 502-/);
  expect(await stage.run(['explain', 'HEAD', '--lane', 'other'])).toMatchObject({ exit: 2 });
});

it('log and replay find a deploy by its commit', async () => {
  for (const command of ['log', 'replay']) {
    const { exit, stdout } = await stage.run([command, shas.live.slice(0, 7)]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(command === 'log' ? /queued: build 501/ : /501-.* agrees/);
    const none = await stage.run([command, 'HEAD']);
    expect(none).toMatchObject({ exit: 2 });
    expect(none.stderr).toMatch(/E_NO_DEPLOY.*\n.*pipeline explain/);
  }
});

it('where there is no clone, says that one is needed, and of nothing to be fetched', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-no-clone-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ofOther = quietConfig(stage.sandbox.urls).replace('app: acme-web', 'app: other');
  await writeFile(join(folder, 'pipeline.yml'), ofOther);
  const disabled = await stage.run(['disable', '--reason', 'not yet'], {}, folder);
  expect(disabled, disabled.stderr).toMatchObject({ exit: 0 });
  const { exit, stdout } = await stage.run(['explain', shas.live, '--lane', 'other'], {}, folder);
  expect(exit).toBe(0);
  expect(stdout).toContain('this is no clone of the repository: it may have gone with another');
  expect(stdout).toContain('Next: In a clone of the repository, ask again.');
  expect(stdout).not.toContain('git fetch');
  const unknown = await stage.run(['explain', short(shas.unasked)], {}, folder);
  expect(unknown).toMatchObject({ exit: 2 });
  expect(unknown.stderr).toContain('are known in a clone of the repository.');
});
