/** A canary at Heroku, by the whole command line: each way in which a deploy with one ends, and what runs then. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { deployId } from '../stage.ts';
import { expectNextShips, expectReplays } from './canary-stage.ts';
import { type CanaryOptions, type CanaryPlace, HerokuStage, person } from './heroku-stage.ts';

const [one, two] = [501, 502];
const bakes = (time: string) => ({ canary: `bake: ${time}` });

async function set(options: CanaryOptions): Promise<HerokuStage> {
  const stage = await HerokuStage.set(options);
  onTestFinished(() => stage.strike());
  return stage;
}

const promotion = (commit: string, from = 'staging') => ({
  commit,
  description: expect.stringContaining(`Promote acme-${from}`),
});
const takenBack = (commit: string) => ({
  commit,
  description: expect.stringContaining('Rollback'),
});

/** The canary was given it once and taken back once; the rest of production runs what it ran and was never written. */
function expectTakenBack(stage: HerokuStage, commit: string): void {
  expect(stage.released('canary')).toEqual([
    expect.objectContaining({ commit }),
    takenBack(stage.base),
  ]);
  expect(stage.runs('canary')).toBe(stage.base);
  expect(stage.released('production')).toEqual([]);
}

const both: readonly CanaryPlace[] = ['between', 'in staging’s place'];
const isSoak = process.env.LOCKSTEP_SOAK === '1';
/** What is one mechanism in both places is tried in one; in both with LOCKSTEP_SOAK=1. */
const between = both.slice(0, 1);

