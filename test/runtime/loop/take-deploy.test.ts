/** Whom a run waits for that finds another run at its deploy, and whom it does not: who waits for it by the CI's own list. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CiJob } from '../../../src/effects/ci/jobs.ts';
import type { CiBuild } from '../../../src/machine/ci-queue.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createCiLock } from '../../../src/runtime/lock/ci-lock.ts';
import type { Liveness } from '../../../src/runtime/lock/liveness.ts';
import type { LaneLock } from '../../../src/runtime/lock/store-lock.ts';
import { runResource } from '../../../src/runtime/log/streams.ts';
import { type TakeOptions, takeDeploy } from '../../../src/runtime/loop/take-deploy.ts';
import type { EventLog, Fence } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const deploy = '502-1a5f89db';
const leaseMs = 60_000;
const jobOf = (number: number): CiJob => ({
  ...{ ci: 'circleci', project: 'gh/acme/web' },
  number: String(number),
});
const listed = (number: number, state: CiBuild['state'] = 'running'): CiBuild => ({
  ...{ order: 106, id: String(number), label: String(number), commit: '1'.repeat(40), state },
});

let log: EventLog;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-01-05T10:00:00Z');
  log = await openLog('sqlite::memory:', { now: () => now });
});
afterEach(() => log.close());

/** Another job of the same build carries the deploy. */
async function carriedBy(job: CiJob | null): Promise<Fence> {
  const { owner } = newRun({ actor: anActor, ci: null, program: 'test', job });
  const lease = await log.take(runResource(deploy), owner, leaseMs);
  if (lease === null) throw new Error('it is taken');
  return lease;
}

