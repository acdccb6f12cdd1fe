/** Waiting for a lane: fifty at once in SQLite, and by virtual time what a waiter asks, when it looks again, and what it is woken by. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLiveness } from '../../../src/runtime/lock/liveness.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import { sqliteStore } from '../../store/events.ts';
import { Crowd, type CrowdOptions, deployOf } from './crowd.ts';
import { fiftyWait } from './fifty-waiters.ts';

fiftyWait('SQLite', sqliteStore);

const leaseMs = 60_000;
const startMs = Date.UTC(2026, 0, 5, 9);
const minute = 60_000;

let time: VirtualTime;
let log: EventLog;
let crowds: Crowd[];
beforeEach(async () => {
  time = new VirtualTime(startMs);
  log = await openLog('sqlite::memory:', { now: time.now, sleep: time.sleep });
  crowds = [];
});
afterEach(async () => {
  for (const crowd of crowds) crowd.leave();
  await log.close();
});

function crowdOf(options: Partial<CrowdOptions> = {}): Crowd {
  const crowd = new Crowd({ log, stacking: 'skip', clock: time.clock, leaseMs, ...options });
  crowds.push(crowd);
  return crowd;
}

/** Whether it comes to its end within an hour. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  const done = work.then(() => {
    over = true;
  });
  await time.runUntil(() => over, time.now() + 60 * minute);
  if (over) await done;
  return over;
}

const pass = (ms: number) => isOver(time.sleep(ms));

/** The log with some of its methods changed. */
const changed = (of: Partial<EventLog>): EventLog =>
  new Proxy(log, {
    get(target, name) {
      const member = of[name as keyof EventLog] ?? target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

describe('a CI is asked whether a job ended', () => {
  /** Each run has a job of its own, the holder's is the first; each waiter asks for itself. */
  function inCi(of: Partial<CrowdOptions>, endingOf: (job: string) => string | null): Crowd {
    let jobs = 0;
    const jobOf = (number: string) => ({ ci: 'circleci', project: 'gh/acme/web', number });
    return crowdOf({
      owner: ({ owner }) => ({ ...owner, job: jobOf(String(++jobs)) }),
      liveness: () =>
        createLiveness({
          clock: time.clock,
          local: { whyDead: () => null, ask: async () => false },
          endingOf: async (job) => endingOf(job.ci === 'circleci' ? job.number : ''),
        }),
      ...of,
    });
  }

  it.each([
    ['skip', 1, 'holds it'],
    ['skip', 12, 'holds it'],
    ['every', 12, 'holds it'],
    ['skip', 12, 'goes first and does not take it'],
    ['every', 12, 'goes first and does not take it'],
  ] as const)('twice a minute a lane: %s, %d wait for who %s', async (stacking, waiters, what) => {
    let asked = 0;
    const crowd = inCi({ stacking }, () => {
      asked += 1;
      return null;
    });
    const release = await crowd.hold();
    if (what !== 'holds it') {
      await crowd.stall(stacking === 'skip' ? 99 : 0);
      await release();
    }
    for (let n = waiters; n > 0; n--) crowd.wait(n).catch(() => {});
    // Who is next once all have come is so from here on.
    await pass(minute);
    asked = 0;
    await pass(10 * minute);
    expect(asked).toBe(20);
    expect(crowd.granted).toEqual([]);
  });

  it('and who is next takes the lane of one whose job ended, though its lease is kept alive', async () => {
    let hasEnded = false;
    const crowd = inCi({}, (job) => (hasEnded && job === '1' ? 'its job ended' : null));
    await crowd.hold();
    const waits = Promise.all([1, 2, 3].map((n) => crowd.wait(n)));
    await pass(minute);
    hasEnded = true;
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(3)]);
    expect(crowd.quiesced).toBe(1);
  });

  it('and who is next is one that is alive: who was over before it came asks nobody', async () => {
    let hasEnded = false;
    const crowd = inCi({}, (job) => (hasEnded && job === '2' ? 'its job ended' : null));
    const release = await crowd.hold();
    await crowd.stall(99);
    await crowd.die(50);
    await release();
    await pass(2 * leaseMs);
    const waits = crowd.wait(1);
    await pass(minute);
    hasEnded = true;
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(1)]);
  });
});

describe('who waits', () => {
  it('looks again by itself, where no word of a write arrives', async () => {
    const deaf = changed({ changed: ({ timeoutMs, signal }) => time.sleep(timeoutMs, signal) });
    const crowd = crowdOf({ log: deaf });
    const release = await crowd.hold();
    const waits = Promise.all([1, 2, 3].map((n) => crowd.wait(n)));
    await pass(minute);
    expect(crowd.granted).toEqual([]);
    await release();
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(3)]);
  });

  it.each([1, 2, 3, 4, 5])('is woken by a write that comes right after its look %d', async (at) => {
    // Only an append is heard, and only once: neither a heartbeat nor the end of the wait helps.
    const hearing = new Set<() => void>();
    let looks = 0;
    let [isFree, release] = [false, async (): Promise<void> => {}];
    const crowd = crowdOf({
      log: changed({
        changed: ({ signal }) =>
          new Promise((resolve) => {
            hearing.add(resolve);
            signal?.addEventListener('abort', () => resolve(), { once: true });
          }),
        append: async (...of) => {
          const appended = await log.append(...of);
          for (const tell of hearing) tell();
          hearing.clear();
          return appended;
        },
        readWithLeases: async (...of) => {
          const read = await log.readWithLeases(...of);
          looks += 1;
          if (looks === at && !isFree) await release();
          return read;
        },
      }),
    });
    release = await crowd.hold();
    const waits = Promise.all([crowd.wait(1)]);
    await pass(minute);
    isFree = true;
    if (looks < at) await release();
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(1)]);
  });

  it('goes on once the lease of who goes first has run out, of which nobody tells', async () => {
    const crowd = crowdOf();
    const release = await crowd.hold();
    await crowd.die(4);
    const waits = Promise.all([1, 2, 3].map((n) => crowd.wait(n)));
    await pass(leaseMs / 4);
    await release();
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(3)]);
    expect(crowd.quiesced).toBe(0);
  });

  it('asks git for nobody who was over before it came', async () => {
    const crowd = crowdOf();
    const release = await crowd.hold();
    for (const n of [1, 2, 3, 4, 5]) await crowd.die(n);
    await pass(2 * leaseMs);
    const waits = Promise.all([6, 7].map((n) => crowd.wait(n)));
    await pass(minute);
    expect(crowd.git.commits).toBe(2);
    await release();
    expect(await isOver(waits)).toBe(true);
    expect(crowd.granted).toEqual([deployOf(7)]);
  });
});
