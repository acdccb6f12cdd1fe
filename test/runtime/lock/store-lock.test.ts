/** The lane's lock: when a grant has to wait for what the holder before it began, and runs that do not know yet that they are over. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Release } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { breakLock, switchLane } from '../../../src/runtime/lock/lane-orders.ts';
import { createLeaseKeeper, Overtaken } from '../../../src/runtime/lock/lease-keeper.ts';
import {
  type Acquire,
  createStoreLock,
  type LaneLock,
} from '../../../src/runtime/lock/store-lock.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { type AppendOptions, type EventLog, FencedOff } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import {
  lane,
  leaseMs,
  onAppend,
  type ScriptedRun,
  ScriptedWorld,
  wayToProduction,
} from '../loop/scripted-run.ts';

const deploy = '501-11111111';
const input: ServiceInput<'acquireLock'> = {
  deploy,
  lane: 'acme',
  commit: '1'.repeat(40),
  branch: 'main',
  build: { provider: 'other', label: '501', attempt: 1, job: null, workflow: null, url: null },
  stacking: 'skip',
  purpose: 'deploy',
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
      relations: async (_, heads) => heads.map(() => 'unknown'),
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

it('is granted nothing once its run is over, whatever it was amid', async () => {
  const log = await openLog('sqlite::memory:');
  const clock = createVirtualClock({ holdMs: 1 });
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  try {
    const mine = await log.take(runResource(deploy), run.owner, leaseMs);
    keeper.hold({ resource: runResource(deploy), token: mine?.token ?? 0 });
    const lock = createStoreLock({
      log: new Proxy(log, {
        get(target, name) {
          const member = target[name as keyof typeof log];
          if (name !== 'readWithLeases') {
            return typeof member === 'function' ? member.bind(target) : member;
          }
          // The last that is asked before the grant, once it has joined: meanwhile the run ends.
          return async (...asked: Parameters<typeof log.readWithLeases>) => {
            const read = await target.readWithLeases(...asked);
            if (read.events.length > 0) keeper.drop(runResource(deploy));
            return read;
          };
        },
      }),
      clock,
      run,
      keeper,
      leaseMs,
      relations: async (_, heads) => heads.map(() => 'unknown'),
      quiesce: async () => {},
    });
    const acquired = lock.acquire(input, new AbortController().signal, () => {});
    await expect(acquired).rejects.toBeInstanceOf(Overtaken);
    const types = (await log.readStream(laneStream('acme'))).map(({ type }) => type);
    expect(types).toEqual(['lane.joined']);
  } finally {
    keeper.stop();
    await log.close();
  }
});

/** A run that holds its deploy's lease, and another one that is alive: it takes deploys, and joins the lane with them. */
async function besideAnother() {
  const log = await openLog('sqlite::memory:');
  const clock = createVirtualClock({ holdMs: 1 });
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const other = newRun({ actor: anActor, ci: null, program: 'test' });
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  const mine = await log.take(runResource(deploy), run.owner, leaseMs);
  keeper.hold({ resource: runResource(deploy), token: mine?.token ?? 0 });
  return {
    ...{ log, clock, run, keeper },
    take: (name: string) => log.take(runResource(name), other.owner, leaseMs),
    join: (name: string, more: { readonly first?: true } = {}) => {
      const data = { deploy: name, run: other.id, build: '500', commit: '2'.repeat(40), ...more };
      const events = [newEvent({ type: 'lane.joined', data }, other)];
      return log.append([{ stream: laneStream('acme'), expected: 'any', events }]);
    },
    close: () => {
      keeper.stop();
      return log.close();
    },
  };
}

