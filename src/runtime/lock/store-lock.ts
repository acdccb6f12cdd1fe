/** The lane's stream in the log: reading it, and the lock that is kept in it. */
import type { Clock } from '../../effects/clock.ts';
import {
  decideTurn,
  emptyLane,
  foldLane,
  type Grant,
  type Lane,
  type LaneEvent,
  type Relation,
  type Turn,
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
import { laneEvent } from '../log/recorded.ts';
import { laneResource, laneStream, runResource } from '../log/streams.ts';
import { type LeaseKeeper, Overtaken } from './lease-keeper.ts';
import { type Liveness, localLiveness } from './liveness.ts';

/** The lane as its stream tells it now; whoever knows it from before reads only what came since. @throws UnreadableLog */
export async function readLane(log: EventLog, name: string, known = emptyLane): Promise<Lane> {
  const events = await log.readStream(laneStream(name), { fromVersion: known.version + 1 });
  return events.reduce(
    (state, recorded) => foldLane(state, laneEvent(recorded), recorded.version),
    known,
  );
}

/** What a run does with its lane's lock. */
export interface LaneLock {
  /** Waits until the lane is this deploy's, or a newer one has taken its place. */
  acquire(
    input: ServiceInput<'acquireLock'>,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<ServiceOutput<'acquireLock'>>;
  /**
   * For a run that goes on with a deploy which held the lane: holds it again under a new token,
   * unless another deploy was given it meanwhile. Null: this lock has no tokens.
   */
  resume(
    deploy: string,
    lane: string,
  ): Promise<{ kind: 'reacquired'; token: number } | { kind: 'lost'; to: string } | null>;
}

export interface StoreLockOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly leaseMs: number;
  /** How `head` stands to `base` in git. */
  readonly relation: (base: string, head: string, signal: AbortSignal) => Promise<Relation>;
  /** Resolves when the vendors have nothing of an earlier holder under way any more. */
  readonly quiesce: (signal: AbortSignal, progress: (line: string) => void) => Promise<void>;
  /** Who is known to be dead, and need not be waited for; what this host's processes tell when left out. */
  readonly liveness?: Liveness;
}

/** What a run writes to its lane's stream of its own deploy. */
type OwnEvent = Extract<LaneEvent, { type: 'lane.joined' | 'lane.yielded' | 'lock.granted' }>;

/** Waits no longer than this without looking again, whatever the leases say. */
const lookAgainMs = 10_000;

/** The default lock: grants are conditional writes to the lane's stream. */
export function createStoreLock(options: StoreLockOptions): LaneLock {
  return new StoreLock(options);
}

type Acquire = ServiceInput<'acquireLock'>;

/** One deploy that waits for its lane: what it knows from one look to the next. */
interface Wait {
  readonly input: Acquire;
  readonly signal: AbortSignal;
  /** Says what is waited for, each thing once. */
  readonly tell: (line: string) => void;
  readonly progress: (line: string) => void;
  /** How this deploy's commit stands to those of others, by their ids. */
  readonly relations: Map<string, Relation>;
  readonly startedAt: number;
}

/** What one look at the lane leads to: the answer, or `again` once something may have changed. */
type Look = ServiceOutput<'acquireLock'> | 'again';

class StoreLock implements LaneLock {
  readonly #o: StoreLockOptions;
  readonly #liveness: Liveness;

  constructor(options: StoreLockOptions) {
    this.#o = options;
    this.#liveness = options.liveness ?? localLiveness;
  }

  async acquire(
    input: Acquire,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<ServiceOutput<'acquireLock'>> {
    const { log, clock } = this.#o;
    let told = '';
    const tell = (line: string): void => {
      if (line !== told) progress(line);
      told = line;
    };
    const relations = new Map<string, Relation>();
    const wait: Wait = { input, signal, tell, progress, relations, startedAt: clock.ran() };
    for (let lane = emptyLane; ; ) {
      signal.throwIfAborted();
      lane = await readLane(log, input.lane, lane);
      const look = await this.#look(lane, wait);
      if (look !== 'again') return look;
    }
  }

  async resume(
    deploy: string,
    name: string,
  ): Promise<{ kind: 'reacquired'; token: number } | { kind: 'lost'; to: string }> {
    const { log, run } = this.#o;
    for (;;) {
      const lane = await readLane(log, name);
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

  async #look(lane: Lane, wait: Wait): Promise<Look> {
    const { log, run } = this.#o;
    const { input, signal, tell } = wait;
    const { deploy, lane: name } = input;
    const by = lane.superseded.get(deploy);
    if (by !== undefined) {
      const { deploy: newer, build, commit } = by;
      return { kind: 'superseded', cause: 'newer-build', by: { deploy: newer, build, commit } };
    }
    if (!lane.waiting.some((waiter) => waiter.deploy === deploy && waiter.run === run.id)) {
      if (lane.grant?.deploy !== deploy || lane.grant.released) {
        await this.#write(name, 'any', { type: 'lane.joined', data: this.#joined(input) });
        return 'again';
      }
    }
    const lease = await log.lease(laneResource(name));
    const own = lane.grant?.deploy === deploy && !lane.grant.released;
    // Granted to this deploy, and its run died before it could say so.
    const held = !own && lane.grant !== null && !lane.grant.released ? lane.grant : null;
    if (held !== null && runs(lease) && (await this.#liveness.ask(lease.owner, signal)))
      return 'again';
    if (held !== null && this.#isAlive(lease)) {
      tell(`lane ${name} is held by ${held.deploy} (build ${held.build}); waiting`);
      await log.changed({ timeoutMs: nextLook(lease.expiresInMs), signal });
      return 'again';
    }
    const turn = own ? ({ kind: 'go', supersedes: [] } as const) : await this.#turn(lane, wait);
    if (turn.kind === 'wait') {
      await this.#giveWay(lane, turn, wait);
      return 'again';
    }
    return this.#take(lane, { own, held, lease, supersedes: turn.supersedes }, wait);
  }

  /** Whose turn it is, among those whose runs are alive. */
  async #turn(lane: Lane, { input, relations, signal }: Wait): Promise<Turn> {
    const { deploy, commit, stacking } = input;
    const { relation } = this.#o;
    const waiting = await this.#liveWaiters(lane, deploy);
    for (const other of waiting) {
      if (other.deploy === deploy || relations.has(other.deploy)) continue;
      relations.set(other.deploy, await relation(commit, other.commit, signal));
    }
    const relationTo = (other: Waiter): Relation => relations.get(other.deploy) ?? 'unknown';
    return decideTurn({ me: deploy, waiting, relationTo, stacking });
  }

  async #giveWay(
    lane: Lane,
    turn: Extract<Turn, { kind: 'wait' }>,
    { input, signal, tell }: Wait,
  ): Promise<void> {
    const { deploy, lane: name } = input;
    if (turn.yields) {
      const data = { deploy, to: turn.behind.deploy };
      await this.#write(name, lane.version, { type: 'lane.yielded', data }).catch(ignoreConflict);
      return;
    }
    tell(`build ${turn.behind.build} (${turn.behind.deploy}) goes first; waiting`);
    await this.#waitBehind(turn.behind, name, lane, signal);
  }

  /** Takes the lane, which is free, or whose holder is over. */
  async #take(
    lane: Lane,
    found: {
      own: boolean;
      held: Grant | null;
      lease: Lease | null;
      supersedes: readonly string[];
    },
    { input, signal, tell, progress, startedAt }: Wait,
  ): Promise<Look> {
    const { log, clock, quiesce } = this.#o;
    const { deploy, lane: name } = input;
    const { own, held, lease } = found;
    let takenOver = null;
    if (lane.grant?.broken === true) await quiesce(signal, progress);
    if (held !== null) {
      const death = lease === null ? null : this.#liveness.whyDead(lease.owner);
      const why = death ?? 'its lease ran out';
      tell(`the run that held lane ${name} (${held.deploy}) is over: ${why}`);
      await quiesce(signal, progress);
      // It may have come back while we asked.
      if (this.#isAlive(await log.lease(laneResource(name)))) return 'again';
      takenOver = { deploy: held.deploy, token: held.token, why };
    }
    const supersedes = [...found.supersedes];
    const before =
      own && lane.grant !== null
        ? { deploy, token: lane.grant.token, why: 'its own run died before it said so' }
        : takenOver;
    const joined = this.#joined(input);
    const token = await this.#grant(name, lane, { ...joined, supersedes, takenOver: before });
    if (token === null) return 'again';
    const waitedMs = Math.round(clock.ran() - startedAt);
    return { kind: 'granted', provider: 'store', token, waitedMs, takenOver };
  }

  #joined({ deploy, build, commit }: Acquire) {
    return { deploy, run: this.#o.run.id, build: build.label, commit };
  }

  #isAlive(lease: Lease | null): lease is Lease {
    return runs(lease) && this.#liveness.whyDead(lease.owner) === null;
  }

  /**
   * Only while this run is the deploy's: of two that each believe so, one joins, or both would join again for ever. A run
   * that is over, and was amid a question here, holds nothing any more: a lane that it was given would stand still.
   */
  async #write(
    lane: string,
    expected: number | 'any',
    event: OwnEvent,
    extra: AppendOptions = {},
  ): Promise<Appended> {
    const { log, run, keeper } = this.#o;
    const resource = runResource(event.data.deploy);
    const fence = keeper.held(resource);
    if (fence === null) throw new Overtaken(resource);
    const events = [newEvent(event, run)];
    return log.append([{ stream: laneStream(lane), expected, events }], { ...extra, fence });
  }

  /** Appends the grant if nobody wrote to the lane since `lane` was read. Null: read again. */
  async #grant(
    name: string,
    lane: Lane,
    data: Extract<LaneEvent, { type: 'lock.granted' }>['data'],
  ): Promise<number | null> {
    const { run, leaseMs, keeper } = this.#o;
    const token = lane.version + 1;
    const fence = { resource: laneResource(name), token };
    try {
      await this.#write(
        name,
        lane.version,
        { type: 'lock.granted', data },
        { grant: { ...fence, owner: run.owner, ttlMs: leaseMs } },
      );
    } catch (error) {
      if (error instanceof VersionConflict) return null;
      throw error;
    }
    keeper.hold(fence);
    return token;
  }

  async #liveWaiters(lane: Lane, me: string): Promise<readonly Waiter[]> {
    const { log } = this.#o;
    const states = await Promise.all(
      lane.waiting.map(
        async ({ deploy }) => deploy === me || this.#isAlive(await log.lease(runResource(deploy))),
      ),
    );
    return lane.waiting.filter((_, place) => states[place]);
  }

  /** Waits until the turn may have changed: that run is over, or somebody wrote to the lane. Nothing else is asked at each wake-up. */
  async #waitBehind(
    { deploy }: Waiter,
    name: string,
    lane: Lane,
    signal: AbortSignal,
  ): Promise<void> {
    const { log } = this.#o;
    for (let now = lane; now.version === lane.version; ) {
      const other = await log.lease(runResource(deploy));
      if (!this.#isAlive(other) || (await this.#liveness.ask(other.owner, signal))) return;
      await log.changed({ timeoutMs: nextLook(other.expiresInMs), signal });
      signal.throwIfAborted();
      now = await readLane(log, name, now);
    }
  }
}

function runs(lease: Lease | null): lease is Lease {
  return lease !== null && !lease.released && lease.expiresInMs > 0;
}

function nextLook(expiresInMs: number): number {
  return Math.min(Math.max(expiresInMs + 1, 50), lookAgainMs);
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof VersionConflict)) throw error;
}
