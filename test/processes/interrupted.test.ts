/** A deploy without a living run is shown as such, and `pipeline resume` carries on whatever it or a CI job began. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployId, type Ended, type Job, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.strike());

const ok = (ended: Ended): void => {
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
};

const resume = (id: string) => ['resume', id, '--reason', 'go on', '--branch', 'master'];

/** How a run ends without the deploy having ended. */
const ends: Readonly<Record<string, NodeJS.Signals>> = {
  'Ctrl-C': 'SIGINT',
  'the CI’s cancel button': 'SIGTERM',
  'kill -9': 'SIGKILL',
};

async function end(job: Job, signal: NodeJS.Signals): Promise<void> {
  job.process.kill(signal);
  await job.ended;
}

describe.each(Object.entries(ends))('after %s', (_name, signal) => {
  it('status shows that no run carries it on, and its command ships the commit', {
    timeout: 90_000,
  }, async () => {
    stage.hold();
    const commit = stage.commit('The first');
    const job = stage.startAdvance(501, commit);
    await job.saw('staging v4 is up');
    const rowOf = async () =>
      JSON.parse((await stage.runHere(['status', '--json'])).stdout).deploys[0];
    expect(await rowOf()).toMatchObject({ running: true });
    expect((await stage.runHere(['status'])).stdout).not.toContain('no run');
    await end(job, signal);
    expect(await rowOf()).toMatchObject({ running: false, settled: false });
    const shown = (await stage.runHere(['status'])).stdout;
    expect(shown).toContain(', no run');
    const id = deployId(501, commit);
    expect(shown).toContain(`pipeline resume ${id} --reason`);
    stage.letGo();
    ok(await stage.runHere(resume(id)));
    const events = await stage.events(501, commit);
    expect(events.at(-1)?.type).toBe('production.verified');
    const resumed = events.find(({ type }) => type === 'run.resumed');
    expect(resumed?.data.order).toMatchObject({ reason: 'go on' });
    expect((await stage.runHere(['replay', id])).exit).toBe(0);
  });

  it('of a resume, the same resume carries on what it began', { timeout: 90_000 }, async () => {
    const commit = stage.commit('The first');
    const id = deployId(501, commit);
    ok(await stage.advanceHere(501, commit, { PRODUCTION_CD_ENABLED: 'false' }));
    stage.hold();
    const first = stage.start(resume(id));
    await first.saw('is up');
    await end(first, signal);
    stage.letGo();
    ok(await stage.runHere(resume(id)));
    expect((await stage.events(501, commit)).at(-1)?.type).toBe('production.verified');
    expect(stage.state().promotions).toHaveLength(1);
  });
});

it('a deploy whose run is alive is not resumed beside it', { timeout: 60_000 }, async () => {
  stage.hold();
  const commit = stage.commit('The first');
  const job = stage.startAdvance(501, commit);
  await job.saw('staging v4 is up');
  const ended = await stage.runHere(resume(deployId(501, commit)));
  expect(ended).toMatchObject({ exit: 2 });
  expect(ended.stderr).toContain('E_UNDER_WAY');
  stage.letGo();
  ok(await job.ended);
});

it('a build’s output that was shown before the kill says that it is shown again', {
  timeout: 60_000,
}, async () => {
  stage.sandbox.control.setTiming({ buildMs: 2_500 });
  const commit = stage.commit('The first');
  const job = stage.startAdvance(501, commit);
  await job.saw('-----> Building');
  await end(job, 'SIGKILL');
  const ended = await stage.advanceHere(501, commit);
  ok(ended);
  const lines = ended.stdout.split('\n');
  const again = lines.findIndex((line) => line.includes('again from the start'));
  const first = lines.findIndex((line) => line.includes('-----> Building'));
  expect(again).toBeGreaterThan(-1);
  expect(first).toBe(again + 1);
  expect((await stage.events(501, commit)).at(-1)?.type).toBe('production.verified');
});