it('asks git how the other’s commit stands to its own, in that order', async () => {
  const { log, clock, run, keeper, take, join, close } = await besideAnother();
  try {
    await take('500-22222222');
    await join('500-22222222');
    const asked: (readonly [string, string])[] = [];
    const relations = async (base: string, heads: readonly string[]) => {
      asked.push(...heads.map((head) => [base, head] as const));
      return heads.map(() => 'behind' as const);
    };
    const quiesce = async () => {};
    const lock = createStoreLock({ log, clock, run, keeper, leaseMs, relations, quiesce });
    await lock.acquire(input, new AbortController().signal, () => {});
    expect(asked).toEqual([[input.commit, '2'.repeat(40)]]);
    const granted = (await log.readStream(laneStream('acme'))).at(-1);
    expect(granted?.data).toMatchObject({ deploy, supersedes: ['500-22222222'] });
  } finally {
    await close();
  }
});

it('asks git nothing for a rollback, which is of no order of commits: its own, or another one', async () => {
  for (const isOwn of [true, false]) {
    const { log, clock, run, keeper, take, join, close } = await besideAnother();
    await take('500-22222222');
    await join('500-22222222', isOwn ? {} : { first: true });
    const relations = () => Promise.reject(new Error('git was asked'));
    const given = { log, clock, run, keeper, leaseMs, relations, quiesce: async () => {} };
    const lock = createStoreLock(given);
    if (isOwn) {
      const [from, to] = [2, 1].map((n) => ({ id: `r${n}`, version: `v${n}` })) as [
        Release,
        Release,
      ];
      const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
      const rollback = { from, to, ...person, at: '2026-01-05T13:04:00.000Z' };
      await lock.acquire({ ...input, rollback }, new AbortController().signal, () => {});
    } else {
      const stop = new AbortController();
      const waits = lock.acquire(input, stop.signal, () => stop.abort(new Error('it waits')));
      await expect(waits).rejects.toThrow('it waits');
    }
    await close();
  }
});

it('decides anew where somebody writes to the lane while it asks who of the others is alive', async () => {
  const { log, clock, run, keeper, take, join, close } = await besideAnother();
  try {
    for (const name of ['500-22222222', '499-22222222']) await take(name);
    await join('500-22222222');
    let asked = 0;
    const moving = new Proxy(log, {
      get(target, name) {
        const member = target[name as keyof typeof log];
        if (name !== 'readWithLeases') {
          return typeof member === 'function' ? member.bind(target) : member;
        }
        return async (...given: Parameters<typeof log.readWithLeases>) => {
          // The lane is read, and then once more together with the lease of who is in it.
          const isOfOther = given[1].includes(runResource('500-22222222'));
          if (isOfOther && asked++ === 0) await join('499-22222222');
          return target.readWithLeases(...given);
        };
      },
    });
    // Whoever came first goes first: this one waits.
    const lock = createStoreLock({
      ...{ clock, run, keeper, leaseMs, log: moving, quiesce: async () => {} },
      relations: async (_, heads) => heads.map(() => 'unknown' as const),
    });
    const stop = new AbortController();
    const waits = lock.acquire(input, stop.signal, () => stop.abort(new Error('it waits')));
    await expect(waits).rejects.toThrow('it waits');
    expect(asked).toBeGreaterThan(0);
    const types = (await log.readStream(laneStream('acme'))).map(({ type }) => type);
    expect(types).not.toContain('lock.granted');
  } finally {
    await close();
  }
});

