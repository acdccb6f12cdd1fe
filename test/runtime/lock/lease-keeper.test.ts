/** The two checks that a run still holds what it was given: before each write, and at each heartbeat. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLeaseKeeper, Lapsed, Overtaken } from '../../../src/runtime/lock/lease-keeper.ts';
import {
  type EventLog,
  type Fence,
  StoreReplaced,
  StoreUnavailable,
} from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const leaseMs = 60_000;
const resource = 'lane/acme';
let now: number;
let log: EventLog;
let fence: Fence;
/** What sleeps until the test lets it go on: the heart between two beats. */
let beats: (() => void)[];

const clock = {
  now: () => now,
  ran: () => now,
  sleep: (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      beats.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
};
const beat = async () => {
  for (const wake of beats.splice(0)) wake();
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next));
};
const keep = () => {
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  keeper.hold(fence);
  return keeper;
};

beforeEach(async () => {
  now = Date.parse('2026-01-05T10:00:00Z');
  beats = [];
  log = await openLog('sqlite::memory:', { now: () => now });
  const lease = await log.take(resource, { run: 'one' }, leaseMs);
  fence = { resource, token: lease?.token ?? 0 };
});
afterEach(() => log.close());

describe('before a write', () => {
  it('prolongs the lease, so that it is held for its whole length from there', async () => {
    const keeper = keep();
    now += leaseMs - 1;
    await keeper.assertHeld();
    now += leaseMs - 1;
    expect((await log.lease(resource))?.expiresInMs).toBe(1);
    keeper.stop();
  });

  it('a run that was stopped for as long as its lease has lapsed, though nobody took it and no beat came', async () => {
    const keeper = keep();
    // The renewal itself takes longer than the lease: what was read before it is old.
    const renew = log.renew.bind(log);
    log.renew = async (held, ttlMs) => {
      const kept = await renew(held, ttlMs);
      now += leaseMs;
      return kept;
    };
    expect(await toldFailureOf(keeper.assertHeld())).toBeInstanceOf(Lapsed);
    expect(keeper.lost.reason).toMatchObject({ code: 'E_LAPSED', details: { resource } });
    keeper.stop();
  });

  it('a lease counts as prolonged from when that was asked, not from the answer', async () => {
    const keeper = keep();
    const renew = log.renew.bind(log);
    log.renew = async (held, ttlMs) => {
      const kept = await renew(held, ttlMs);
      now += leaseMs / 2;
      return kept;
    };
    await keeper.assertHeld();
    now += leaseMs / 2;
    await beat();
    expect(keeper.lost.reason).toBeInstanceOf(Lapsed);
    keeper.stop();
  });

  it('a lease that is given back while it is prolonged is no loss', async () => {
    const keeper = keep();
    const renew = log.renew.bind(log);
    log.renew = async (held, ttlMs) => {
      keeper.drop(resource);
      await log.release(held);
      return renew(held, ttlMs);
    };
    await keeper.assertHeld();
    expect(keeper.lost.aborted).toBe(false);
    keeper.stop();
  });

  it('a run whose lease was given to another is overtaken, and stays so', async () => {
    const keeper = keep();
    now += leaseMs + 1;
    await log.take(resource, { run: 'two' }, leaseMs);
    const error = await toldFailureOf(keeper.assertHeld());
    expect(error).toBeInstanceOf(Overtaken);
    expect(error.details).toEqual({ resource });
    await expect(keeper.assertHeld()).rejects.toBe(error);
    keeper.stop();
  });
});

describe('at a heartbeat', () => {
  it('which beats three times within a lease, two may be missed', async () => {
    const sleeps: number[] = [];
    const { sleep } = clock;
    clock.sleep = (ms, signal) => {
      sleeps.push(ms);
      return sleep(ms, signal);
    };
    const keeper = keep();
    await beat();
    expect(sleeps.every((ms) => ms <= leaseMs / 3)).toBe(true);
    expect(sleeps.length).toBeGreaterThan(0);
    keeper.stop();
    clock.sleep = sleep;
  });

  it('a run that slept through its lease has lapsed, though the store would still prolong it', async () => {
    const keeper = keep();
    now += leaseMs;
    await beat();
    expect(keeper.lost.reason).toBeInstanceOf(Lapsed);
    // What it read of the world is as old as that, though the lease could be had again.
    await expect(keeper.assertHeld()).rejects.toBe(keeper.lost.reason);
    keeper.stop();
  });

  it('a run whose lease was given to another hears of it without a write', async () => {
    const keeper = keep();
    now += leaseMs / 2;
    await log.release(fence);
    await beat();
    expect(keeper.lost.reason).toBeInstanceOf(Overtaken);
    keeper.stop();
  });

  it('a log that was replaced ends the run; one that does not answer is asked again', async () => {
    const keeper = keep();
    const renew = log.renew.bind(log);
    log.renew = async () => {
      throw new StoreUnavailable('E_STORE_IO', 'it does not answer');
    };
    now += 1_000;
    await beat();
    expect(keeper.lost.aborted).toBe(false);
    log.renew = async () => {
      throw new StoreReplaced('log.db', 'its file is gone');
    };
    now += 1_000;
    await beat();
    expect(keeper.lost.reason).toBeInstanceOf(StoreReplaced);
    log.renew = renew;
    keeper.stop();
  });

  it('a lease that was given back on purpose is no loss', async () => {
    const keeper = keep();
    keeper.drop(resource);
    await log.release(fence);
    await beat();
    expect(keeper.lost.aborted).toBe(false);
    keeper.stop();
  });
});