/** The log, of whose writes that tells. */
const waking = (changed: (timeoutMs: number) => Promise<void>): EventLog =>
  new Proxy(log, {
    get(target, name) {
      if (name === 'changed') return ({ timeoutMs }: { timeoutMs: number }) => changed(timeoutMs);
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

/** A run in job 501, by the lists in the order in which they are given; the last one stays. */
function taken(
  lists: readonly (CiBuild[] | Error)[],
  { isAwaitedBy: awaited, ...over }: Partial<LaneLock & Pick<TakeOptions, 'log' | 'liveness'>> = {},
) {
  const told: string[] = [];
  const pulse: string[] = [];
  const interrupt = new AbortController();
  let asked = 0;
  const { isAwaitedBy } = createCiLock({
    ...{ provider: 'circleci', project: 'gh/acme/web' },
    clock: createVirtualClock(),
    builds: async () => {
      const list = lists[Math.min(asked, lists.length - 1)] ?? [];
      asked += 1;
      if (list instanceof Error) throw list;
      return { me: list.find(({ id }) => id === '501') ?? null, builds: list };
    },
  });
  const asks = awaited ?? isAwaitedBy;
  const lock = asks === undefined ? {} : { isAwaitedBy: asks };
  const run = newRun({ actor: anActor, ci: null, program: 'test', job: jobOf(501) });
  let tell = () => {};
  const waits = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const progress = (line: string) => {
    told.push(line);
    if (line.includes('waiting')) tell();
  };
  const took = takeDeploy({
    ...{ deploy, log, run, leaseMs, lock, progress },
    interrupt: interrupt.signal,
    waiting: (what) => pulse.push(what),
    ...over,
  });
  took.catch(() => {});
  return { took, told, pulse, waits, interrupt: () => interrupt.abort() };
}

it('does not wait for a job that waits for it: the other one carries the deploy on', async () => {
  const carrier = await carriedBy(jobOf(502));
  const { took, waits } = taken([[listed(502), listed(501)]]);
  const waited = waits.then(() => 'it waits');
  await expect(Promise.race([took, waited])).rejects.toMatchObject({
    code: 'E_OVERTAKEN',
    message: `job 502 of the CI carries ${deploy}, and waits for this job to end, which started earlier`,
  });
  // The other one has what it had.
  expect(await log.lease(carrier.resource)).toMatchObject({
    token: carrier.token,
    released: false,
  });
});

it.each([
  ['started earlier', jobOf(500), [listed(501), listed(500)]],
  ['is over by the list', jobOf(502), [listed(502, 'over'), listed(501)]],
  ['is not in the list', jobOf(502), [listed(501)]],
  [
    'is of another CI',
    { ci: 'github', repository: 'acme/web', run: '502', attempt: 1 },
    [listed(502), listed(501)],
  ],
  ['is a person’s', null, [listed(502), listed(501)]],
] as const)(
  'waits for one that %s, and takes the deploy once that has ended',
  async (_, job, list) => {
    const carrier = await carriedBy(job as CiJob | null);
    const { took, told, waits } = taken([[...list]]);
    await waits;
    expect(told).toEqual([`another run of ${deploy} is alive; waiting for it to end`]);
    await log.release(carrier);
    expect(await took).toEqual({ resource: carrier.resource, token: carrier.token + 1 });
  },
);

it('takes a deploy that was given back while the list was read', async () => {
  const carrier = await carriedBy(jobOf(502));
  const { took } = taken([], {
    isAwaitedBy: async () => {
      await log.release(carrier);
      return true;
    },
  });
  expect(await took).toEqual({ resource: carrier.resource, token: carrier.token + 1 });
});

it('waits for another run that took the deploy while the list was read of the one before', async () => {
  const before = await carriedBy(jobOf(502));
  let carrier = before;
  const { took, waits } = taken([], {
    isAwaitedBy: async (job) => {
      if (job.ci !== 'circleci' || job.number !== '502') return false;
      await log.release(before);
      carrier = await carriedBy(jobOf(500));
      return true;
    },
  });
  await Promise.race([waits, took]);
  await log.release(carrier);
  expect(await took).toEqual({ resource: carrier.resource, token: carrier.token + 1 });
});

it('says once that it waits, however often it looks, and why the other one is over', async () => {
  const carrier = await carriedBy(null);
  let looks = 0;
  const liveness: Liveness = {
    whyDead: () => (looks === 4 ? 'its process is gone' : null),
    ask: async () => {
      looks += 1;
      return false;
    },
  };
  const { took, told, pulse } = taken([], { liveness, log: waking(async () => {}) });
  expect(await took).toEqual({ resource: carrier.resource, token: carrier.token + 1 });
  expect(told).toEqual([
    `another run of ${deploy} is alive; waiting for it to end`,
    `the run of ${deploy} before this one is over: its process is gone`,
  ]);
  expect(pulse).toEqual(['waiting for another run of the same deploy']);
});

it.each([
  ['has long to run', 60_000, 10_000],
  ['is about to run out', 3_000, 3_001],
  ['has run out but for a moment', 10, 50],
])('looks again by itself where the lease of the other one %s', async (_, leftMs, afterMs) => {
  await carriedBy(null);
  now += leaseMs - leftMs;
  const waited: number[] = [];
  const log = waking(async (ms) => {
    waited.push(ms);
    now += leaseMs;
  });
  expect(await taken([], { log }).took).not.toBeNull();
  expect(waited).toEqual([afterMs]);
});

it('waits where the list cannot be read, and says why', async () => {
  const carrier = await carriedBy(jobOf(502));
  const { took, told, waits } = taken([new Error('the CI does not answer')]);
  await waits;
  expect(told).toEqual([
    'the CI does not answer',
    `another run of ${deploy} is alive; waiting for it to end`,
  ]);
  await log.release(carrier);
  expect(await took).not.toBeNull();
});

it('stops waiting when it is asked to end', async () => {
  await carriedBy(jobOf(500));
  const { took, waits, interrupt } = taken([[listed(501), listed(500)]]);
  await waits;
  interrupt();
  expect(await took).toBeNull();
});
