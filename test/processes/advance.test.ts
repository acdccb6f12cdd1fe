/** The main job by the real command over HTTP: a commit goes live, and every way in which it does not; some as processes, most within this one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig, deployId, quietConfig, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

const production = 'acme-production';
const staging = 'acme-staging';

/** The recorded transition of the deploy's last event. */
async function ending(build: number, commit: string) {
  const last = (await stage.events(build, commit)).at(-1);
  if (last === undefined) throw new Error(`build ${build} has no events`);
  const transition = last.metadata.transition as { to: string; settled: boolean; reason: string };
  return { type: last.type, ...transition };
}

/** For good, as far as this deploy's patience goes. */
function staysDown(down: Stage, app: string): void {
  down.write('pipeline.yml', defaultConfig(down.sandbox.urls, '3s'));
  down.sandbox.control.endpointDown({ app });
}

async function goLive(build: number, title: string): Promise<string> {
  const commit = stage.commit(title);
  expect(await stage.advance(build, commit)).toMatchObject({ exit: 0 });
  return commit;
}

/** The same, of what only has to be live before something else. */
async function beLive(build: number, title: string): Promise<string> {
  stage.write('pipeline.yml', quietConfig(stage.sandbox.urls));
  const commit = await goLive(build, title);
  stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
  return commit;
}

/** What the deploy, which is over, is told to be with `--json`. */
async function document(build: number, commit: string): Promise<object> {
  const args = ['advance', '--build', `${build}`, '--commit', commit, '--branch', 'master'];
  const { stdout } = await stage.run([...args, '--json'], {}, stage.checkout(commit));
  return JSON.parse(stdout);
}

const headOf = () => stage.read((log) => log.head());