describe('a canary', { timeout: 60_000 }, () => {
  it.each(both)(
    '%s that bakes well: the rest of production follows, each written once',
    async (place) => {
      const stage = await set({ place, extra: bakes('1s') });
      const commit = stage.stage.commit('The first');
      const ended = await stage.advance(one, commit);
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
      const first = place === 'between' ? 'staging' : 'canary';
      expect(stage.released('canary')).toEqual([
        place === 'between' ? promotion(commit) : expect.objectContaining({ commit }),
      ]);
      expect(stage.released('production')).toEqual([promotion(commit, first)]);
      const types = await stage.types(one, commit);
      expect(types.indexOf('canary.baked')).toBeLessThan(types.indexOf('production.submitted'));
      expect(types.at(-1)).toBe('production.verified');
      expect(types).not.toContain('canary.restored');
      if (place !== 'between') expect(stage.released('staging')).toEqual([]);
      expect(ended.stdout).toMatch(/canary is healthy: v5 baked for 1s \(checked \d+ times\)/);
      expect(stage.stage.slackTexts()).toContain('canary is healthy: v5 baked for 1s');
      // Whether its checks hold or not: production is taken back, and the canary is not.
      const holds = place === 'between';
      if (!holds) stage.control.endpointDown({ app: 'acme-production' });
      const back = await stage.rollBack();
      expect(back, back.stderr).toMatchObject({ exit: holds ? 0 : 1 });
      expect(stage.runs('production')).toBe(stage.base);
      expect(back.stdout).toMatch(
        /canary \(acme-canary\) is not taken back with it, and still runs [0-9a-f]{8} \(v5\)\. To take it back to v4,/,
      );
      expect(back.stdout).toContain('  heroku rollback v4 -a acme-canary\n');
      await expectReplays(stage, one, commit);
    },
  );

  it.each(both)(
    '%s whose instance crashes in the bake is taken back; the next deploy is not held',
    async (place) => {
      const stage = await set({ place, extra: bakes('4s') });
      const commit = stage.stage.commit('Crashes');
      const ending = stage.advance(one, commit);
      await stage.recorded(one, commit, 'canary.verified');
      stage.control.crashDyno({ app: 'acme-canary' });
      const ended = await ending;
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
      expect(ended.stdout).toContain('failed while baking on the canary: E_INSTANCE_CRASHED');
      expect(ended.stdout).toContain('the canary was taken back: it runs v6, what it ran before');
      expectTakenBack(stage, commit);
      expect((await stage.types(one, commit)).slice(-2)).toEqual([
        'deploy.failed',
        'canary.restored',
      ]);
      const told = stage.stage.slackTexts();
      expect(told).toContain('failed while baking on the canary: E_INSTANCE_CRASHED');
      expect(told.split('<!subteam^S0ONCALL>')).toHaveLength(2);
      await expectReplays(stage, one, commit);
      await expectNextShips(stage, two);
    },
  );

  it.each(between)(
    '%s whose endpoint goes bad after 30% of the bake is taken back; the next deploy is not held',
    async (place) => {
      const stage = await set({ place, extra: bakes('4s') });
      const commit = stage.stage.commit('Goes bad');
      const ending = stage.advance(one, commit);
      await stage.recorded(one, commit, 'canary.verified');
      await new Promise((later) => setTimeout(later, 1_200));
      stage.control.endpointDown({ app: 'acme-canary' });
      const ended = await ending;
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
      expect(ended.stdout).toContain('failed while baking on the canary: E_ENDPOINT');
      expectTakenBack(stage, commit);
      stage.control.endpointUp({ app: 'acme-canary' });
      await expectNextShips(stage, two);
    },
  );

  it.each(isSoak ? both : between)(
    '%s is taken back when the lane is disabled in the bake; enabled and resumed, it ships',
    async (place) => {
      const stage = await set({ place, extra: bakes('4s') });
      const commit = stage.stage.commit('Disabled');
      const ending = stage.advance(one, commit);
      await stage.recorded(one, commit, 'canary.verified');
      const why = ['--reason', 'incident 4711', '--actor', 'ana'];
      expect((await stage.stage.start(['disable', ...why]).ended).exit).toBe(0);
      const ended = await ending;
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
      expect(ended.stdout).toContain('disabled: the lane was turned off by ana');
      expect((await stage.types(one, commit)).slice(-2)).toEqual([
        'production.disabled',
        'canary.restored',
      ]);
      expectTakenBack(stage, commit);
      expect(stage.stage.slackTexts()).toContain('disabled: the lane was turned off by ana');
      expect((await stage.stage.run(['enable', ...why])).exit).toBe(0);
      const resumed = await stage.stage.run(['resume', deployId(one, commit), ...why]);
      expect(resumed, resumed.stdout + resumed.stderr).toMatchObject({ exit: 0 });
      for (const app of ['canary', 'production'] as const) expect(stage.runs(app)).toBe(commit);
      expect(stage.released('production')).toHaveLength(1);
      await expectReplays(stage, one, commit);
    },
  );

  it.each(between)(
    '%s is taken back when production is rolled back in the bake; the next deploy is held by that, not by the canary',
    async (place) => {
      const stage = await set({ place, extra: bakes('4s') });
      stage.control.deploy({
        app: 'acme-production',
        commit: stage.stage.commit('Broken'),
        byUser: person,
      });
      const commit = stage.stage.commit('On top');
      const ending = stage.advance(one, commit);
      await stage.recorded(one, commit, 'canary.verified');
      stage.control.rollback({ app: 'acme-production', byUser: person });
      const ended = await ending;
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
      expect(ended.stdout).toContain('held: production was rolled back (v6 "Rollback to v4"');
      expect(stage.runs('canary')).toBe(stage.base);
      expect(stage.runs('production')).toBe(stage.base);
      expect(stage.released('production').map(({ commit: of }) => of)).not.toContain(commit);
      const mended = stage.stage.commit('Mended');
      const held = await stage.advance(two, mended);
      expect(held.stdout).toContain('held: production was rolled back (v6 "Rollback to v4"');
      expect(stage.runs('canary')).toBe(stage.base);
      const why = ['--reason', 'it is mended', '--actor', 'ana'];
      const resumed = await stage.stage.run(['resume', deployId(two, mended), ...why]);
      expect(resumed, resumed.stdout + resumed.stderr).toMatchObject({ exit: 0 });
      for (const app of ['canary', 'production'] as const) expect(stage.runs(app)).toBe(mended);
    },
  );

  it.each([
    ['between', 'SIGKILL', 'SIGKILL'],
    ['between', 'SIGTERM', 143],
    ...(isSoak ? ([['in staging’s place', 'SIGTERM', 143]] as const) : []),
  ] as const)(
    '%s in whose bake comes %s: the same command finishes it, each written once',
    async (place, signal, exit) => {
      const stage = await set({ place, extra: bakes('2s') });
      const commit = stage.stage.commit('Interrupted');
      const job = stage.start(one, commit);
      await stage.recorded(one, commit, 'canary.verified');
      job.process.kill(signal);
      expect(await job.ended).toMatchObject({ exit });
      expect(stage.runs('canary')).toBe(commit);
      expect(stage.released('production')).toEqual([]);
      const ended = await stage.advance(one, commit);
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
      for (const app of ['canary', 'production'] as const) {
        expect(stage.runs(app)).toBe(commit);
        expect(stage.released(app)).toHaveLength(1);
      }
      const baked = (await stage.stage.events(one, commit)).filter(
        ({ type }) => type === 'canary.baked',
      );
      expect(baked).toHaveLength(1);
      expect(baked[0]?.data.bakedMs).toBeGreaterThanOrEqual(2_000);
      await expectReplays(stage, one, commit);
    },
  );
});