describe('a lane that is taken from its holder', () => {
  let world: ScriptedWorld;
  beforeEach(async () => {
    world = await ScriptedWorld.create();
  });
  afterEach(() => world.close());

  const person = newRun({ actor: anActor, ci: null, program: 'test' });
  const granted = async () =>
    (await world.ofLane()).filter(({ type }) => type === 'lock.granted').map(({ data }) => data);
  /** A holder with a write under way: its build was asked for. */
  async function holder(): Promise<ScriptedRun> {
    const run = await world.start({ answers: wayToProduction.slice(0, 1) });
    await run.hangs;
    return run;
  }
  /** One that waits for the lane, and what it asks before it takes it. */
  async function waiter(meanwhile: () => Promise<void> = async () => {}, build = '503') {
    let asked: () => void = () => {};
    let quiet: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const isQuiet = new Promise<void>((resolve) => {
      quiet = resolve;
    });
    const after: string[] = [];
    const goneForMs: number[] = [];
    const run = await world.start({
      build,
      quiesce: async (gone) => {
        after.push(gone.deploy);
        goneForMs.push(gone.goneForMs);
        asked();
        await meanwhile();
        return isQuiet;
      },
    });
    return { run, isAsked, after, goneForMs, quiet: () => quiet() };
  }
  const aWhile = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next));
  };

  const ways: Readonly<Record<string, (run: ScriptedRun) => Promise<void>>> = {
    'is known to be dead': async (run) => run.kill(),
    'let its lease run out': async (run) => {
      run.kill({ isKnown: false });
      world.logClock.aheadMs += leaseMs + 1;
    },
    'a person took it from': async () => {
      await breakLock(world.log, lane, person, 'it hangs');
    },
  };

  it.each(Object.entries(ways))(
    'one that %s: is granted only once nothing is under way any more',
    async (_, end) => {
      const before = await holder();
      await end(before);
      const { run, isAsked, after, quiet } = await waiter();
      await isAsked;
      await aWhile();
      expect(after).toEqual([before.deploy]);
      expect((await granted()).map(({ deploy }) => deploy)).toEqual([before.deploy]);
      quiet();
      expect(await run.ended).toMatchObject({ state: 'production.live' });
      expect((await granted()).map(({ deploy }) => deploy)).toEqual([before.deploy, run.deploy]);
    },
  );

  it.each(Object.entries(ways))(
    'one that %s: has been gone since its lease ran out, and not before',
    async (_, end) => {
      const before = await holder();
      await end(before);
      const lease = await world.log.lease(laneResource(lane));
      const first = await waiter();
      await first.isAsked;
      // Whoever died sooner may have sent something right before: of that nobody knows how long ago it was.
      if (lease !== null && lease.expiresInMs > 0) expect(first.goneForMs[0]).toBe(0);
      else expect(first.goneForMs[0]).toBeLessThan(leaseMs);
      first.run.kill();
      world.logClock.aheadMs += 2 * leaseMs + 40_000;
      const later = await waiter(undefined, '504');
      await later.isAsked;
      expect(later.after[0]).toBe(before.deploy);
      expect(later.goneForMs[0]).toBeGreaterThanOrEqual(40_000);
      later.quiet();
      expect(await later.run.ended).toMatchObject({ state: 'production.live' });
    },
  );

  it('one that came back while that was waited for keeps it', async () => {
    const before = await holder();
    const fence = before.keeper.held(laneResource(lane));
    world.logClock.aheadMs += leaseMs + 1;
    const { isAsked, quiet } = await waiter();
    await isAsked;
    await before.keeper.assertHeld();
    quiet();
    await aWhile();
    expect(await granted()).toHaveLength(1);
    expect(await world.log.lease(laneResource(lane))).toMatchObject({ token: fence?.token });
  });

  it('one that another waiter is given at the same instant is not granted again: the grant is conditional', async () => {
    const before = await holder();
    before.kill();
    const other = newRun({ actor: anActor, ci: null, program: 'test' });
    const grantToOther = async (log: EventLog) => {
      const { length } = await world.ofLane();
      const data = { deploy: '504', run: other.id, build: '504', commit: 'c', supersedes: [] };
      const event = newEvent({ type: 'lock.granted', data: { ...data, takenOver: null } }, other);
      const fence = { resource: laneResource(lane), token: length + 1 };
      const batch = { stream: laneStream(lane), expected: length, events: [event] };
      await log.append([batch], { grant: { ...fence, owner: other.owner, ttlMs: leaseMs } });
    };
    let tries = 0;
    const run = await world.start({
      build: '503',
      log: (real) =>
        onAppend(real, async (_, options) => {
          if (options?.grant === undefined) return;
          tries += 1;
          await grantToOther(real);
        }),
    });
    while (tries === 0) await new Promise((next) => setImmediate(next));
    await aWhile();
    expect((await granted()).map(({ deploy }) => deploy)).toEqual([before.deploy, '504']);
    run.interrupt();
    expect(await run.ended).toMatchObject({ interrupted: 'SIGTERM', state: 'queued.waiting' });
    expect(tries).toBe(1);
  });

  it('by a person: the lease goes with the lock, and the holder writes nothing more', async () => {
    const run = await holder();
    const before = await world.events(run.deploy);
    const { deploy: taken, token } = await breakLock(world.log, lane, person, 'it hangs');
    expect(taken).toBe(run.deploy);
    expect(await world.log.lease(laneResource(lane))).toMatchObject({ token, released: true });
    expect((await world.ofLane()).at(-1)).toMatchObject({
      type: 'lock.broken',
      data: { deploy: run.deploy, token, reason: 'it hangs' },
    });
    await expect(run.keeper.assertHeld()).rejects.toBeInstanceOf(Overtaken);
    await expect(run.ended).rejects.toBeInstanceOf(Overtaken);
    expect(await world.events(run.deploy)).toEqual(before);
  });

  it('by a person who is late: nobody holds it any more, or holds it again', async () => {
    await (await world.start()).ended;
    const late = breakLock(world.log, lane, person, 'x');
    expect(await toldFailureOf(late)).toMatchObject({ code: 'E_NOT_LOCKED' });
  });

  it('is switched off once and on once, whoever asks how often', async () => {
    const to = (state: 'enabled' | 'disabled') =>
      switchLane(world.log, lane, state, person, 'an incident');
    expect([await to('enabled'), await to('disabled'), await to('disabled')]).toEqual([
      false,
      true,
      false,
    ]);
    expect([await to('enabled'), await to('enabled')]).toEqual([true, false]);
    expect((await world.ofLane()).map(({ type }) => type)).toEqual([
      'lane.disabled',
      'lane.enabled',
    ]);
  });
});