describe('pipeline advance', { timeout: 60_000 }, () => {
  it('takes a commit to production: one staging build, one promotion of exactly its release', async () => {
    await beLive(500, 'The first');
    const second = stage.commit('Greet people by name');
    const third = stage.commit('Sort the list');
    const ended = await stage.startAdvance(501, third).ended;
    expect(ended.stderr).toBe('');
    expect(ended).toMatchObject({ exit: 0 });

    const { apps, promotions } = stage.state();
    const builds = apps[staging]?.builds.filter(({ commit }) => commit === third) ?? [];
    expect(builds).toHaveLength(1);
    const release = apps[staging]?.releases.find(({ id }) => id === builds[0]?.release);
    expect(promotions).toHaveLength(2);
    expect(promotions[1]).toMatchObject({ slug: release?.slug });
    expect(apps[production]?.releases.at(-1)).toMatchObject({ slug: release?.slug });

    expect(await ending(501, third)).toMatchObject({ to: 'production.live', settled: true });
    const texts = stage.slackTexts();
    for (const title of ['Greet people by name', 'Sort the list']) expect(texts).toContain(title);
    expect(texts).toContain(second.slice(0, 7));
    const replay = await stage.start(['replay', deployId(501, third)]).ended;
    expect(replay).toMatchObject({ exit: 0 });
    expect(replay.stdout).toContain('production.live');
  });

  it('reports what the same build and commit have already become, and starts nothing', async () => {
    const commit = await beLive(501, 'The first');
    const before = stage.state();
    const again = await stage.advance(501, commit);
    expect(again).toMatchObject({ exit: 0 });
    expect(again.stdout).toContain('production');
    expect(await document(501, commit)).toEqual({
      ...{ deploy: deployId(501, commit), lane: 'acme-web', commit, state: 'production.live' },
      ...{ settled: true, exit: 0, reason: null, next: null },
      head: { digest: expect.stringMatching(/^2-[0-9a-f]{64}$/), position: await headOf() },
    });
    const after = stage.state();
    expect(after.promotions).toEqual(before.promotions);
    expect(after.apps[staging]?.builds).toHaveLength(before.apps[staging]?.builds.length ?? -1);
    expect(await stage.events(501, commit)).toHaveLength(
      (await stage.events(501, commit)).findLastIndex(
        ({ type }) => type === 'production.verified',
      ) + 1,
    );
  });

  it('supersedes an old build whose commit production contains already', async () => {
    const old = stage.commit('The first');
    await beLive(502, 'The second');
    expect(await stage.advance(501, old)).toMatchObject({ exit: 0 });
    const end = await ending(501, old);
    expect(end).toMatchObject({ to: 'superseded', settled: true });
    expect(end.reason).toMatch(/contains|already/);
    expect(stage.slackTexts()).toContain(end.reason);
    expect(stage.state().promotions).toHaveLength(1);
  });

  it('supersedes the middle one of three stacked builds, naming the newer', async () => {
    stage.hold();
    const [a, b, c] = [stage.commit('a'), stage.commit('b'), stage.commit('c')];
    const first = stage.startAdvance(501, a);
    await first.saw('took lane');
    const middle = stage.startAdvance(502, b);
    await middle.saw('waiting');
    const last = stage.startAdvance(503, c);
    await last.saw('waiting');
    stage.letGo();
    for (const job of [first, middle, last]) expect(await job.ended).toMatchObject({ exit: 0 });
    const end = await ending(502, b);
    expect(end).toMatchObject({ to: 'superseded' });
    expect(end.reason).toContain('503');
    expect(await ending(501, a)).toMatchObject({ to: 'production.live' });
    expect(await ending(503, c)).toMatchObject({ to: 'production.live' });
    expect(stage.state().apps[staging]?.builds.some(({ commit }) => commit === b)).toBe(false);
  });

  it('holds while production is rolled back, also after a config change; a person lets it go on', async () => {
    await beLive(500, 'The first');
    await beLive(501, 'The second');
    stage.sandbox.control.rollback({ app: production, byUser: 'ana@acme.test' });
    stage.sandbox.control.setConfig({ app: production, vars: { A: '1' }, byUser: 'bo@acme.test' });
    const commit = stage.commit('The third');
    expect(await stage.advance(502, commit)).toMatchObject({ exit: 0 });
    const end = await ending(502, commit);
    expect(end).toMatchObject({ to: 'blockedByRollback', settled: true });
    expect(end.reason).toContain('ana@acme.test');
    expect(stage.slackTexts()).toContain('ana@acme.test');
    expect(stage.state().promotions).toHaveLength(2);

    const id = deployId(502, commit);
    expect(await document(502, commit)).toMatchObject({
      ...{ state: 'blockedByRollback', settled: true, exit: 0 },
      reason: expect.stringContaining('ana@acme.test'),
      next: expect.stringContaining(`pipeline resume ${id} --reason`),
    });
    const resumed = await stage.run(['resume', id, '--reason', 'fixed by #812']);
    expect(resumed).toMatchObject({ exit: 0 });
    expect(await ending(502, commit)).toMatchObject({ to: 'production.live' });
    expect(stage.state().promotions).toHaveLength(3);
    const story = await stage.run(['log', id]);
    expect(story.stdout).toContain('fixed by #812');
  });

  it.each(['false', 'TRUE', undefined])(
    'does not ship while the kill switch is %s',
    async (value) => {
      const commit = stage.commit('The first');
      const ended = await stage.advance(501, commit, { PRODUCTION_CD_ENABLED: value });
      expect(ended).toMatchObject({ exit: 0 });
      const end = await ending(501, commit);
      expect(end).toMatchObject({ to: 'disabled', settled: true });
      expect(end.reason).toContain('PRODUCTION_CD_ENABLED');
      expect(stage.slackTexts()).toContain('PRODUCTION_CD_ENABLED');
      expect(stage.state().promotions).toEqual([]);
    },
  );

  it('tells of no kill switch what its value is', async () => {
    const commit = stage.commit('The first');
    const value = ' AKIA-put-into-the-wrong-variable';
    const ended = await stage.advance(501, commit, { PRODUCTION_CD_ENABLED: value });
    const told = 'PRODUCTION_CD_ENABLED is not the word true (it is some other word)';
    expect(ended.stdout + ended.stderr).toContain(told);
    expect(stage.slackTexts()).toContain(told);
    const views = ['status', 'log 501', 'log 501 --json', 'replay 501', 'export'];
    const shown = await Promise.all(views.map((view) => stage.run(view.split(' '))));
    const all = [ended, ...shown, stage.slackTexts(), await stage.events(501, commit)];
    expect(JSON.stringify(all)).not.toContain('AKIA');
  });

  const failures: readonly [
    string,
    (stage: Stage) => void,
    { code: string; step: string; promoted: number },
  ][] = [
    [
      'the build fails',
      (s) => s.sandbox.control.failNextBuild({ app: staging }),
      { code: 'E_BUILD_FAILED', step: 'followStaging', promoted: 0 },
    ],
    [
      'staging’s release phase fails',
      (s) => {
        s.sandbox.control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
        s.sandbox.control.failNextReleasePhase({ app: staging });
      },
      { code: 'E_RELEASE_FAILED', step: 'awaitStagingRelease', promoted: 0 },
    ],
    [
      'production’s release phase fails',
      (s) => {
        s.sandbox.control.setReleasePhase({ app: production, command: 'rake db:migrate' });
        s.sandbox.control.failNextReleasePhase({ app: production });
      },
      { code: 'E_RELEASE_FAILED', step: 'awaitProductionRelease', promoted: 1 },
    ],
    [
      'staging’s new dyno crashes',
      (s) => s.sandbox.control.crashNextDyno({ app: staging }),
      { code: 'E_INSTANCE_CRASHED', step: 'awaitStagingInstances', promoted: 0 },
    ],
    [
      'production’s new dyno crashes',
      (s) => s.sandbox.control.crashNextDyno({ app: production }),
      { code: 'E_INSTANCE_CRASHED', step: 'awaitProductionInstances', promoted: 1 },
    ],
    [
      'a staging endpoint stays 503',
      (s) => staysDown(s, staging),
      { code: 'E_ENDPOINT', step: 'checkStagingHealth', promoted: 0 },
    ],
    [
      'a production endpoint stays 503',
      (s) => staysDown(s, production),
      { code: 'E_ENDPOINT', step: 'checkProductionHealth', promoted: 1 },
    ],
  ];

  it.each(failures)(
    'fails with exit 1 when %s, and calls who is on call',
    async (_, arrange, expected) => {
      arrange(stage);
      const commit = stage.commit('The first');
      const ended = await stage.advance(501, commit);
      expect(ended).toMatchObject({ exit: 1 });
      const end = await ending(501, commit);
      expect(end).toMatchObject({ type: 'deploy.failed', to: 'failed', settled: true });
      const last = (await stage.events(501, commit)).at(-1)?.data;
      expect(last).toMatchObject({ step: expected.step, failure: { code: expected.code } });
      expect(stage.state().promotions).toHaveLength(expected.promoted);
      const texts = stage.slackTexts();
      expect(texts).toContain('<!subteam^S0ONCALL>');
      expect(texts).toContain(expected.code);
      expect(await stage.run(['replay', deployId(501, commit)])).toMatchObject({ exit: 0 });
    },
  );

  it('ends as a process with exit 1, too', async () => {
    stage.sandbox.control.failNextBuild({ app: staging });
    const commit = stage.commit('The first');
    expect(await stage.startAdvance(501, commit).ended).toMatchObject({ exit: 1, stderr: '' });
    expect(await ending(501, commit)).toMatchObject({ to: 'failed', settled: true });
    const again = await stage.advance(501, commit);
    expect(again).toMatchObject({ exit: 1 });
    expect(again.stdout).toContain('it is over, and ended so; another --build deploys the commit');
    expect(await document(501, commit)).toMatchObject({
      ...{ state: 'failed', settled: true, exit: 1 },
      reason: expect.stringContaining('E_BUILD_FAILED'),
      next: expect.stringContaining('Once the cause is mended'),
    });
  });

  it('waits out an endpoint that is down for a while', async () => {
    stage.sandbox.control.endpointDown({ app: staging, forMs: 1_500 });
    await goLive(501, 'The first');
  });
});
