/**
 * The loop: append before act. A run folds a deploy's stream, carries out what the chart asks for,
 * and records each outcome before anything that follows from it begins. Killed anywhere, the next
 * run does the same from what the log has.
 */
import type { Clock } from '../../effects/clock.ts';
import type { StepPorts } from '../../effects/ports.ts';
import { type Step, type StepOutput, steps, toEvent, toFailure } from '../../machine/codec.ts';
import { type DomainEvent, type EventData, type Stuck, stuckIn } from '../../machine/events.ts';
import {
  exitCodeOf,
  type FoldedDeploy,
  has,
  next,
  stateOf,
  takes,
} from '../../machine/interpret.ts';
import { type LaneEvent, targetName } from '../../machine/lane.ts';
import { protectedOf } from '../../machine/protected-settings.ts';
import type { ServiceInput, ServiceName, ServiceOutput } from '../../machine/services.ts';
import { describeStep, tell, tellStanding } from '../../machine/story.ts';
import { redactAll } from '../../redaction/gate.ts';
import {
  type AppendOptions,
  type EventLog,
  type Fence,
  FencedOff,
  type Lease,
  type RecordedEvent,
  StoreUnavailable,
  type StreamAppend,
  VersionConflict,
} from '../../store/log.ts';
import type { Person } from '../actor.ts';
import type { Run } from '../identity.ts';
import { Lapsed, type LeaseKeeper, Overtaken } from '../lock/lease-keeper.ts';
import { type Liveness, localLiveness } from '../lock/liveness.ts';
import type { LaneLock } from '../lock/store-lock.ts';
import { chartHash, keepChart } from '../log/charts.ts';
import { newEvent } from '../log/new-event.ts';
import { recordable } from '../log/recordable.ts';
import { foldStream, UnreadableLog } from '../log/recorded.ts';
import { deployStream, laneResource, laneStream, runResource } from '../log/streams.ts';
import { describeFailure } from './failure.ts';

/** What the loop itself hands to a service; a service has its own way to its vendors. */
export type RunPorts = Pick<StepPorts, 'clock' | 'signal' | 'progress' | 'again'>;

/** How each service is carried out. `acquireLock` is the lane lock's. */
export type ServiceTable = {
  readonly [N in Exclude<ServiceName, 'acquireLock'>]: (
    input: ServiceInput<N>,
    ports: RunPorts,
  ) => Promise<ServiceOutput<N>>;
};

export type Interruption = EventData<'run.interrupted'>['signal'];

export interface RunOptions {
  readonly deploy: string;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly leaseMs: number;
  readonly lock: LaneLock;
  readonly services: ServiceTable;
  /** Who had the deploy carried on, where a person did. */
  readonly order?: Person;
  /** Aborts with an `Interruption` as its reason when the process is asked to end. */
  readonly interrupt: AbortSignal;
  readonly progress: (line: string) => void;
  /** Told what is waited for from now on, in words. */
  readonly waiting?: (what: string) => void;
  /** Called for each event of the deploy, right after it was recorded. */
  readonly recorded: (event: DomainEvent, record: RecordedEvent) => void;
  /** What this host's processes tell when left out. */
  readonly liveness?: Liveness;
}

export interface RunOutcome {
  readonly folded: FoldedDeploy;
  readonly state: string;
  /** Null when a signal ended the run. */
  readonly exit: number | null;
  readonly interrupted: Interruption | null;
}

/** Thrown by a step, these say nothing of the deploy: it stays as it is recorded, for another run to carry on. */
const endsTheRun = [Overtaken, Lapsed, FencedOff, StoreUnavailable, UnreadableLog] as const;

/**
 * Carries a deploy on until it is settled, paused, interrupted, or taken over.
 *
 * @throws Overtaken another run was given the deploy or its lane; Lapsed this run was stopped for longer than its lease
 * @throws StoreUnavailable the log cannot be written: nothing follows that is not recorded
 * @throws UnreadableLog a newer version wrote to the deploy or its lane
 */
