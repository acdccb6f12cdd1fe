/**
 * The loop: append before act. A run folds a deploy's stream, carries out what the chart asks for,
 * and records each outcome before anything that follows from it begins. Killed anywhere, the next
 * run does the same from what the log has.
 */
import type { StepPorts } from '../../effects/ports.ts';
import { type Step, type StepOutput, steps, toEvent, toFailure } from '../../machine/codec.ts';
import type { DomainEvent, EventData } from '../../machine/events.ts';
import { exitCodeOf, type FoldedDeploy, has, stateOf, takes } from '../../machine/interpret.ts';
import type { ServiceInput, ServiceName, ServiceOutput } from '../../machine/services.ts';
import { describeStep } from '../../machine/step-words.ts';
import { type Fence, FencedOff, type RecordedEvent, StoreUnavailable } from '../../store/log.ts';
import type { Person } from '../actor.ts';
import { Lapsed, Overtaken } from '../lock/lease-keeper.ts';
import type { LaneLock } from '../lock/store-lock.ts';
import { keepChart } from '../log/charts.ts';
import { recordable } from '../log/recordable.ts';
import { UnreadableLog } from '../log/recorded.ts';
import { DeployWriter, foldDeploy, type WriterOptions } from './deploy-writer.ts';
import { describeFailure } from './failure.ts';
import { type TakeOptions, takeDeploy } from './take-deploy.ts';

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

export interface RunOptions extends WriterOptions, TakeOptions {
  readonly lock: LaneLock;
  readonly services: ServiceTable;
  /** Who had the deploy carried on, where a person did. */
  readonly order?: Person;
  /** Aborts with an `Interruption` as its reason when the process is asked to end. */
  readonly interrupt: AbortSignal;
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
 * @throws Overtaken another run was given the deploy or its lane, or carries the deploy and waits for this one to end
 * @throws Lapsed this run was stopped for longer than its lease
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

async function interruptedBefore({ log, deploy, interrupt }: RunOptions): Promise<RunOutcome> {
  const folded = await foldDeploy(log, deploy);
  return { folded, state: stateOf(folded), exit: null, interrupted: interrupt.reason };
}

/** What reaches a run: an event of a step or a timer, the loss of its lease, a signal. */
type Input =
  | { kind: 'event'; event: DomainEvent }
  | { kind: 'broken'; error: unknown }
  | { kind: 'interrupted'; signal: Interruption };

interface InFlight {
  readonly since: number;
  readonly abort: AbortController;
}

class DeployRun {
  readonly #options: RunOptions;
  readonly #ownership: Fence;
  readonly #inFlight = new Map<Step, InFlight>();
  readonly #timers = new Map<string, { dueAt: number; abort: AbortController }>();
  /** Oldest first. */
  readonly #inbox: Input[] = [];
  #wake: () => void = () => {};
  #writer!: DeployWriter;
  /** The stream's version as this run found it: steps since then are its own. */
  #foundAt = 0;
  /** The wall's time when this run began, and evenly on from there: a clock that is set rings no timer. */
  readonly #now: () => number;

  constructor(options: RunOptions, ownership: Fence) {
    this.#options = options;
    this.#ownership = ownership;
    const { clock } = options;
    const aheadMs = clock.now() - clock.ran();
    this.#now = () => clock.ran() + aheadMs;
  }

  async carryOn(): Promise<RunOutcome> {
    const { interrupt, keeper } = this.#options;
    const onInterrupt = () => this.#receive({ kind: 'interrupted', signal: interrupt.reason });
    const onLost = () => this.#receive({ kind: 'broken', error: keeper.lost.reason });
    interrupt.addEventListener('abort', onInterrupt, { once: true });
    keeper.lost.addEventListener('abort', onLost, { once: true });
    if (interrupt.aborted) onInterrupt();
    try {
      const { writer, last } = await DeployWriter.open({
        ...this.#options,
        ownership: this.#ownership,
        now: this.#now,
      });
      this.#writer = writer;
      await this.#resume(last);
      while (!this.#isOver()) {
        this.#carryOut();
        const input = await this.#nextInput();
        if (input.kind === 'broken') throw input.error;
        if (input.kind === 'interrupted') return await this.#interrupted(input.signal);
        await this.#record(input.event);
      }
      await this.#writer.returnUnusedLane();
      return this.#outcome(null);
    } finally {
      this.#stopAll('the run is over');
      interrupt.removeEventListener('abort', onInterrupt);
      keeper.lost.removeEventListener('abort', onLost);
    }
  }

