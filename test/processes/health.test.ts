/** One sample is not health: the real command, on apps that break after they were up. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.set({ within: true, config: () => workersOnly });
  for (const app of ['acme-staging', 'acme-production']) {
    stage.sandbox.control.setFormation({ app, type: 'web', quantity: 0 });
    stage.sandbox.control.setFormation({ app, type: 'worker', quantity: 1 });
  }
});
afterEach(() => stage.strike());

/** Nobody can ask a worker whether it is well. */
const workersOnly = `app: acme-web
branch: master
staging:
  heroku: { app: acme-staging }
  verify: { dynos: { timeout: 10s, settle: 3s } }
production:
  heroku: { app: acme-production }
  verify: { dynos: { timeout: 10s, settle: 3s } }
`;

const failureOf = async (build: number, commit: string): Promise<unknown> =>
  (await stage.events(build, commit)).at(-1)?.data;

describe('an app of workers', { timeout: 60_000 }, () => {
  it('that crash after they were up is not promoted', async () => {
    const commit = stage.commit('Crash after a while');
    const job = stage.startAdvance(501, commit);
    await job.saw('is up');
    stage.sandbox.control.crashDyno({ app: 'acme-staging' });
    expect((await job.ended).exit).toBe(1);
    const failure = { code: 'E_INSTANCE_CRASHED' };
    expect(await failureOf(501, commit)).toMatchObject({ step: 'checkStagingHealth', failure });
    expect(stage.state().promotions).toEqual([]);
  });

  it('that is rolled back while it is watched is not promoted', async () => {
    const before = stage.commit('Well');
    expect((await stage.advance(501, before)).exit).toBe(0);
    const commit = stage.commit('Not well');
    const job = stage.startAdvance(502, commit);
    await job.saw('is up');
    stage.sandbox.control.rollback({ app: 'acme-staging', byUser: 'ana@acme.test' });
    expect((await job.ended).exit).toBe(1);
    const failure = { code: 'E_RELEASE_NOT_CURRENT' };
    expect(await failureOf(502, commit)).toMatchObject({ step: 'checkStagingHealth', failure });
    expect(stage.state().promotions).toHaveLength(1);
  });

  it('killed amid the stretch, the same command begins it again', async () => {
    const commit = stage.commit('Killed while it is watched');
    const first = stage.startAdvance(501, commit);
    await first.saw('is up');
    first.process.kill('SIGKILL');
    await first.ended;
    expect((await stage.advance(501, commit)).exit).toBe(0);
    const events = await stage.events(501, commit);
    const verified = events.find(({ type }) => type === 'staging.verified');
    expect(verified?.data.steadyMs).toBeGreaterThanOrEqual(3_000);
    expect(events.filter(({ type }) => type === 'staging.instancesUp')).toHaveLength(1);
  });

  it('scaled to nothing is no app that is up', async () => {
    stage.sandbox.control.setFormation({ app: 'acme-staging', type: 'worker', quantity: 0 });
    const commit = stage.commit('Nobody there');
    expect((await stage.advance(501, commit)).exit).toBe(1);
    expect(await failureOf(501, commit)).toMatchObject({ failure: { code: 'E_NO_INSTANCES' } });
  });
});