export async function runDeploy(options: RunOptions): Promise<RunOutcome> {
  const ownership = await takeDeploy(options);
  if (ownership === null) return interruptedBefore(options);
  options.keeper.hold(ownership);
  try {
    return await new DeployRun(options, ownership).carryOn();
  } catch (error) {
    if (error instanceof FencedOff) throw new Overtaken(error.resource);
    throw error;
  } finally {
    options.keeper.drop(ownership.resource);
    // The process is about to end: if the store is gone, the lease runs out by itself.
    await options.log.release(ownership).catch(() => {});
  }
}

/** One run at a time carries a deploy: waits until the one before is over. Null: interrupted while waiting. */
export async function takeDeploy(
  options: Pick<
    RunOptions,
    'log' | 'run' | 'leaseMs' | 'interrupt' | 'progress' | 'deploy' | 'liveness' | 'waiting'
  >,
): Promise<Fence | null> {
  const { log, run, leaseMs, interrupt, progress, deploy } = options;
  const { liveness = localLiveness } = options;
  const resource = runResource(deploy);
  let told = false;
  let holder: Lease | null = null;
  while (!interrupt.aborted) {
    // To take is a write: whoever waits for a holder only reads.
    if (!isHeld(holder)) {
      const lease = await log.take(resource, run.owner, leaseMs);
      if (lease !== null) return { resource, token: lease.token };
    }
    holder = await log.lease(resource);
    if (!isHeld(holder) || (await liveness.ask(holder.owner, interrupt))) continue;
    const death = liveness.whyDead(holder.owner);
    if (death !== null) {
      progress(`the run of ${deploy} before this one is over: ${death}`);
      await log.release({ resource, token: holder.token });
      holder = null;
      continue;
    }
    if (!told) options.waiting?.('waiting for another run of the same deploy');
    if (!told) progress(`another run of ${deploy} is alive; waiting for it to end`);
    told = true;
    const timeoutMs = Math.min(Math.max(holder.expiresInMs + 1, 50), 10_000);
    await log.changed({ timeoutMs, signal: interrupt });
  }
  return null;
}

const isHeld = (lease: Lease | null): lease is Lease =>
  lease !== null && !lease.released && lease.expiresInMs > 0;

async function interruptedBefore({ log, deploy, interrupt }: RunOptions): Promise<RunOutcome> {
  const folded = await mustRead(log, deploy);
  return { folded, state: stateOf(folded), exit: null, interrupted: interrupt.reason };
}

async function mustRead(log: EventLog, deploy: string): Promise<FoldedDeploy> {
  const folded = await foldStream(log, deploy);
  if (folded === null) throw new UnreadableLog('E_NO_DEPLOY', `the log has no deploy ${deploy}`);
  return folded;
}

/** Why the deploy came to where it is; what it ended by may have been said before its last event. */
function reasonOf({ snapshot }: FoldedDeploy, last: DomainEvent): string {
  const { outcome } = snapshot.context;
  const said = outcome === null || outcome.type === last.type ? null : outcome;
  return (said === null ? tell(last) : tellStanding([said, last])).headline;
}

/** What a run waits for next. */
type Happening =
  | { kind: 'event'; event: DomainEvent }
  | { kind: 'broken'; error: unknown }
  | { kind: 'interrupted'; signal: Interruption };

interface InFlight {
  readonly since: number;
  readonly abort: AbortController;
}

class DeployRun {
  readonly #o: RunOptions;
  readonly #ownership: Fence;
  readonly #inFlight = new Map<Step, InFlight>();
  readonly #timers = new Map<string, { dueAt: number; abort: AbortController }>();
  readonly #happenings: Happening[] = [];
  #wake: () => void = () => {};
  #folded!: FoldedDeploy;
  /** The stream's version as this run found it: steps since then are its own. */
  #foundAt = 0;
  #lastEventId: string | undefined;
  /** The wall's time when this run began, and evenly on from there: a clock that is set rings no timer. */
  readonly #now: () => number;

  constructor(options: RunOptions, ownership: Fence) {
    this.#o = options;
    this.#ownership = ownership;
    const { clock } = options;
    const aheadMs = clock.now() - clock.ran();
    this.#now = () => clock.ran() + aheadMs;
  }

