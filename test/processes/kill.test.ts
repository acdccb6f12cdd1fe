/** kill -9 at named moments, the same command again: one build, one promotion, live, and replay agrees. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployId, type Job, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.strike());

async function kill(job: Job): Promise<void> {
  job.process.kill('SIGKILL');
  expect(await job.ended).toMatchObject({ exit: 'SIGKILL' });
}

/** Holds back the reply to the first such request until the run is killed; it was carried out. */
function holdReply(service: 'heroku', method: string, path: string): void {
  stage.sandbox.control.fault({ service, method, path, kind: 'held-reply' });
}

async function requested(method: string, path: RegExp): Promise<void> {
  for (;;) {
    const seen = stage.sandbox.requests().some((r) => r.method === method && path.test(r.path));
    if (seen) return;
    await new Promise((again) => setTimeout(again, 10));
  }
}

const moments: readonly [string, (commit: string) => Promise<void>][] = [
  [
    'after the build request was sent',
    async (commit) => {
      holdReply('heroku', 'POST', '/apps/acme-staging/builds$');
      const job = stage.startAdvance(501, commit);
      await requested('POST', /\/apps\/acme-staging\/builds$/);
      await kill(job);
    },
  ],
  [
    'while the build runs',
    async (commit) => {
      stage.sandbox.control.setTiming({ buildMs: 2_000 });
      const job = stage.startAdvance(501, commit);
      await job.saw('staging build');
      await kill(job);
    },
  ],
  [
    'between staging verified and promotion',
    async (commit) => {
      stage.sandbox.control.fault({
        service: 'heroku',
        method: 'GET',
        path: '/apps/acme-production/releases',
        kind: 'hang',
        times: 1,
        skip: 1,
      });
      const job = stage.startAdvance(501, commit);
      await job.saw('staging is healthy');
      await kill(job);
    },
  ],
  [
    'after the promotion request was sent',
    async (commit) => {
      holdReply('heroku', 'POST', '/pipeline-promotions$');
      const job = stage.startAdvance(501, commit);
      await requested('POST', /\/pipeline-promotions$/);
      await kill(job);
    },
  ],
];

describe('a killed run', { timeout: 60_000 }, () => {
  it.each(moments)('is finished by the same command: %s', async (name, interruptedAt) => {
    const commit = stage.commit('The first');
    await interruptedAt(commit);
    stage.sandbox.control.clearFaults({});
    await expectOneDeploy(501, commit, name === moments[0]?.[0]);
  });

  it('is finished by the same command: waiting for the lock', async () => {
    stage.hold();
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const holder = stage.startAdvance(501, a);
    await holder.saw('took lane');
    const waiter = stage.startAdvance(502, b);
    await waiter.saw('waiting');
    await kill(waiter);
    stage.letGo();
    expect(await holder.ended).toMatchObject({ exit: 0 });
    await expectOneDeploy(502, b);
  });
});

/** @param isProcess whether the same command is a process again, or is carried out within this one */
async function expectOneDeploy(build: number, commit: string, isProcess = false): Promise<void> {
  const again = await (isProcess ? stage.advance(build, commit) : stage.advanceHere(build, commit));
  expect(again, again.stdout + again.stderr).toMatchObject({ exit: 0 });
  const { apps, promotions } = stage.state();
  const builds = apps['acme-staging']?.builds.filter((made) => made.commit === commit) ?? [];
  expect(builds).toHaveLength(1);
  const release = apps['acme-staging']?.releases.find(({ id }) => id === builds[0]?.release);
  expect(promotions.filter(({ slug }) => slug === release?.slug)).toHaveLength(1);
  expect(
    apps['acme-production']?.releases.filter(({ slug }) => slug === release?.slug),
  ).toHaveLength(1);
  const last = (await stage.events(build, commit)).at(-1);
  expect(last?.metadata.transition).toMatchObject({ to: 'production.live', settled: true });
  expect(await stage.runHere(['replay', deployId(build, commit)])).toMatchObject({ exit: 0 });
}
