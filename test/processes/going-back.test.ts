/** Production taken back without Heroku's own word for it, and a failed check that runs again: by the real command. */
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig, quietConfig, Stage } from './stage.ts';

const production = 'acme-production';
const byUser = 'ana@acme.test';

let stage: Stage;
afterEach(() => stage.strike());

async function ending(build: number, commit: string) {
  const last = (await stage.events(build, commit)).at(-1);
  return { type: last?.type, data: last?.data, ...(last?.metadata.transition as { to: string }) };
}

/** Three commits: the first two shipped, the third is still to come, and told of. */
async function twoShipped() {
  stage = await Stage.set({ within: true, config: quietConfig });
  const [older, newer] = [stage.commit('older'), stage.commit('newer')];
  expect(await stage.advance(501, older)).toMatchObject({ exit: 0 });
  expect(await stage.advance(502, newer)).toMatchObject({ exit: 0 });
  stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls));
  return { older, newer, next: stage.commit('next') };
}

const versionOf = (commit: string): number => {
  const releases = stage.state().apps[production]?.releases ?? [];
  return releases.find((one) => one.commit === commit)?.version ?? 0;
};

describe('a going-back by another name', { timeout: 90_000 }, () => {
  const ways: readonly [string, string, (older: string) => void][] = [
    [
      'an older slug, released again without a word',
      'older-artifact',
      (older) =>
        stage.sandbox.control.releaseAgain({
          app: production,
          version: versionOf(older),
          byUser,
        }),
    ],
    [
      'an older slug, as if it were a deploy',
      'older-artifact',
      (older) =>
        stage.sandbox.control.releaseAgain({
          app: production,
          version: versionOf(older),
          description: 'Deploy of the good one',
          byUser,
        }),
    ],
    [
      'an older commit, built anew and pushed',
      'behind',
      (older) => stage.sandbox.control.deploy({ app: production, commit: older, byUser }),
    ],
    [
      'a rollback whose release phase failed',
      'failed-rollback',
      () => {
        stage.sandbox.control.setReleasePhase({ app: production, command: 'rake db:migrate' });
        stage.sandbox.control.failNextReleasePhase({ app: production });
        stage.sandbox.control.rollback({ app: production, byUser });
      },
    ],
  ];

  it('is held, whichever it is, and ships after resume', async () => {
    const { older } = await twoShipped();
    let build = 503;
    for (const [way, kind, goBack] of ways) {
      const before = {
        ships: stage.state().promotions.length,
        messages: stage.sandbox.slackMessages().length,
      };
      const next = stage.commit(way);
      goBack(older);
      const version = `v${stage.state().apps[production]?.releases.at(-1)?.version}`;
      const held = await stage.advance(build, next);
      expect(held, way).toMatchObject({ exit: 0 });
      const { to, data } = await ending(build, next);
      expect(to, way).toBe('blockedByRollback');
      const expected =
        kind === 'older-artifact' ? expect.stringMatching(/older-artifact|behind/) : kind;
      expect(data, way).toMatchObject({
        rollback: { kind: expected, by: byUser, release: { version } },
      });
      expect(stage.state().promotions, way).toHaveLength(before.ships);
      const messages = stage.sandbox.slackMessages().slice(before.messages);
      expect(JSON.stringify(messages), way).toContain('held: ');

      const [deploy] = await stage.events(build, next);
      const reason = ['--reason', 'it was checked', '--actor', 'ana'];
      const resumed = await stage.run(['resume', String(deploy?.data.deploy), ...reason]);
      expect(resumed, way).toMatchObject({ exit: 0 });
      expect(await ending(build, next), way).toMatchObject({ to: 'production.live' });
      expect(stage.state().promotions, way).toHaveLength(before.ships + 1);
      build += 1;
    }
  });

  it('a push that is newer than what ran is none, and is understood by the clone where its slug names its commit by the first digits', async () => {
    const { next } = await twoShipped();
    stage.sandbox.control.deploy({ app: production, commit: next, byUser });
    const later = stage.commit('later');
    expect(await stage.advance(503, later)).toMatchObject({ exit: 0 });
    expect(await ending(503, later)).toMatchObject({ to: 'production.live' });

    const pushed = stage.commit('pushed');
    stage.sandbox.control.deploy({ app: production, commit: pushed.slice(0, 8), byUser });
    expect(await stage.advance(504, pushed)).toMatchObject({ exit: 0 });
    const last = stage.commit('last');
    expect(await stage.advance(505, last)).toMatchObject({ exit: 0 });
    expect(await ending(505, last)).toMatchObject({ to: 'production.live' });
    const events = await stage.events(505, last);
    const observed = events.find(({ type }) => type === 'deploy.observed');
    expect(observed?.data.production).toMatchObject({ commit: pushed });
  });

  it('what this lane shipped out of order on a person’s word holds nobody', async () => {
    const { older, next } = await twoShipped();
    const args = ['advance', '--build', '503', '--commit', older, '--branch', 'master'];
    const word = ['--override', '--reason', 'the newer one is broken', '--actor', 'ana'];
    const overriding = stage.start([...args, ...word], {}, stage.checkout(older));
    expect(await overriding.ended).toMatchObject({ exit: 0 });
    expect(await ending(503, older)).toMatchObject({ to: 'production.live' });
    expect(await stage.advance(504, next)).toMatchObject({ exit: 0 });
    expect(await ending(504, next)).toMatchObject({ to: 'production.live' });
  });
});