  /** What a step failed with is told, too, where the log cannot keep it. */
  async #record(event: DomainEvent): Promise<void> {
    try {
      await this.#writer.record(event);
    } catch (error) {
      if (event.type === 'deploy.failed') {
        const { step, failure } = event.data;
        this.#options.progress(
          `${describeStep(step)} failed, and the log does not have it: ${failure.code}, ${failure.message}`,
        );
      }
      throw error;
    }
  }

  get #folded(): FoldedDeploy {
    return this.#writer.folded;
  }

  #outcome(interrupted: Interruption | null): RunOutcome {
    const exit = interrupted === null ? exitCodeOf(this.#folded) : null;
    return { folded: this.#folded, state: stateOf(this.#folded), exit, interrupted };
  }

  #isOver(): boolean {
    return has(this.#folded, 'settled') || has(this.#folded, 'paused');
  }

  /** A deploy that an earlier run began: say so, and hold its lane again. */
  async #resume(last: RecordedEvent | undefined): Promise<void> {
    const { log, deploy, run, lock } = this.#options;
    const begunByThisRun = last?.metadata.run === run.id;
    if (!begunByThisRun) this.#foundAt = this.#folded.version;
    if (has(this.#folded, 'settled') || begunByThisRun) return;
    await keepChart(log, run);
    await this.#writer.record({
      type: 'run.resumed',
      data: { run: run.id, order: this.#options.order ?? null },
    });
    if (!has(this.#folded, 'holdsLock')) return;
    const token = this.#folded.snapshot.context.token;
    const { lane } = this.#folded.snapshot.context.request;
    const held = await lock.reacquire(
      deploy,
      lane,
      this.#options.interrupt,
      this.#options.progress,
    );
    if (held?.kind === 'reacquired') {
      const data = { token: held.token, why: 'the run before it is over' };
      await this.#writer.record({ type: 'lock.reacquired', data });
    } else if (held?.kind === 'lost') {
      await this.#writer.record({ type: 'lock.lost', data: { token, to: held.to } });
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
      this.#options.clock.sleep(Math.max(0, dueAt - this.#now()), abort.signal).then(
        () => this.#receive({ kind: 'event', event }),
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
          this.#receive({ kind: 'event', event });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          if (endsTheRun.some((kind) => error instanceof kind)) {
            this.#receive({ kind: 'broken', error });
          } else {
            this.#receive({ kind: 'event', event: toFailure(step, describeFailure(error)) });
          }
        },
      )
      .catch((error: unknown) => this.#receive({ kind: 'broken', error }));
  }

  async #perform(
    step: Step,
    input: unknown,
    since: number,
    signal: AbortSignal,
  ): Promise<StepOutput<Step>> {
    const { services, lock, clock, progress } = this.#options;
    const { service } = steps[step];
    this.#options.waiting?.(describeStep(step));
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

  #receive(input: Input): void {
    this.#inbox.push(input);
    this.#wake();
  }

  /** An interruption or a lost lease goes before whatever else was received. */
  async #nextInput(): Promise<Input> {
    for (;;) {
      const urgent = this.#inbox.findIndex(({ kind }) => kind !== 'event');
      const [first] = this.#inbox.splice(Math.max(0, urgent), 1);
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
    await this.#writer.record(
      { type: 'run.interrupted', data: { signal } },
      { giveLaneBack: has(this.#folded, 'idle') },
    );
    return this.#outcome(signal);
  }
}
