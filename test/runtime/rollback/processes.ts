/** A rollback by one process after another, each of which can die at any of its calls. */
import type { HttpClient } from '../../../src/effects/http/request.ts';
import type { Running, Target } from '../../../src/effects/targets/target.ts';
import type { Shipped } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { type RollbackOptions, rollBack } from '../../../src/runtime/rollback/carry-out.ts';
import { chooseRollback } from '../../../src/runtime/rollback/choose.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';

export const lane = 'acme-web';
const { production, lock: lockSettings } = samples['deploy.requested'].settings;

/** Where code runs that is taken back. */
export interface Production {
  readonly running: Running;
  /** What the lane verified there, the last first. */
  readonly shipped: readonly Shipped[];
  /** As the process of that life sees it. */
  target(life: Life): Target;
  http(life: Life): HttpClient;
}

/** What keeps each call from being made once the process is dead, and no answer reaches it. */
export class Life {
  calls = 0;
  readonly dies: number;
  readonly died = new AbortController();
  constructor(dies = Number.POSITIVE_INFINITY) {
    this.dies = dies;
  }

  /** Before the call, or when it was carried out and its answer is lost. */
  async step<T>(call: () => Promise<T>): Promise<T> {
    this.count();
    const answer = await call();
    this.count();
    return answer;
  }

  /** @throws Error it is dead */
  count(): void {
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

export const shippedOf = ({ release, artifact, named }: Running, deploy: string): Shipped => ({
  ...{ deploy, target: 'x', release, artifact, settings: null },
  commit: artifact.commit ?? named ?? '',
});

/** One process: it has chosen what to go back to, and is to carry it out. */
export async function begin(
  log: EventLog,
  place: Production,
  life = new Life(),
  change: Partial<RollbackOptions> = {},
) {
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
    ...{ shipped: place.shipped, ranBefore: null },
  });
  const services = { awaitInstances: async () => ({}), checkHealth: async () => ({}) };
  return {
    plan,
    keeper,
    ended: () =>
      rollBack({
        ...{ ...same, lane, plan, lock, liveness, production, lockSettings },
        person: { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' },
        target: place.target(life),
        services: life.over(services) as unknown as RollbackOptions['services'],
        history: { fullId: async () => null } as unknown as RollbackOptions['history'],
        http: place.http(life),
        ...{ signal: life.died.signal, progress: () => {}, begun: () => {}, unverified: () => {} },
        ...change,
      }).finally(() => keeper.stop()),
  };
}