describe('who waits for a lane', () => {
  let world: ScriptedWorld;
  beforeEach(async () => {
    world = await ScriptedWorld.create();
  });
  afterEach(() => world.close());

  const joined = async (count: number) => {
    const is = ({ type }: { readonly type: string }) => type === 'lane.joined';
    while ((await world.ofLane()).filter(is).length < count) {
      await new Promise((next) => setImmediate(next));
    }
  };

  it('a waiter that died holds nobody back, though it joined first', async () => {
    const holder = await world.start({ answers: [] });
    await holder.hangs;
    const dead = await world.start({ build: '503', relation: 'unknown' });
    await joined(2);
    const waiter = await world.start({ build: '504', relation: 'unknown' });
    await joined(3);
    dead.kill();
    holder.interrupt();
    expect(await waiter.ended).toMatchObject({ state: 'production.live' });
    expect(await world.events(dead.deploy)).toHaveLength(1);
  });

  it('of several that no ancestry orders who joined first goes first, however many joined behind', async () => {
    const holder = await world.start({ answers: [] });
    await holder.hangs;
    const builds = ['506', '503', '505', '504'];
    const waiters = [];
    for (const [place, build] of builds.entries()) {
      waiters.push(await world.start({ build, relation: 'unknown' }));
      await joined(place + 2);
    }
    holder.interrupt();
    for (const { ended } of waiters)
      expect(await ended).toMatchObject({ state: 'production.live' });
    const granted = (await world.ofLane()).filter(({ type }) => type === 'lock.granted');
    expect(granted.slice(1).map(({ data }) => data.build)).toEqual(builds);
  });

  it('one whose run ended joins anew with its next run: by the old one it would be known to be gone', async () => {
    const holder = await world.start({ answers: [] });
    await holder.hangs;
    const before = await world.start({ build: '503', relation: 'unknown' });
    await joined(2);
    before.kill();
    const later = await world.start({ build: '504', relation: 'unknown', answers: [] });
    await joined(3);
    const again = await world.start({ build: '503', relation: 'unknown' });
    holder.interrupt();
    await later.hangs;
    later.interrupt();
    expect(await again.ended).toMatchObject({ state: 'production.live' });
    const joins = (await world.ofLane()).filter(({ type }) => type === 'lane.joined');
    const of = (deploy: string) => joins.filter(({ data }) => data.deploy === deploy);
    expect(new Set(of(again.deploy).map(({ data }) => data.run)).size).toBe(2);
    expect(of(later.deploy)).toHaveLength(1);
  });

  it('one that a newer build supersedes exits as soon as the lane is granted, not after it', async () => {
    const holder = await world.start({ answers: [] });
    await holder.hangs;
    const older = await world.start({ build: '503', relation: 'ahead' });
    await joined(2);
    const newer = await world.start({ build: '504', relation: 'behind', answers: [] });
    await joined(3);
    holder.interrupt();
    expect(await older.ended).toMatchObject({ state: 'superseded', exit: 0 });
    await newer.hangs;
    expect((await world.events(older.deploy)).at(-1)?.data).toMatchObject({
      cause: 'newer-build',
      by: { deploy: newer.deploy },
    });
  });

  it('one that was granted to a run that died before it said so is the next run’s of that deploy', async () => {
    let dead: ScriptedRun | null = null;
    const dies = (log: EventLog) =>
      onAppend(
        log,
        () => {},
        (_, options) => {
          if (options?.grant !== undefined) dead?.kill();
        },
      );
    let release: () => void = () => {};
    const isHeld = new Promise<void>((resolve) => {
      release = resolve;
    });
    const holder = await world.start({ build: '501', answers: [] });
    await holder.hangs;
    dead = await world.start({ log: dies, quiesce: () => isHeld });
    await joined(2);
    holder.interrupt();
    release();
    const granted = ({ type }: { readonly type: string }) => type === 'lock.granted';
    while ((await world.ofLane()).filter(granted).length < 2) {
      await new Promise((next) => setImmediate(next));
    }
    expect(await world.events(dead.deploy)).toHaveLength(1);
    const quiesce = async () => {
      throw new Error('it waits for itself');
    };
    expect(await (await world.start({ quiesce })).ended).toMatchObject({
      state: 'production.live',
    });
    // It took the lane from nobody else.
    const acquired = (await world.events(dead.deploy)).find(({ type }) => type === 'lock.acquired');
    expect(acquired?.data.takenOver).toBeNull();
    expect((await world.ofLane()).filter(granted).at(-1)?.data).toMatchObject({
      deploy: dead.deploy,
      takenOver: { deploy: dead.deploy, why: 'its own run died before it said so' },
    });
  });

  it('one that ancestry holds back says in the lane whom it lets go first', async () => {
    const holder = await world.start({ answers: [] });
    await holder.hangs;
    const newer = await world.start({ build: '504', relation: 'unknown', answers: [] });
    await joined(2);
    const older = await world.start({ build: '503', relation: 'ahead' });
    await joined(3);
    holder.interrupt();
    await newer.hangs;
    const yielded = (await world.ofLane()).filter(({ type }) => type === 'lane.yielded');
    expect(yielded.map(({ data }) => data)).toEqual([{ deploy: older.deploy, to: newer.deploy }]);
    // The newer one could not see it in its own clone, and knows it from the lane.
    expect(await older.ended).toMatchObject({ state: 'superseded' });
  });
});

