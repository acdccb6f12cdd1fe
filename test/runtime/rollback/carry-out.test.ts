/** A rollback under the lane's lock, killed at each of its steps: the next try finishes it, and production is taken back once. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Running, Target } from '../../../src/effects/targets/target.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { createStoreLock, readLane } from '../../../src/runtime/lock/store-lock.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import { type RollbackOptions, rollBack } from '../../../src/runtime/rollback/carry-out.ts';
import { chooseRollback } from '../../../src/runtime/rollback/choose.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

const lane = 'acme-web';
const { production, lock: lockSettings } = samples['deploy.requested'].settings;
const artifactOf = (n: number) => ({
  kind: 'slug',
  id: `slug-${n}`,
  digest: null,
  commit: String(n).repeat(40),
});
const releaseOf = (n: number) => ({ id: `release-${n}`, version: `v${n}` });

/** What keeps each call from being made once the process is dead, and no answer reaches it. */
class Life {
  calls = 0;
  readonly dies: number;
  readonly died = new AbortController();
  constructor(dies = Number.POSITIVE_INFINITY) {
    this.dies = dies;
  }

  /** Before the call, or when it was carried out and its answer is lost. */
  async step<T>(call: () => Promise<T>): Promise<T> {
    this.#count();
    const answer = await call();
    this.#count();
    return answer;
  }

  #count(): void {
    if (++this.calls > this.dies) this.died.abort(new Error('killed'));
    this.died.signal.throwIfAborted();
  }

  over<O extends object>(real: O): O {
    return new Proxy(real, {
      get: (target, name) => {
        const member = target[name as keyof O];
        if (typeof member !== 'function' || name === 'changed') return member;
        return (...args: unknown[]) =>
          this.step(() => (member as (...all: unknown[]) => Promise<unknown>).apply(target, args));
      },
    });
  }
}

/** Production as a place that keeps its releases and the keys that they were made under. */
class Place {
  readonly made: { readonly n: number; readonly of: number; readonly key: string | null }[] = [
    ...[1, 2].map((n) => ({ n, of: n, key: null })),
  ];

  get running(): Running {
    const { n, of, key } = this.made.at(-1) as Place['made'][number];
    return {
      ...{ release: releaseOf(n), artifact: artifactOf(of), named: artifactOf(of).commit },
      ...{ description: '', by: 'ana', at: '2026-01-05T13:00:00Z', isRollback: key !== null },
    };
  }

  release(of: number, key: string | null): void {
    this.made.push({ n: this.made.length + 1, of, key });
  }

  target(): Target {
    return {
      settings: production.target,
      observe: async () => ({
        cursor: '',
        running: this.running,
        before: null,
        failed: [],
        pending: null,
      }),
      rollBack: async ({ from, to, key }: Parameters<Target['rollBack']>[0]) => {
        const isMade = this.made.at(-1)?.key === key;
        if (!isMade && this.running.release.id !== from.id)
          return { kind: 'untouched', runsIt: false };
        if (!isMade) this.release(Number(to.version.slice(1)), key);
        const { release, artifact } = this.running;
        return { kind: 'restored', release, artifact };
      },
    } as unknown as Target;
  }
}

let log: EventLog;
afterEach(() => log.close());

