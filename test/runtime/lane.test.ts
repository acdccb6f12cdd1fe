/** The lane's lock, taken by a run that does not know yet that its deploy was given to another one. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ServiceInput } from '../../src/machine/services.ts';
import { newRun } from '../../src/runtime/identity.ts';
import { createStoreLock } from '../../src/runtime/lane.ts';
import { createLeaseKeeper } from '../../src/runtime/lease-keeper.ts';
import { laneStream, runResource } from '../../src/runtime/streams.ts';
import { FencedOff } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { anActor } from '../actor.ts';
import { createVirtualClock } from '../effects/virtual-clock.ts';

const deploy = '501-11111111';
const leaseMs = 60_000;
const input: ServiceInput<'acquireLock'> = {
  deploy,
  lane: 'acme',
  commit: '1'.repeat(40),
  branch: 'main',
  build: { provider: 'other', label: '501', attempt: 1, job: null, workflow: null, url: null },
  stacking: 'skip',
  lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
};

it('does not join the queue: the two would take each other’s place there again and again', async () => {
  let now = Date.parse('2026-01-05T10:00:00Z');
  const log = await openLog('sqlite::memory:', { now: () => now });
  const clock = createVirtualClock({ holdMs: 1 });
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  try {
    const mine = await log.take(runResource(deploy), run.owner, leaseMs);
    keeper.hold({ resource: runResource(deploy), token: mine?.token ?? 0 });
    // The log's clock is set forward: the lease is over before its time, and another run takes it.
    now += 2 * leaseMs;
    expect(await log.take(runResource(deploy), { run: randomUUID() }, leaseMs)).not.toBeNull();
    const lock = createStoreLock({
      log,
      clock,
      run,
      keeper,
      leaseMs,
      relation: async () => 'unknown',
      quiesce: async () => {},
    });
    const acquired = lock.acquire(input, new AbortController().signal, () => {});
    await expect(acquired).rejects.toBeInstanceOf(FencedOff);
    expect(await log.readStream(laneStream('acme'))).toEqual([]);
  } finally {
    keeper.stop();
    await log.close();
  }
});