it('a run that goes on where the lane was never granted has lost it to nobody', async () => {
  const log = await openLog('sqlite::memory:');
  const clock = createVirtualClock();
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  const lock = createStoreLock({
    log,
    clock,
    run: newRun({ actor: anActor, ci: null, program: 'test' }),
    keeper,
    leaseMs,
    relations: async (_, heads) => heads.map(() => 'unknown'),
    quiesce: async () => {},
  });
  const { signal } = new AbortController();
  const resumed = await lock.reacquire('502-1a5f89db', lane, signal, () => {});
  expect(resumed).toEqual({ kind: 'lost', to: 'nobody' });
  keeper.stop();
  await log.close();
});

describe('a deploy that only takes its canary back', () => {
  const back = { ...input, purpose: 'restore' } as const;
  const [older, newer] = ['500-00000000', '502-22222222'];
  let log: EventLog;
  let lock: LaneLock;
  const stop = new AbortController();
  const tell = (event: LaneEvent) =>
    log.append([{ stream: laneStream('acme'), expected: 'any', events: [newEvent(event, run)] }]);
  const waits = (name: string): LaneEvent => ({
    type: 'lane.joined',
    data: { deploy: name, run: run.id, build: name, commit: name },
  });
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const granted = async () =>
    (await log.readStream(laneStream('acme'))).filter(({ type }) => type === 'lock.granted');

  beforeEach(async () => {
    log = await openLog('sqlite::memory:');
    const clock = createVirtualClock({ holdMs: 1 });
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    for (const name of [deploy, older]) {
      const mine = await log.take(runResource(name), run.owner, leaseMs);
      if (name === deploy) keeper.hold({ resource: runResource(name), token: mine?.token ?? 0 });
    }
    const relations = async (_: string, heads: readonly string[]) =>
      heads.map(() => 'behind' as const);
    const quiesce = async () => {};
    lock = createStoreLock({ log, clock, run, keeper, leaseMs, relations, quiesce });
  });
  afterEach(() => log.close());

  it('supersedes nobody: it ships nothing', async () => {
    await tell(waits(older));
    expect(await lock.acquire(back, stop.signal, () => {})).toMatchObject({ kind: 'granted' });
    expect((await granted())[0]?.data).toMatchObject({ deploy, supersedes: [] });
  });

  it('joins again where a newer one superseded it', async () => {
    await tell(waits(deploy));
    await tell({
      type: 'lock.granted',
      data: {
        ...{ deploy: newer, run: run.id, build: '502', commit: newer, takenOver: null },
        supersedes: [deploy],
      },
    });
    await tell({ type: 'lock.released', data: { deploy: newer, token: 2, why: 'over' } });
    expect(await lock.acquire(input, stop.signal, () => {})).toMatchObject({ kind: 'superseded' });
    expect(await lock.acquire(back, stop.signal, () => {})).toMatchObject({ kind: 'granted' });
  });
});