describe('a failed check of production that runs again', { timeout: 90_000 }, () => {
  const attempt = (build: number, n: number) => ({
    GITHUB_ACTIONS: 'true',
    GITHUB_REF: 'refs/heads/master',
    GITHUB_RUN_NUMBER: String(build),
    GITHUB_RUN_ID: '9001',
    GITHUB_RUN_ATTEMPT: String(n),
  });

  /** The first build leaves a commit in production that answers 503. */
  async function brokenInProduction(deploy: 'promote' | 'build') {
    const config = (urls: Stage['sandbox']['urls']) =>
      defaultConfig(urls, '1s').replace(
        'heroku: { app: acme-production }',
        `heroku: { app: acme-production, deploy: ${deploy} }`,
      );
    stage = await Stage.set({ within: true, config });
    const commit = stage.commit('breaks');
    stage.sandbox.control.endpointDown({ app: production });
    return commit;
  }

  it.each(['promote', 'build'] as const)('%s: stays red while it is broken', async (deploy) => {
    const commit = await brokenInProduction(deploy);
    expect(await stage.advance(501, commit)).toMatchObject({ exit: 1 });
    const releases = stage.state().apps[production]?.releases.length;
    // By another build, as a re-run on CircleCI is, with the kill switch off: it writes nothing.
    const again = await stage.advance(502, commit, { PRODUCTION_CD_ENABLED: 'false' });
    expect(again).toMatchObject({ exit: 1 });
    expect(await ending(502, commit)).toMatchObject({ type: 'deploy.failed', to: 'failed' });
    stage.sandbox.control.endpointUp({ app: production });
    expect(await stage.advance(503, commit)).toMatchObject({ exit: 0 });
    expect(await ending(503, commit)).toMatchObject({ to: 'production.live' });
    expect(await stage.advance(504, commit)).toMatchObject({ exit: 0 });
    expect(await ending(504, commit)).toMatchObject({ to: 'superseded', data: { verified: true } });
    expect(stage.state().apps[production]?.releases.length).toBe(releases);
  });

  it('GitHub’s attempt 2 of the same build is another check', async () => {
    const commit = await brokenInProduction('promote');
    const args = ['advance', '--commit', commit];
    expect(await stage.start(args, attempt(88, 1)).ended).toMatchObject({ exit: 1 });
    expect(await stage.start(args, attempt(88, 2)).ended).toMatchObject({ exit: 1 });
    stage.sandbox.control.endpointUp({ app: production });
    expect(await stage.run(args, attempt(88, 3))).toMatchObject({ exit: 0 });
    expect(stage.state().promotions).toHaveLength(1);
  });

  it('an older build is superseded, and told that what runs is not verified', async () => {
    stage = await Stage.set({ within: true, config: (urls) => defaultConfig(urls, '1s') });
    const [older, commit] = [stage.commit('older'), stage.commit('breaks')];
    stage.sandbox.control.endpointDown({ app: production });
    expect(await stage.advance(501, commit)).toMatchObject({ exit: 1 });
    const { exit, stdout } = await stage.advance(502, older);
    expect(exit).toBe(0);
    expect(stdout).toContain('not verified');
    expect(stage.slackTexts()).toContain('No deploy of this lane has verified');
  });

  it('stays red where somebody tried to roll back meanwhile and could not', async () => {
    stage = await Stage.set({ within: true, config: (urls) => defaultConfig(urls, '1s') });
    const [older, commit] = [stage.commit('older'), stage.commit('breaks')];
    expect(await stage.advance(501, older)).toMatchObject({ exit: 0 });
    stage.sandbox.control.endpointDown({ app: production });
    expect(await stage.advance(502, commit)).toMatchObject({ exit: 1 });
    stage.sandbox.control.setReleasePhase({ app: production, command: 'rake db:migrate' });
    stage.sandbox.control.failNextReleasePhase({ app: production });
    stage.sandbox.control.rollback({ app: production, byUser });
    expect(await stage.advance(503, commit)).toMatchObject({ exit: 1 });
    stage.sandbox.control.endpointUp({ app: production });
    expect(await stage.advance(504, commit)).toMatchObject({ exit: 0 });
    expect(await ending(504, commit)).toMatchObject({ to: 'production.live' });
    // That it is verified lifts no hold.
    const next = stage.commit('next');
    expect(await stage.advance(505, next)).toMatchObject({ exit: 0 });
    expect(await ending(505, next)).toMatchObject({ to: 'blockedByRollback' });
  });

  it('a rollback to exactly this commit holds, and is no reason to verify it', async () => {
    const { older } = await twoShipped();
    stage.sandbox.control.rollback({ app: production, byUser });
    expect(await stage.advance(503, older)).toMatchObject({ exit: 0 });
    expect(await ending(503, older)).toMatchObject({ to: 'superseded', data: { verified: false } });
  });
});
