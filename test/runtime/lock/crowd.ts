/** Many that wait for one lane in one process: the real lock over a real log, with commits on one line of history. */
import { type Clock, systemClock } from '../../../src/effects/clock.ts';
import type { Relation } from '../../../src/machine/lane.ts';
import type { ServiceOutput } from '../../../src/machine/services.ts';
import { newRun, type Run } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import type { Liveness } from '../../../src/runtime/lock/liveness.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import type { EventLog, Fence } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';

export const deployOf = (n: number): string => `deploy-${n}`;
/** The greater the number, the newer. */
const shaOf = (n: number): string => String(n).padStart(40, '0');

export interface CrowdOptions {
  readonly log: EventLog;
  readonly stacking: 'skip' | 'every';
  readonly clock?: Clock;
  readonly leaseMs?: number;
  /** What each waiter has for itself. */
  readonly liveness?: () => Liveness;
  /** Whom leases say to hold them, besides what a run is. */
  readonly owner?: (run: Run) => Run['owner'];
}

/** What became of one that waited. */
export interface Waited {
  readonly deploy: string;
  readonly answer: ServiceOutput<'acquireLock'>;
}

export class Crowd {
  readonly #options: Required<CrowdOptions>;
  readonly #keepers = new Set<LeaseKeeper>();
  readonly #leaving = new AbortController();
  /** In the order of their grants. */
  readonly granted: string[] = [];
  /** How often somebody waited until nothing was under way. */
  quiesced = 0;
  /** How often git was asked, and of how many commits; after the lane was given back first, besides. */
  readonly git = { calls: 0, commits: 0, late: 0 };
  #isFree = false;
  #told: () => void = () => {};

  constructor(options: CrowdOptions) {
    const liveness = (): Liveness => ({ whyDead: () => null, ask: async () => false });
    const owner = (run: Run) => run.owner;
    this.#options = { clock: systemClock, leaseMs: 600_000, liveness, owner, ...options };
  }

  events() {
    return this.#options.log.readStream(laneStream('acme'));
  }

  /** Gives the lane to a deploy that holds it for as long as it is kept. @returns what gives it back */
  async hold(): Promise<() => Promise<void>> {
    const { log, leaseMs, owner } = this.#options;
    const run = this.#newRun();
    const fence = { resource: laneResource('acme'), token: 1 };
    const build = { deploy: 'holder', run: run.id, build: '0', commit: shaOf(0), supersedes: [] };
    const event = newEvent({ type: 'lock.granted', data: { ...build, takenOver: null } }, run);
    await log.append([{ stream: laneStream('acme'), expected: 'none', events: [event] }], {
      grant: { ...fence, owner: owner(run), ttlMs: leaseMs },
    });
    const keeper = this.#keeper();
    keeper.hold(fence);
    return async () => {
      this.#isFree = true;
      keeper.drop(fence.resource);
      await this.#release(fence, 'holder', run);
    };
  }

  /** One waits, gives the lane back at once where it is granted it, and is over. */
  async wait(n: number): Promise<Waited> {
    const { log, stacking, leaseMs, clock, liveness, owner } = this.#options;
    const deploy = deployOf(n);
    const run = this.#newRun();
    const keeper = this.#keeper();
    const taken = await log.take(runResource(deploy), owner(run), leaseMs);
    if (taken === null) throw new Error(`${deploy} has a run`);
    keeper.hold(taken);
    const relations = async (base: string, heads: readonly string[]) => this.#ask(base, heads);
    const quiesce = async () => {
      this.quiesced += 1;
    };
    const same = { log, clock, run, keeper, leaseMs, relations, quiesce };
    const lock = createStoreLock({ ...same, liveness: liveness() });
    const build = { provider: 'other' as const, label: `${n}`, attempt: 1 };
    const input = {
      ...{ deploy, lane: 'acme', commit: shaOf(n), branch: 'main', stacking },
      build: { ...build, job: null, workflow: null, url: null },
      lock: { provider: 'store' as const, timeoutMs: leaseMs, leaseMs },
      purpose: 'deploy' as const,
    };
    const answer = await lock.acquire(input, this.#leaving.signal, () => {});
    if (answer.kind === 'granted' && answer.token !== null) {
      this.granted.push(deploy);
      const fence = { resource: laneResource('acme'), token: answer.token };
      keeper.drop(fence.resource);
      await this.#release(fence, deploy, run);
    }
    keeper.drop(taken.resource);
    await log.release(taken);
    return { deploy, answer };
  }

  /** One joins and dies at once: its lease runs out, and nothing says so. */
  async die(n: number): Promise<void> {
    await this.#join(n);
  }

  /** One joins and stays, but never takes the lane. */
  async stall(n: number): Promise<void> {
    this.#keeper().hold(await this.#join(n));
  }

  /** Resolves once git was asked for so many commits. */
  async related(commits: number): Promise<void> {
    while (this.git.commits < commits) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  /** Whoever still waits gives up. */
  leave(): void {
    this.#leaving.abort(new Error('the test is over'));
    for (const keeper of this.#keepers) keeper.stop();
  }

  async #join(n: number): Promise<Fence> {
    const { log, leaseMs, owner } = this.#options;
    const [run, deploy] = [this.#newRun(), deployOf(n)];
    const taken = await log.take(runResource(deploy), owner(run), leaseMs);
    if (taken === null) throw new Error(`${deploy} has a run`);
    const data = { deploy, run: run.id, build: `${n}`, commit: shaOf(n) };
    const joined = newEvent({ type: 'lane.joined', data }, run);
    await log.append([{ stream: laneStream('acme'), expected: 'any', events: [joined] }]);
    return taken;
  }

  #newRun(): Run {
    return newRun({ actor: anActor, ci: null, program: 'test' });
  }

  #keeper(): LeaseKeeper {
    const { log, clock, leaseMs } = this.#options;
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    this.#keepers.add(keeper);
    return keeper;
  }

  #ask(base: string, heads: readonly string[]): Relation[] {
    this.git.calls += 1;
    this.git.commits += heads.length;
    if (this.#isFree) this.git.late += 1;
    this.#told();
    return heads.map((head) => (head > base ? 'ahead' : head < base ? 'behind' : 'same'));
  }

  async #release(fence: Fence, deploy: string, run: Run): Promise<void> {
    const released = { deploy, token: fence.token, why: 'it is over' };
    const event = newEvent({ type: 'lock.released', data: released }, run);
    const batch = { stream: laneStream('acme'), expected: 'any' as const, events: [event] };
    await this.#options.log.append([batch], { release: fence });
  }
}