describe('while a canary bakes', { timeout: 60_000 }, () => {
  it('a newer build waits, and ships after the one that bakes', async () => {
    const stage = await set({ extra: bakes('2s') });
    const [a, b] = [stage.stage.commit('The older'), stage.stage.commit('The newer')];
    const older = stage.advance(one, a);
    await stage.recorded(one, a, 'canary.verified');
    const newer = stage.start(two, b);
    await newer.saw('waiting');
    expect(await older).toMatchObject({ exit: 0 });
    const ended = await newer.ended;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    for (const app of ['canary', 'production'] as const) {
      expect(stage.released(app).map(({ commit }) => commit)).toEqual([a, b]);
    }
  });

  it('a newer build waits until a canary that fails is taken back, and ships', async () => {
    const stage = await set({ extra: bakes('4s') });
    const [a, b] = [stage.stage.commit('Crashes'), stage.stage.commit('Mended')];
    const older = stage.advance(one, a);
    await stage.recorded(one, a, 'canary.verified');
    const newer = stage.start(two, b);
    await newer.saw('waiting');
    stage.control.crashDyno({ app: 'acme-canary' });
    expect(await older).toMatchObject({ exit: 1 });
    const ended = await newer.ended;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expect(stage.released('canary').map(({ commit }) => commit)).toEqual([a, stage.base, b]);
    expect(stage.released('production').map(({ commit }) => commit)).toEqual([b]);
  });
});

describe('production’s own bake', { timeout: 60_000 }, () => {
  it('that fails, fails the deploy; canary and production stay, for people', async () => {
    const stage = await set({ extra: { production: 'bake: 4s' } });
    const commit = stage.stage.commit('Fails late');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'production.verified');
    stage.control.endpointDown({ app: 'acme-production' });
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
    expect(ended.stdout).toContain('failed while baking in production: E_ENDPOINT');
    for (const app of ['canary', 'production'] as const) {
      expect(stage.runs(app)).toBe(commit);
      expect(stage.released(app)).toHaveLength(1);
    }
    expect(await stage.types(one, commit)).not.toContain('canary.restored');
    const told = stage.stage.slackTexts();
    expect(told).toContain('failed while baking in production: E_ENDPOINT');
    expect(told).toContain('<!subteam^S0ONCALL>');
    // What production runs is verified anew by the commit's next build.
    stage.control.endpointUp({ app: 'acme-production' });
    const again = await stage.advance(two, commit);
    expect(again, again.stdout + again.stderr).toMatchObject({ exit: 0 });
    expect(stage.released('production')).toHaveLength(1);
  });
});