async function begin(place: Place, life = new Life(), change: Partial<RollbackOptions> = {}) {
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const clock = {
    now: Date.now,
    ran: () => performance.now(),
    sleep: (ms: number, signal?: AbortSignal) =>
      ms < 10_000
        ? Promise.resolve()
        : new Promise<never>((_, fail) =>
            signal?.addEventListener('abort', () => fail(signal.reason)),
          ),
  };
  const mine = life.over(log);
  // Whoever comes next knows that the one before it is gone.
  const liveness = {
    whyDead: (owner: { run?: unknown }) => (owner.run === run.id ? null : 'killed'),
    ask: async () => false,
  };
  const keeper = createLeaseKeeper({ log: mine, clock, leaseMs: 60_000 });
  const same = { log: mine, clock, run, keeper, leaseMs: 60_000 };
  const lock = createStoreLock({
    ...same,
    liveness,
    relations: async (_, heads) => heads.map(() => 'ahead' as const),
    quiesce: async () => {},
  });
  const { rollback: unfinished } = await readLane(log, lane);
  const plan = chooseRollback(null, {
    ...{ running: place.running, isTakenBack: place.running.isRollback, unfinished, named: null },
    newId: `rollback-${run.id.slice(0, 8)}`,
    shipped: [2, 1].map((n) => ({
      ...{ deploy: `50${n}`, target: 'x', release: releaseOf(n), commit: artifactOf(n).commit },
      ...{ artifact: artifactOf(n), settings: null },
    })),
  });
  const services = { awaitInstances: async () => ({}), checkHealth: async () => ({}) };
  return {
    plan,
    keeper,
    ended: () =>
      rollBack({
        ...{ ...same, lane, plan, lock, liveness, production, lockSettings },
        person: { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' },
        target: life.over(place.target()),
        services: life.over(services) as unknown as RollbackOptions['services'],
        history: { fullId: async () => null } as unknown as RollbackOptions['history'],
        http: {} as RollbackOptions['http'],
        ...{ signal: life.died.signal, progress: () => {} },
        ...change,
      }).finally(() => keeper.stop()),
  };
}

const types = async (): Promise<string[]> =>
  (await log.readStream(laneStream(lane))).map(({ type }) => type);

describe('a rollback', () => {
  it('is recorded before the target is asked, and gives the lane back with its last word', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    expect(await (await begin(place)).ended()).toMatchObject({ release: releaseOf(3) });
    expect(await types()).toEqual([
      'lane.joined',
      'lock.granted',
      'rollback.begun',
      'rollback.done',
      'lock.released',
    ]);
    const { rollback, asked } = await readLane(log, lane);
    expect([rollback, asked]).toEqual([null, []]);
  });

  it('that is killed anywhere is finished by the same command, and takes production back once', async () => {
    log = await openLog('sqlite::memory:');
    const whole = new Life();
    await (await begin(new Place(), whole)).ended();
    expect(whole.calls).toBeGreaterThan(20);
    for (let dies = 0; dies < whole.calls; dies++) {
      await log.close();
      log = await openLog('sqlite::memory:');
      const place = new Place();
      const killed = await (await begin(place, new Life(dies)))
        .ended()
        .then(() => false)
        .catch(() => true);
      // It ended before it died: the last answers are of the leases that it gave back.
      const isDone = (await types()).includes('rollback.done');
      if (killed && !isDone) await (await begin(place)).ended();
      expect(
        place.made.map(({ of }) => of),
        `killed at ${dies}`,
      ).toEqual([1, 2, 1]);
      const last = await types();
      expect(
        last.filter((type) => type === 'rollback.done'),
        `killed at ${dies}`,
      ).toHaveLength(1);
      const { grant, rollback } = await readLane(log, lane);
      expect([rollback, grant?.released], `killed at ${dies}`).toEqual([null, true]);
    }
  });

  it('writes nothing where something else runs by now, and gives the lane back', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(place);
    place.release(7, null);
    expect(await failureOf(late.ended())).toMatchObject({ code: 'E_PRODUCTION_CHANGED' });
    expect(place.made).toHaveLength(3);
    expect(await types()).toEqual(['lane.joined', 'lock.granted', 'lock.released']);
  });

  it('whose checks do not hold says so in the log; what runs there holds the deploys', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const services = {
      awaitInstances: async () => ({}),
      checkHealth: async () => {
        throw new Error('the endpoint is down');
      },
    } as unknown as RollbackOptions['services'];
    await expect((await begin(place, new Life(), { services })).ended()).rejects.toThrow(
      'the endpoint is down',
    );
    expect((await types()).slice(-2)).toEqual(['rollback.failed', 'lock.released']);
    expect(place.running.isRollback).toBe(true);
  });
});
