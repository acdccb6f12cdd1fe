/** `pipeline rollback` to a release that cannot run again: refused before anything is written, with those that can. */
import { expect, it, onTestFinished } from 'vitest';
import { deployId, type Ended, Stage } from './stage.ts';

const words = ({ stdout, stderr }: Ended): string => stdout + stderr;

/** Three deploys of a lane; then what production ran of the builds named is kept no longer. */
async function shipped(stage: Stage, env: Record<string, string> = {}): Promise<string[]> {
  const commits: string[] = [];
  for (const build of [501, 502, 503]) {
    const commit = stage.commit(`No. ${build}`);
    const args = ['advance', '--build', String(build), '--commit', commit, '--branch', 'master'];
    const ended = await stage.run(args, env, stage.checkout(commit));
    expect(ended, words(ended)).toMatchObject({ exit: 0 });
    commits.push(commit);
  }
  return commits;
}

async function onHeroku() {
  const stage = await Stage.set({ within: true });
  onTestFinished(() => stage.strike());
  const commits = await shipped(stage);
  const releases = stage.state().apps['acme-production']?.releases ?? [];
  const versionOf = (build: number): number =>
    releases.findLast(({ commit }) => commit === commits[build - 501])?.version ?? 0;
  const expire = (...builds: number[]) => {
    for (const build of builds) {
      stage.sandbox.control.expireRelease({ app: 'acme-production', version: versionOf(build) });
    }
  };
  const id = (build: number) => deployId(build, commits[build - 501] ?? '');
  const back = (...to: string[]) =>
    stage.run(['rollback', ...to, '--yes', '--reason', 'errors'], { CI: undefined });
  return { stage, versionOf, expire, id, back };
}

it.each<[string, number[], string | null, string]>([
  ['a release without code', [], 'v1', 'v1 has no code'],
  ['one whose code is kept no longer', [501], '501', 'has expired'],
  ['the one before, whose code is kept no longer', [502], null, 'has expired'],
])(
  '%s: exit 2, nothing is written, and those that can run again are named',
  {
    timeout: 60_000,
  },
  async (_, expired, name, why) => {
    const { stage, versionOf, expire, id, back } = await onHeroku();
    expire(...expired);
    const before = await stage.read((log) => log.headDigest());
    const ended = await back(...(name === null ? [] : [name === '501' ? id(501) : name]));
    expect(ended, words(ended)).toMatchObject({ exit: 2 });
    expect(words(ended)).toContain('E_NO_RELEASE');
    expect(words(ended)).toContain(why);
    for (const build of [501, 502, 503]) {
      const isPossible = build !== 503 && !expired.includes(build);
      const named = `v${versionOf(build)} (${id(build)})`;
      expect(words(ended).includes(named), named).toBe(isPossible);
    }
    expect(await stage.read((log) => log.headDigest())).toEqual(before);
  },
);

it('says so where none of them can', { timeout: 60_000 }, async () => {
  const { expire, back } = await onHeroku();
  expire(501, 502);
  const ended = await back();
  expect(ended, words(ended)).toMatchObject({ exit: 2 });
  expect(words(ended)).toContain('Nothing that this lane verified before can run again');
});
