/** A canary by steps, deployed to by a team's own programs: each way in which a deploy with one ends, and what runs then. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { deployId } from '../stage.ts';
import { expectNextShips, expectReplays } from './canary-stage.ts';
import { type FolderCanaryOptions, FolderCanaryStage } from './folder-stage.ts';

const [one, two] = [501, 502];
const why = ['--reason', 'incident 4711', '--actor', 'ana'];

async function set(options: FolderCanaryOptions): Promise<FolderCanaryStage> {
  const stage = await FolderCanaryStage.set(options);
  onTestFinished(() => stage.strike());
  return stage;
}

const shares = (commit: string) => [10, 50].map((share) => ({ commit, share, rollback: false }));

/** What ran before runs there again, put back once; the rest of production was never touched. */
function expectTakenBack(stage: FolderCanaryStage, commit: string, given = [10, 50]): void {
  expect(stage.released('canary')).toEqual([
    ...shares(commit).slice(0, given.length),
    expect.objectContaining({ commit: stage.base, rollback: true }),
  ]);
  expect(stage.runs('canary')).toBe(stage.base);
  expect(stage.released('production')).toEqual([]);
}

function expectShipped(stage: FolderCanaryStage, commit: string): void {
  expect(stage.released('canary')).toEqual(shares(commit));
  expect(stage.released('production')).toEqual([{ commit, share: null, rollback: false }]);
}

describe('a canary of 10 and then 50 percent', { timeout: 60_000 }, () => {
  it('that bakes well: users are given it by its shares, then the rest of production follows', async () => {
    const stage = await set({ bakes: { canary: '2s' } });
    const commit = stage.stage.commit('The first');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'canary.verified', 1);
    expect(await stage.answeredBy(commit, 20)).toBe(2);
    await stage.recorded(one, commit, 'canary.verified', 2);
    expect(await stage.answeredBy(commit, 20)).toBe(10);
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expectShipped(stage, commit);
    const types = await stage.types(one, commit);
    expect(types.filter((type) => type === 'canary.baked')).toHaveLength(2);
    expect(types.lastIndexOf('canary.baked')).toBeLessThan(types.indexOf('production.submitted'));
    expect(stage.stage.slackTexts()).toContain('canary is healthy');
    await expectReplays(stage, one, commit);
  });

  it('in staging’s place: its instance crashes at 50 percent, and both shares are taken back', async () => {
    const stage = await set({ hasStaging: false, bakes: { canary: '2s' } });
    const commit = stage.stage.commit('Crashes');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'canary.verified', 2);
    stage.crash('canary');
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
    expect(ended.stdout).toContain('failed while baking on the canary: E_INSTANCE_CRASHED');
    expectTakenBack(stage, commit);
    const told = stage.stage.slackTexts();
    expect(told).toContain('the canary was taken back');
    expect(told.split('<!subteam^S0ONCALL>')).toHaveLength(2);
    stage.comesUp('canary');
    await expectNextShips(stage, two);
  });

  it('whose endpoint goes bad after 30% of its first bake is taken back; 50 percent were never given it', async () => {
    const stage = await set({ bakes: { canary: '4s' } });
    const commit = stage.stage.commit('Goes bad');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'canary.verified');
    await new Promise((later) => setTimeout(later, 1_200));
    stage.loseFile('canary');
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
    expect(ended.stdout).toContain('failed while baking on the canary: E_ENDPOINT');
    expectTakenBack(stage, commit, [10]);
  });

  it.each([
    ['SIGKILL', 'SIGKILL'],
    // A signal is told to the program as on Heroku: tried here with LOCKSTEP_SOAK=1.
    ...(process.env.LOCKSTEP_SOAK === '1' ? ([['SIGTERM', 143]] as const) : []),
  ] as const)(
    'in whose second bake comes %s: the same command finishes it, each share given once',
    async (signal, exit) => {
      const stage = await set({ hasStaging: signal === 'SIGKILL', bakes: { canary: '1s' } });
      const commit = stage.stage.commit('Interrupted');
      const job = stage.start(one, commit);
      await stage.recorded(one, commit, 'canary.verified', 2);
      job.process.kill(signal);
      expect(await job.ended).toMatchObject({ exit });
      expect(stage.released('canary')).toEqual(shares(commit));
      expect(stage.released('production')).toEqual([]);
      const ended = await stage.advance(one, commit);
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
      expectShipped(stage, commit);
    },
  );

  it('is taken back when the lane is disabled in its bake; enabled and resumed, it ships', async () => {
    const stage = await set({ bakes: { canary: '2s' } });
    const commit = stage.stage.commit('Disabled');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'canary.verified');
    expect((await stage.stage.start(['disable', ...why]).ended).exit).toBe(0);
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expect(ended.stdout).toContain('disabled: the lane was turned off by ana');
    expect(stage.runs('canary')).toBe(stage.base);
    expect(stage.released('production')).toEqual([]);
    expect((await stage.run('enable', ...why)).exit).toBe(0);
    const resumed = await stage.run('resume', deployId(one, commit), ...why);
    expect(resumed, resumed.stdout + resumed.stderr).toMatchObject({ exit: 0 });
    for (const place of ['canary', 'production'] as const) expect(stage.runs(place)).toBe(commit);
    expect(stage.released('production')).toHaveLength(1);
  });

  it('is taken back when production is rolled back in its bake', async () => {
    const stage = await set({ hasStaging: false, bakes: { canary: '2s' } });
    stage.release('production', stage.stage.commit('Broken'));
    const commit = stage.stage.commit('On top');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'canary.verified');
    stage.release('production', stage.base, true);
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expect(ended.stdout).toContain('held: production was rolled back');
    expect(stage.runs('canary')).toBe(stage.base);
    expect(stage.released('production').map((made) => made.commit)).not.toContain(commit);
  });

  it('bakes while a newer build waits, which ships after it', async () => {
    const stage = await set({ hasStaging: false, bakes: { canary: '1s' } });
    const [a, b] = [stage.stage.commit('The older'), stage.stage.commit('The newer')];
    const older = stage.advance(one, a);
    await stage.recorded(one, a, 'canary.verified');
    const newer = stage.start(two, b);
    await newer.saw('waiting');
    expect(await older).toMatchObject({ exit: 0 });
    const ended = await newer.ended;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    expect(stage.released('canary')).toEqual([...shares(a), ...shares(b)]);
    expect(stage.released('production').map(({ commit }) => commit)).toEqual([a, b]);
  });

  it('stays where production’s own bake fails, and so does production, for people', async () => {
    const stage = await set({ hasStaging: false, bakes: { production: '3s' } });
    const commit = stage.stage.commit('Fails late');
    const ending = stage.advance(one, commit);
    await stage.recorded(one, commit, 'production.verified');
    stage.crash('production');
    const ended = await ending;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 1 });
    expect(ended.stdout).toContain('failed while baking in production: E_INSTANCE_CRASHED');
    expectShipped(stage, commit);
    expect(await stage.types(one, commit)).not.toContain('canary.restored');
  });
});