  async carryOn(): Promise<RunOutcome> {
    const { interrupt, keeper, log, deploy } = this.#o;
    const onInterrupt = () => this.#happened({ kind: 'interrupted', signal: interrupt.reason });
    const onLost = () => this.#happened({ kind: 'broken', error: keeper.lost.reason });
    interrupt.addEventListener('abort', onInterrupt, { once: true });
    keeper.lost.addEventListener('abort', onLost, { once: true });
    if (interrupt.aborted) onInterrupt();
    try {
      this.#folded = await mustRead(log, deploy);
      await this.#resume();
      while (!this.#isOver()) {
        this.#carryOut();
        const happening = await this.#nextHappening();
        if (happening.kind === 'broken') throw happening.error;
        if (happening.kind === 'interrupted') return await this.#interrupted(happening.signal);
        await this.#record(happening.event);
      }
      await this.#returnUnusedLane();
      return this.#outcome(null);
    } finally {
      this.#stopAll('the run is over');
      interrupt.removeEventListener('abort', onInterrupt);
      keeper.lost.removeEventListener('abort', onLost);
    }
  }

  #outcome(interrupted: Interruption | null): RunOutcome {
    const exit = interrupted === null ? exitCodeOf(this.#folded) : null;
    return { folded: this.#folded, state: stateOf(this.#folded), exit, interrupted };
  }

  #isOver(): boolean {
    return has(this.#folded, 'settled') || has(this.#folded, 'paused');
  }

  /** A deploy that an earlier run began: say so, and hold its lane again. */
  async #resume(): Promise<void> {
    const { log, deploy, run, lock } = this.#o;
    const last = (
      await log.readStream(deployStream(deploy), { fromVersion: this.#folded.version })
    )[0];
    this.#lastEventId = last?.id;
    const begunByThisRun = last?.metadata.run === run.id;
    if (!begunByThisRun) this.#foundAt = this.#folded.version;
    if (has(this.#folded, 'settled') || begunByThisRun) return;
    await keepChart(log, run);
    await this.#record({
      type: 'run.resumed',
      data: { run: run.id, order: this.#o.order ?? null },
    });
    if (!has(this.#folded, 'holdsLock')) return;
    const token = this.#folded.snapshot.context.token;
    const { lane } = this.#folded.snapshot.context.request;
    const held = await lock.resume(deploy, lane);
    if (held?.kind === 'reacquired') {
      const data = { token: held.token, why: 'the run before it is over' };
      await this.#record({ type: 'lock.reacquired', data });
    } else if (held?.kind === 'lost') {
      await this.#record({ type: 'lock.lost', data: { token, to: held.to } });
    }
  }

  /** Starts and stops services and timers until they are what the chart asks for. */
  #carryOut(): void {
    const { running, timers } = this.#folded;
    for (const [step, { since, abort }] of this.#inFlight) {
      if (running.get(step)?.since === since) continue;
      abort.abort(new Error(`the chart left ${step}`));
      this.#inFlight.delete(step);
    }
    for (const { step, input, since } of running.values()) {
      if (!this.#inFlight.has(step)) this.#start(step, input, since);
    }
    for (const [id, { dueAt, abort }] of this.#timers) {
      if (timers.get(id)?.dueAt === dueAt) continue;
      abort.abort();
      this.#timers.delete(id);
    }
    for (const { id, event, dueAt } of timers.values()) {
      if (this.#timers.has(id)) continue;
      const abort = new AbortController();
      this.#timers.set(id, { dueAt, abort });
      this.#o.clock.sleep(Math.max(0, dueAt - this.#now()), abort.signal).then(
        () => this.#happened({ kind: 'event', event }),
        () => {},
      );
    }
  }

  #start(step: Step, input: unknown, since: number): void {
    const abort = new AbortController();
    this.#inFlight.set(step, { since, abort });
    this.#perform(step, input, since, abort.signal)
      // An answer that the log cannot keep is a failure of the step, not of the run.
      .then((answer) => recordable(toEvent(step, answer)))
      .then(
        (event) => {
          if (abort.signal.aborted) return;
          this.#happened({ kind: 'event', event });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          if (endsTheRun.some((kind) => error instanceof kind)) {
            this.#happened({ kind: 'broken', error });
          } else {
            this.#happened({ kind: 'event', event: toFailure(step, describeFailure(error)) });
          }
        },
      )
      .catch((error: unknown) => this.#happened({ kind: 'broken', error }));
  }

  async #perform(
    step: Step,
    input: unknown,
    since: number,
    signal: AbortSignal,
  ): Promise<StepOutput<Step>> {
    const { services, lock, clock, progress } = this.#o;
    const { service } = steps[step];
    this.#o.waiting?.(describeStep(step));
    if (service === 'acquireLock') {
      return lock.acquire(input as ServiceInput<'acquireLock'>, signal, progress);
    }
    const perform = services[service] as (
      input: unknown,
      ports: RunPorts,
    ) => Promise<StepOutput<Step>>;
    return perform(input, { clock, signal, progress, again: since <= this.#foundAt });
  }

  #stopAll(why: string): void {
    for (const { abort } of this.#inFlight.values()) abort.abort(new Error(why));
    for (const { abort } of this.#timers.values()) abort.abort();
    this.#inFlight.clear();
    this.#timers.clear();
  }

  #happened(happening: Happening): void {
    this.#happenings.push(happening);
    this.#wake();
  }

  /** An interruption or a lost lease goes before whatever else happened. */
  async #nextHappening(): Promise<Happening> {
    for (;;) {
      const urgent = this.#happenings.findIndex(({ kind }) => kind !== 'event');
      const [first] = this.#happenings.splice(Math.max(0, urgent), 1);
      if (first !== undefined) {
        if (first.kind !== 'event' || this.#isAwaited(first.event)) return first;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** An outcome that the chart has no use for any more (a timer won, say) is dropped, not recorded. */
  #isAwaited(event: DomainEvent): boolean {
    return takes(this.#folded, event);
  }

  async #interrupted(signal: Interruption): Promise<RunOutcome> {
    this.#stopAll(`interrupted by ${signal}`);
    await this.#record(
      { type: 'run.interrupted', data: { signal } },
      { giveLaneBack: has(this.#folded, 'idle') },
    );
    return this.#outcome(signal);
  }

  /**
   * Appends the event under the expected version and the fence, and moves on to where it leads.
   * Leaving the states that hold the lane gives it back in the same transaction.
   */
  async #record(happened: DomainEvent, { giveLaneBack = false } = {}): Promise<void> {
    // As the log will have it: what this run goes on with is what another one would read.
    const event = redactAll(happened);
    const { run, deploy } = this.#o;
    const before = this.#folded;
    const after = next(before, event, this.#now());
    if (after === null) throw new Error(`the chart refuses ${event.type} in ${stateOf(before)}`);
    const leaves =
      has(before, 'holdsLock') && !has(after, 'holdsLock') && event.type !== 'lock.lost';
    const back = giveLaneBack || leaves ? this.#laneFence(before) : null;
    const settled = has(after, 'settled');
    const reason = settled || has(after, 'paused') ? reasonOf(after, event) : null;
    const transition = { from: stateOf(before), to: stateOf(after), settled, reason };
    const made = newEvent(event, run, {
      transition,
      chart: chartHash,
      ...(this.#lastEventId === undefined ? {} : { causation: this.#lastEventId }),
    });
    const batches: StreamAppend[] = [
      { stream: deployStream(deploy), expected: before.version, events: [made] },
    ];
    const appendOptions: { -readonly [K in keyof AppendOptions]: AppendOptions[K] } = {
      fence: this.#fenceFor(event),
    };
    const ofLane: LaneEvent[] = [];
    if (event.type === 'production.released') {
      ofLane.push(this.#deployed(event.data.release));
    }
    const stuck = stuckIn(event);
    if (stuck !== null) ofLane.push(this.#stuck(stuck));
    if (has(after, 'live')) ofLane.push(...this.#lifted(after), this.#shipped(after));
    if (back !== null) {
      ofLane.push(this.#released(back, transition.to));
      appendOptions.release = back;
      this.#o.keeper.drop(back.resource);
    }
    if (ofLane.length > 0) batches.push(this.#toLane(ofLane));
    const record = await this.#append(batches, appendOptions);
    this.#folded = after;
    this.#lastEventId = made.id;
    if (record !== undefined) this.#o.recorded(event, record);
  }

  async #append(
    batches: readonly StreamAppend[],
    options: AppendOptions,
  ): Promise<RecordedEvent | undefined> {
    const { log, clock, deploy } = this.#o;
    for (let attempt = 1; ; attempt++) {
      try {
        return (await log.append(batches, options)).events[0];
      } catch (error) {
        if (error instanceof VersionConflict) {
          // Somebody wrote to this deploy past our lease: whatever it is, it is not ours any more.
          throw new Overtaken(runResource(deploy));
        }
        // Whether it was written is not known. The same ids again: written once, whatever the answer.
        const unknown = error instanceof StoreUnavailable && error.unknown;
        if (!unknown || attempt === 5) throw error;
        await clock.sleep(200 * attempt);
      }
    }
  }

  #toLane(events: readonly LaneEvent[]): StreamAppend {
    return {
      stream: laneStream(this.#folded.snapshot.context.request.lane),
      expected: 'any',
      events: events.map((event) => newEvent(event, this.#o.run)),
    };
  }

  #released({ token }: Fence, why: string): LaneEvent {
    return { type: 'lock.released', data: { deploy: this.#o.deploy, token, why } };
  }

  #deployed(release: string): LaneEvent {
    const { production } = this.#folded.snapshot.context.request.settings;
    const data = { deploy: this.#o.deploy, target: targetName(production.target), release };
    return { type: 'lane.deployed', data };
  }

  #stuck({ release }: Stuck): LaneEvent {
    const { commit, settings } = this.#folded.snapshot.context.request;
    const target = targetName(settings.production.target);
    const data = { deploy: this.#o.deploy, target, release, commit: commit.sha };
    return { type: 'lane.stuck', data };
  }

  /** A person shipped it by hand over a rollback: that holds nothing any more. */
  #lifted({ snapshot: { context } }: FoldedDeploy): LaneEvent[] {
    const { request, lifts } = context;
    if (lifts === null || request.manual === undefined) return [];
    const target = targetName(request.settings.production.target);
    return [{ type: 'rollback.lifted', data: { target, release: lifts, ...request.manual } }];
  }

  #shipped({ snapshot: { context } }: FoldedDeploy): LaneEvent {
    const { request, production } = context;
    const { release, artifact } = production;
    if (release === null || artifact === null)
      throw new Error('a deploy is live without a release');
    const target = targetName(request.settings.production.target);
    const { sha: commit } = request.commit;
    const settings = context.gatesPassed ? protectedOf(request) : null;
    const data = { deploy: this.#o.deploy, target, release, commit, artifact, settings };
    return { type: 'lane.shipped', data };
  }

  /** The lane was granted while the wait was given up: it is not left to run out. */
  async #returnUnusedLane(): Promise<void> {
    const { log, deploy, keeper } = this.#o;
    const { lane } = this.#folded.snapshot.context.request;
    const fence = keeper.held(laneResource(lane));
    if (fence === null || has(this.#folded, 'holdsLock')) return;
    keeper.drop(fence.resource);
    const back = this.#toLane([this.#released(fence, `not needed by ${deploy}`)]);
    await log.append([back], { release: fence });
  }

  #laneFence({ snapshot: { context } }: FoldedDeploy): Fence | null {
    if (context.token === null) return null;
    return { resource: laneResource(context.request.lane), token: context.token };
  }

  /** The lane's token fences what a holder writes, the run's own lease everything else. */
  #fenceFor(event: DomainEvent): Fence {
    const { snapshot } = this.#folded;
    const resource = laneResource(snapshot.context.request.lane);
    if (event.type === 'lock.acquired' || event.type === 'lock.reacquired') {
      return event.data.token === null ? this.#ownership : { resource, token: event.data.token };
    }
    // Before the lane is held again, a resumed run is known by its own lease alone.
    const heldHere = this.#o.keeper.held(resource) !== null;
    const fence = heldHere && has(this.#folded, 'holdsLock') ? this.#laneFence(this.#folded) : null;
    return fence ?? this.#ownership;
  }
}