describe('what is told of the wait', () => {
  const other = { deploy: '500-22222222', build: '500', commit: '2'.repeat(40) };
  const back = {
    ...{ from: { id: 'r2', version: 'v2' }, to: { id: 'r1', version: 'v1' } },
    ...{ actor: 'ana', observed: 'ana on ws-7', reason: 'errors', at: '2026-01-05T13:04:00.000Z' },
  };
  const held = 'lane acme is held by 500-22222222 (build 500); waiting';
  const stops = 'A deploy stops before production for this; one that production was given already';
  let now: number;
  let log: EventLog;
  const ends: (() => void)[] = [];
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const theirs = newRun({ actor: anActor, ci: null, program: 'test' });
  beforeEach(async () => {
    now = Date.parse('2026-01-05T10:00:00Z');
    log = await openLog('sqlite::memory:', { now: () => now });
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await log.close();
  });

  const tell = (event: LaneEvent, options: AppendOptions = {}) =>
    log.append(
      [{ stream: laneStream('acme'), expected: 'any', events: [newEvent(event, theirs)] }],
      options,
    );
  /** The other one has the lane, or waits for it. */
  const has = () =>
    tell(
      {
        type: 'lock.granted',
        data: { ...other, run: theirs.id, supersedes: [], takenOver: null },
      },
      {
        grant: {
          ...{ resource: laneResource('acme'), token: 1 },
          owner: theirs.owner,
          ttlMs: leaseMs,
        },
      },
    );
  const waits = async () => {
    await log.take(runResource(other.deploy), theirs.owner, leaseMs);
    await tell({ type: 'lane.joined', data: { ...other, run: theirs.id } });
  };

  /** What is told, and asked of the vendors, until the lane is given, or for so many looks. */
  async function asked(over: Partial<Acquire>, meanwhile: (look: number) => void) {
    const clock = createVirtualClock({ holdMs: 1 });
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    ends.push(() => keeper.stop());
    const mine = await log.take(runResource(deploy), run.owner, 10 * leaseMs);
    keeper.hold({ resource: runResource(deploy), token: mine?.token ?? 0 });
    const [told, waited, stop] = [[] as string[], [] as number[], new AbortController()];
    const waking = new Proxy(log, {
      get(target, name) {
        const member = target[name as keyof EventLog];
        if (name !== 'changed') return typeof member === 'function' ? member.bind(target) : member;
        return async ({ timeoutMs }: { readonly timeoutMs: number }) => {
          waited.push(timeoutMs);
          meanwhile(waited.length);
          if (waited.length === 3) stop.abort(new Error('it waits'));
        };
      },
    });
    const lock = createStoreLock({
      ...{ log: waking, clock, run, keeper, leaseMs },
      relations: async (_, heads) => heads.map(() => 'unknown'),
      quiesce: async (gone, _, progress) => progress(`${gone.deploy}, gone for ${gone.goneForMs}`),
    });
    const line = (of: string) => void told.push(of);
    const answer = await lock
      .acquire({ ...input, ...over }, stop.signal, line)
      .catch((error: Error) => error.message);
    return { told, waited, answer };
  }

  it.each<[string, () => Promise<unknown>, Partial<Acquire>, string[]]>([
    ['a lane that is held', has, {}, [held]],
    [
      'one that is held, for a rollback',
      has,
      { rollback: back },
      [`${held}. ${stops} is waited for`],
    ],
    ['one that goes first', waits, {}, ['build 500 (500-22222222) goes first; waiting']],
  ])('is said once, however often it looks: %s', async (_, stands, over, lines) => {
    await stands();
    expect(await asked(over, () => {})).toEqual({
      told: lines,
      // A lease of a minute is not slept through.
      waited: [10_000, 10_000, 10_000],
      answer: 'it waits',
    });
  });

  it('is of whoever waits already, by one that had the lane and gave it back', async () => {
    const fence = { resource: laneResource('acme'), token: 1 };
    const own = { deploy, run: theirs.id, build: '501', commit: input.commit };
    const granted = { ...own, supersedes: [], takenOver: null };
    const grant = { ...fence, owner: theirs.owner, ttlMs: leaseMs };
    await tell({ type: 'lock.granted', data: granted }, { grant });
    const why = 'blockedByRollback';
    await tell({ type: 'lock.released', data: { deploy, token: 1, why } }, { release: fence });
    await waits();
    expect(await asked({}, () => {})).toMatchObject({
      told: ['build 500 (500-22222222) goes first; waiting'],
      answer: 'it waits',
    });
  });

  it.each([
    [3_000, 3_001],
    [10, 50],
  ])('is no longer than a lease that runs out in %d ms', async (leftMs, waitMs) => {
    await has();
    now += leaseMs - leftMs;
    const { told, waited, answer } = await asked({}, () => {
      now += waitMs;
    });
    expect(waited).toEqual([waitMs]);
    const gone = waitMs - leftMs;
    expect(told).toEqual([
      held,
      'the run that held lane acme (500-22222222) is over: its lease ran out',
      `500-22222222, gone for ${gone}`,
    ]);
    expect(answer).toEqual({
      ...{ kind: 'granted', provider: 'store', token: 3, waitedMs: 0 },
      takenOver: { deploy: other.deploy, token: 1, why: 'its lease ran out' },
    });
  });
});
