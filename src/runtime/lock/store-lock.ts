/** The lane's stream in the log: reading it, and the lock that is kept in it. */
import type { CiJob } from '../../effects/ci/jobs.ts';
import type { Clock } from '../../effects/clock.ts';
import type { OrderedRollback } from '../../machine/events.ts';
import {
  foldLane,
  type Grant,
  type Lane,
  type LaneEvent,
  type Relation,
  type Waiter,
} from '../../machine/lane.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import {
  type Appended,
  type AppendOptions,
  type EventLog,
  type Lease,
  VersionConflict,
} from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { laneResource, laneStream, runResource } from '../log/streams.ts';
import { Lanes } from './lanes.ts';
import { type LeaseKeeper, Overtaken } from './lease-keeper.ts';
import { type Liveness, localLiveness } from './liveness.ts';
import { type Place, Queue } from './queue.ts';
import { snapshotDue } from './snapshot.ts';

/** What a run does with its lane's lock. */
export interface LaneLock {
  /** Waits until the lane is this deploy's, or a newer one has taken its place. */
  acquire(
    input: Acquire,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<ServiceOutput<'acquireLock'>>;
  /**
   * For a run that goes on with a deploy which held the lane: holds it again under a new token,
   * unless another deploy was given it meanwhile. Null: it holds it, and this lock has no tokens.
   */
  reacquire(
    deploy: string,
    lane: string,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<{ kind: 'reacquired'; token: number } | { kind: 'lost'; to: string } | null>;
  /**
   * Whether a run in that job is kept from the lane until this run's job has ended, and so must not be waited
   * for. False also where that is not known yet. Left out where only who carries a deploy has a place in the lane's queue.
   */
  isAwaitedBy?(job: CiJob, signal: AbortSignal, progress: (line: string) => void): Promise<boolean>;
}

export interface StoreLockOptions {
  readonly log: EventLog;
  /** What this process knows of the log's lanes; nothing yet when left out. */
  readonly lanes?: Lanes;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly leaseMs: number;
  /** How each of the heads stands to `base` in git, in their order. */
  readonly relations: (
    base: string,
    heads: readonly string[],
    signal: AbortSignal,
  ) => Promise<readonly Relation[]>;
  /** Resolves when the vendors have nothing of an earlier holder under way any more, a deploy or a rollback. */
  readonly quiesce: (
    holder: Gone,
    signal: AbortSignal,
    progress: (line: string) => void,
  ) => Promise<void>;
  /** Who is known to be dead, and need not be waited for; what this host's processes tell when left out. */
  readonly liveness?: Liveness;
}

/** An earlier holder of a lane. */
export interface Gone {
  /** A deploy's id, or a rollback's. */
  readonly deploy: string;
  /** How long ago its lease ran out, in milliseconds by the log's clock: since then it can have sent nothing. 0: it did not run out. */
  readonly goneForMs: number;
}

/** What a run writes to its lane's stream of its own deploy. */
type OwnEvent = Extract<LaneEvent, { type: 'lane.joined' | 'lane.yielded' | 'lock.granted' }>;

type Granted = Extract<LaneEvent, { type: 'lock.granted' }>['data'];

/** Waits no longer than this without looking again, whatever the leases say. */
const lookAgainMs = 10_000;

/** The default lock: grants are conditional writes to the lane's stream. */
export function createStoreLock(options: StoreLockOptions): LaneLock {
  return new StoreLock(options);
}

/** `rollback`: this is one, and what it is to do. It goes before all that wait. */
export type Acquire = ServiceInput<'acquireLock'> & { readonly rollback?: OrderedRollback };

/** One deploy that waits for its lane. */
interface Wait {
  readonly input: Acquire;
  readonly signal: AbortSignal;
  readonly queue: Queue;
  /** Says what is waited for, each thing once. */
  readonly tell: (line: string) => void;
  readonly progress: (line: string) => void;
  readonly startedAt: number;
}

/** What one look at the lane leads to: the answer, another look at once, or a wait until something is written, of `ms` at most. */
type Look = ServiceOutput<'acquireLock'> | 'again' | { readonly kind: 'wait'; readonly ms: number };

class StoreLock implements LaneLock {
  readonly #options: StoreLockOptions;
  readonly #lanes: Lanes;
  readonly #liveness: Liveness;

  constructor(options: StoreLockOptions) {
    this.#options = options;
    this.#lanes = options.lanes ?? new Lanes(options.log);
    this.#liveness = options.liveness ?? localLiveness;
  }

  async acquire(
    input: Acquire,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<ServiceOutput<'acquireLock'>> {
    const { log, clock } = this.#options;
    let told = '';
    const tell = (line: string): void => {
      if (line !== told) progress(line);
      told = line;
    };
    const queue = this.#queueOf(input);
    const wait: Wait = { input, signal, queue, tell, progress, startedAt: clock.ran() };
    const over = new AbortController();
    const watching = AbortSignal.any([signal, over.signal]);
    try {
      for (let changed: Promise<void> | null = null; ; ) {
        signal.throwIfAborted();
        const look = await this.#look(wait);
        if (look === 'again') continue;
        if (look.kind !== 'wait') return look;
        // The log is watched from before the look on: nothing that is written meanwhile goes unseen.
        await changed;
        changed = log.changed({ timeoutMs: look.ms, signal: watching });
        changed.catch(() => {});
      }
    } finally {
      over.abort();
    }
  }

  async reacquire(
    deploy: string,
    name: string,
  ): Promise<{ kind: 'reacquired'; token: number } | { kind: 'lost'; to: string }> {
    const { run } = this.#options;
    for (;;) {
      const lane = await this.#lanes.read(name);
      if (lane.grant === null) return { kind: 'lost', to: 'nobody' };
      if (lane.grant.deploy !== deploy) return { kind: 'lost', to: lane.grant.deploy };
      const { build, commit, token: before } = lane.grant;
      const token = await this.#grant(name, lane, {
        deploy,
        run: run.id,
        build,
        commit,
        supersedes: [],
        takenOver: { deploy, token: before, why: 'the run before it is over' },
      });
      if (token !== null) return { kind: 'reacquired', token };
    }
  }

  async #look(wait: Wait): Promise<Look> {
    const { run } = this.#options;
    const { input, signal, queue, tell } = wait;
    const { deploy, lane: name, purpose } = input;
    const lease = await queue.read();
    const { lane } = queue;
    const by = lane.superseded.get(deploy);
    if (by !== undefined && purpose === 'restore') {
      await this.#write(name, 'any', { type: 'lane.joined', data: this.#joined(input) });
      return 'again';
    }
    if (by !== undefined) {
      const { deploy: newer, build, commit } = by;
      return { kind: 'superseded', cause: 'newer-build', by: { deploy: newer, build, commit } };
    }
    if (!lane.waiting.some((waiter) => waiter.deploy === deploy && waiter.run === run.id)) {
      if (lane.grant?.deploy !== deploy || lane.grant.released) {
        await this.#write(name, 'any', { type: 'lane.joined', data: this.#joins(input) });
        return 'again';
      }
    }
    const own = lane.grant?.deploy === deploy && !lane.grant.released;
    // Granted to this deploy, and its run died before it could say so.
    if (own) return this.#take(lane, { own, held: null, lease, supersedes: [], left: [] }, wait);
    const held = lane.grant !== null && !lane.grant.released ? lane.grant : null;
    const isFree = held === null || !this.#isAlive(lease);
    const place = await queue.place(isFree, signal);
    if (place.kind === 'moved') return 'again';
    if (place.kind === 'wait') return this.#giveWay(place, isFree ? null : { held, lease }, wait);
    if (held !== null && runs(lease) && (await this.#liveness.ask(lease.owner, signal)))
      return 'again';
    if (!isFree) {
      tell(waitsFor(input, held));
      return { kind: 'wait', ms: nextLook(lease) };
    }
    if (place.kind === 'next') return 'again';
    const { supersedes, left } = place;
    return this.#take(lane, { own, held, lease, supersedes, left }, wait);
  }

  /** @param before who is waited for before that one; null: the lane is free */
  async #giveWay(
    { behind, yields, lease: front }: Extract<Place, { kind: 'wait' }>,
    before: { readonly held: Grant; readonly lease: Lease } | null,
    { input, signal, tell, queue }: Wait,
  ): Promise<Look> {
    const { deploy, lane: name } = input;
    if (yields) {
      // At whatever version the lane is: what ancestry says stays true, and nobody has to try again.
      await this.#write(name, 'any', { type: 'lane.yielded', data: { deploy, to: behind.deploy } });
      return 'again';
    }
    if (before !== null) {
      tell(waitsFor(input, before.held));
      return { kind: 'wait', ms: Math.min(nextLook(before.lease), nextLook(front)) };
    }
    tell(`build ${behind.build} (${behind.deploy}) goes first; waiting`);
    // One of all who wait behind it asks the CI for it.
    if (queue.isNextAfter(behind) && (await this.#liveness.ask(front.owner, signal)))
      return 'again';
    return { kind: 'wait', ms: nextLook(front) };
  }

  /** Takes the lane, which is free, or whose holder is over. */
  async #take(
    lane: Lane,
    found: {
      own: boolean;
      held: Grant | null;
      lease: Lease | null;
      supersedes: readonly string[];
      left: readonly Waiter[];
    },
    { input, signal, tell, progress, startedAt }: Wait,
  ): Promise<Look> {
    const { log, clock, quiesce } = this.#options;
    const { deploy, lane: name, purpose } = input;
    const { own, held, lease } = found;
    let takenOver = null;
    const goneForMs = Math.max(0, -(lease?.expiresInMs ?? 0));
    const gone = ({ deploy }: Grant): Gone => ({ deploy, goneForMs });
    if (lane.grant?.broken === true) await quiesce(gone(lane.grant), signal, progress);
    if (held !== null) {
      const death = lease === null ? null : this.#liveness.whyDead(lease.owner);
      const why = death ?? 'its lease ran out';
      tell(`the run that held lane ${name} (${held.deploy}) is over: ${why}`);
      await quiesce(gone(held), signal, progress);
      // It may have come back while we asked.
      if (this.#isAlive(await log.lease(laneResource(name)))) return 'again';
      takenOver = { deploy: held.deploy, token: held.token, why };
    }
    const supersedes = purpose === 'restore' ? [] : [...found.supersedes];
    const before =
      own && lane.grant !== null
        ? { deploy, token: lane.grant.token, why: 'its own run died before it said so' }
        : takenOver;
    const joined = this.#joined(input);
    const data = { ...joined, supersedes, takenOver: before };
    const token = await this.#grant(name, lane, data, found.left);
    if (token === null) return 'again';
    const waitedMs = Math.round(clock.ran() - startedAt);
    return { kind: 'granted', provider: 'store', token, waitedMs, takenOver };
  }

  #joined({ deploy, build, commit }: Acquire) {
    return { deploy, run: this.#options.run.id, build: build.label, commit };
  }

  #joins(input: Acquire): Extract<LaneEvent, { type: 'lane.joined' }>['data'] {
    const { rollback } = input;
    return { ...this.#joined(input), ...(rollback === undefined ? {} : { first: true, rollback }) };
  }

  #isAlive(lease: Lease | null): lease is Lease {
    return runs(lease) && this.#liveness.whyDead(lease.owner) === null;
  }

  /**
   * Writes only while this run holds the lease of its deploy. Two runs that each took the deploy for theirs would join in turn
   * for ever, and a run that has lost it could be granted a lane that nobody then gives back.
   */
  async #write(
    lane: string,
    expected: number | 'any',
    event: OwnEvent,
    { behind = [], ...extra }: AppendOptions & { readonly behind?: readonly LaneEvent[] } = {},
  ): Promise<Appended> {
    const { log, run, keeper } = this.#options;
    const resource = runResource(event.data.deploy);
    const fence = keeper.held(resource);
    if (fence === null) throw new Overtaken(resource);
    const events = [event, ...behind].map((one) => newEvent(one, run));
    return log.append([{ stream: laneStream(lane), expected, events }], { ...extra, fence });
  }

  /**
   * Appends the grant if nobody wrote to the lane since `lane` was read, and with it a snapshot where one is due: here the
   * lane is known to its last event. Null: read again.
   */
  async #grant(
    name: string,
    lane: Lane,
    data: Granted,
    left: readonly Waiter[] = [],
  ): Promise<number | null> {
    const { run, leaseMs, keeper } = this.#options;
    const token = lane.version + 1;
    const fence = { resource: laneResource(name), token };
    const granted: OwnEvent = { type: 'lock.granted', data };
    const behind = snapshotDue(foldLane(lane, granted, token), left);
    try {
      await this.#write(name, lane.version, granted, {
        ...{ behind, grant: { ...fence, owner: run.owner, ttlMs: leaseMs } },
      });
    } catch (error) {
      if (error instanceof VersionConflict) return null;
      throw error;
    }
    keeper.hold(fence);
    return token;
  }

  #queueOf({ lane: name, deploy, commit, stacking }: Acquire): Queue {
    const { log, relations } = this.#options;
    const isAlive = (lease: Lease | null): lease is Lease => this.#isAlive(lease);
    const me = { deploy, commit };
    return new Queue({ log, lanes: this.#lanes, name, me, stacking, relations, isAlive });
  }
}

function runs(lease: Lease | null): lease is Lease {
  return lease !== null && !lease.released && lease.expiresInMs > 0;
}

/** Whoever takes production back has to know whether the holder may still ship. */
function waitsFor({ lane, rollback }: Acquire, { deploy, build }: Grant): string {
  const words = `lane ${lane} is held by ${deploy} (build ${build}); waiting`;
  return rollback === undefined
    ? words
    : `${words}. A deploy stops before production for this; one that production was given already is waited for`;
}

function nextLook({ expiresInMs }: Lease): number {
  return Math.min(Math.max(expiresInMs + 1, 50), lookAgainMs);
}
