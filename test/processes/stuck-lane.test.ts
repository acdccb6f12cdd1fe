/** A hotfix that was shipped by hand and squash-merged: the lane says that it ships nothing any more. By the real command. */
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig, Stage } from './stage.ts';

const production = 'acme-production';
const oncall = '<!subteam^S0ONCALL>';

let stage: Stage;
afterEach(() => stage.strike());

async function ending(build: number, commit: string) {
  const last = (await stage.events(build, commit)).at(-1);
  return { type: last?.type, data: last?.data, ...(last?.metadata.transition as { to: string }) };
}

const mentions = (): number => stage.slackTexts().split(oncall).length - 1;
const laneEvents = async () =>
  (await stage.read((log) => log.readStream('lane/acme-web'))).map(({ type, data }) => ({
    type,
    data,
  }));

/** The base shipped; a hotfix branch shipped by hand; the branch has the same content in a commit of its own. */
async function squashMerged(config = '') {
  stage = await Stage.set({ within: true, config: (urls) => `${defaultConfig(urls)}${config}` });
  const base = stage.commit('base');
  expect(await stage.advance(501, base)).toMatchObject({ exit: 0 });
  stage.git('checkout', '--quiet', '-b', 'hotfix');
  const hotfix = stage.commit('hotfix');
  stage.sandbox.control.deploy({ app: production, commit: hotfix, byUser: 'ana@acme.test' });
  stage.git('checkout', '--quiet', 'master');
  stage.git('merge', '--quiet', '--squash', 'hotfix');
  stage.git('commit', '--quiet', '-m', 'hotfix (#12)');
  return { base, hotfix, squashed: stage.git('rev-parse', 'HEAD') };
}

describe('a lane that ships nothing any more', { timeout: 120_000 }, () => {
  it('is told as a problem, with one mention and the way out, until a person acts', async () => {
    const { base, hotfix, squashed } = await squashMerged();

    const first = await stage.startAdvance(502, squashed).ended;
    expect(first).toMatchObject({ exit: 1 });
    expect(first.stdout + first.stderr).toContain('stuck');
    expect(first.stdout + first.stderr).toContain(`git merge ${hotfix}`);
    expect(first.stdout + first.stderr).toContain('pipeline advance --override --reason');
    const { to, data } = await ending(502, squashed);
    expect(to).toBe('superseded');
    expect(data).toMatchObject({
      cause: 'diverged',
      production: { commit: hotfix },
      stuck: { first: true },
    });
    expect(mentions()).toBe(1);
    expect(stage.slackTexts()).toContain(`git merge ${hotfix}`);

    const later = stage.commit('later');
    const second = await stage.advance(503, later);
    expect(second).toMatchObject({ exit: 1 });
    expect(second.stdout + second.stderr).toContain(`git merge ${hotfix}`);
    expect(await ending(503, later)).toMatchObject({
      to: 'superseded',
      data: { stuck: { first: false } },
    });
    expect(mentions()).toBe(1);
    const stuck = (await laneEvents()).filter(({ type }) => type === 'lane.stuck');
    expect(stuck.map(({ data }) => data.commit)).toEqual([squashed, later]);

    // Old builds are told as ever: one that shipped before, and one that a newer build followed.
    expect(await stage.advance(504, base)).toMatchObject({ exit: 0 });
    expect(await ending(504, base)).toMatchObject({ data: { cause: 'contained' } });
    expect(await stage.advance(505, squashed)).toMatchObject({ exit: 0 });
    expect(await ending(505, squashed)).toMatchObject({ data: { cause: 'diverged', stuck: null } });
    expect(mentions()).toBe(1);

    const order = ['--override', '--reason', 'the squash has the hotfix', '--actor', 'ana'];
    const args = ['advance', '--build', '506', '--commit', later, '--branch', 'master'];
    const overridden = await stage.run([...args, ...order]);
    expect(overridden, overridden.stdout + overridden.stderr).toMatchObject({ exit: 0 });
    expect(await ending(506, later)).toMatchObject({ to: 'production.live' });
    const next = stage.commit('next');
    expect(await stage.advance(507, next)).toMatchObject({ exit: 0 });
    expect(await ending(507, next)).toMatchObject({ to: 'production.live' });
  });

  it('ships again once what production runs was merged', async () => {
    const { hotfix, squashed } = await squashMerged();
    expect(await stage.advance(502, squashed)).toMatchObject({ exit: 1 });
    stage.git('merge', '--quiet', '--no-edit', hotfix);
    const merged = stage.git('rev-parse', 'HEAD');
    await stage.advance(503, merged);
    const { data } = await ending(503, merged);
    expect(data).not.toMatchObject({ cause: 'diverged' });
  });

  it('ends with the exit code that the team chose', async () => {
    const { squashed } = await squashMerged('gates: { stuckExit: 0 }\n');
    expect(await stage.startAdvance(502, squashed).ended).toMatchObject({ exit: 0 });
    expect(await ending(502, squashed)).toMatchObject({ data: { stuck: { first: true } } });
    expect(mentions()).toBe(1);
  });

  it('is not told of an old build of a branch that was rewritten', async () => {
    stage = await Stage.set({ within: true });
    const base = stage.commit('base');
    const gone = stage.commit('gone');
    expect(await stage.advance(501, gone)).toMatchObject({ exit: 0 });
    stage.git('reset', '--quiet', '--hard', base);
    const pushed = stage.commit('pushed');
    const order = ['--override', '--reason', 'history was rewritten', '--actor', 'ana'];
    const args = ['advance', '--build', '502', '--commit', pushed, '--branch', 'master'];
    expect(await stage.run([...args, ...order])).toMatchObject({ exit: 0 });
    expect(await stage.advance(503, gone)).toMatchObject({ exit: 0 });
    expect(await ending(503, gone)).toMatchObject({ data: { cause: 'diverged', stuck: null } });
    expect(mentions()).toBe(0);
  });
});
