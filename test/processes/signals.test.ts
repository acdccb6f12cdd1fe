/** A signal ends a run within two seconds, on record, and the same command goes on from there. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Job, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

/** The promise of CI's cancel button: people wait for it. */
const endsWithinMs = 2_000;

/** A store that hangs leaves it to the last resort, which is a fifth of a second sooner: too close on a busy machine. */
const hungEndsWithinMs = 6_000;

async function interrupt(
  job: Job,
  signal: 'SIGINT' | 'SIGTERM',
  withinMs = endsWithinMs,
): Promise<void> {
  const at = Date.now();
  job.process.kill(signal);
  const ended = await job.ended;
  expect(Date.now() - at).toBeLessThan(withinMs);
  expect(ended).toMatchObject({ exit: signal === 'SIGINT' ? 130 : 143 });
}

async function lastEvent(build: number, commit: string) {
  return (await stage.events(build, commit)).at(-1);
}

describe('a signal', { timeout: 60_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s while the build runs: on record, and the same command finishes it with one build',
    async (signal) => {
      stage.sandbox.control.setTiming({ buildMs: 6_000 });
      const commit = stage.commit('The first');
      const job = stage.startAdvance(501, commit);
      await job.saw('staging build');
      await interrupt(job, signal);
      expect(await lastEvent(501, commit)).toMatchObject({
        type: 'run.interrupted',
        data: { signal },
      });
      expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
      expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
      expect(stage.state().promotions).toHaveLength(1);
    },
  );

  it('ends a run whose store hangs, too: nothing of it is on record, and the same command finishes it', async () => {
    stage.sandbox.control.setTiming({ buildMs: 4_000 });
    const commit = stage.commit('The first');
    const job = stage.startAdvance(501, commit);
    await job.saw('staging build');
    const other = new Database(stage.logFile);
    try {
      other.exec('begin immediate');
      await interrupt(job, 'SIGTERM', hungEndsWithinMs);
    } finally {
      other.close();
    }
    expect((await lastEvent(501, commit))?.type).toBe('staging.submitted');
    expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
    expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
  });

  it('while waiting for the lock: the waiter leaves, the holder is not disturbed', async () => {
    stage.hold();
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const holder = stage.startAdvanceHere(501, a);
    await holder.saw('took lane');
    const waiter = stage.startAdvance(502, b);
    await waiter.saw('waiting');
    await interrupt(waiter, 'SIGTERM');
    stage.letGo();
    expect(await lastEvent(502, b)).toMatchObject({ type: 'run.interrupted' });
    expect(await holder.ended).toMatchObject({ exit: 0 });
    expect(await stage.advance(502, b)).toMatchObject({ exit: 0 });
    expect(await lastEvent(502, b)).toMatchObject({ type: 'production.verified' });
  });

  it('while staging is verified: nothing is under way, so the lane goes to who waits', async () => {
    stage.hold();
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const holder = stage.startAdvance(501, a);
    await holder.saw('staging v4 is up');
    const waiter = stage.startAdvanceHere(502, b);
    await waiter.saw('waiting');
    await interrupt(holder, 'SIGTERM');
    stage.letGo();
    expect(await waiter.ended).toMatchObject({ exit: 0 });
    expect(await lastEvent(502, b)).toMatchObject({ type: 'production.verified' });
    // What production contains by now does not ship again.
    expect(await stage.advance(501, a)).toMatchObject({ exit: 0 });
    expect(await lastEvent(501, a)).toMatchObject({
      type: 'deploy.superseded',
      data: { cause: 'contained' },
    });
    expect(stage.state().promotions).toHaveLength(1);
  });
});
