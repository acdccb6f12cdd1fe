/** A deploy's stream as the run writes it that carries the deploy: each event under the expected version and a fence. */
import type { Clock } from '../../effects/clock.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { type FoldedDeploy, has, next, stateOf } from '../../machine/interpret.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { tell, tellStanding } from '../../machine/story.ts';
import { redactAll } from '../../redaction/gate.ts';
import {
  type AppendOptions,
  type EventLog,
  type Fence,
  type RecordedEvent,
  StoreUnavailable,
  type StreamAppend,
  VersionConflict,
} from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { type LeaseKeeper, Overtaken } from '../lock/lease-keeper.ts';
import { chartHash } from '../log/charts.ts';
import { newEvent } from '../log/new-event.ts';
import { foldStream, UnreadableLog } from '../log/recorded.ts';
import { deployStream, laneResource, laneStream, runResource } from '../log/streams.ts';
import { laneEventsOf } from './lane-events.ts';

export interface WriterOptions {
  readonly deploy: string;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  /** Called for each event of the deploy, right after it was recorded. */
  readonly recorded: (event: DomainEvent, record: RecordedEvent) => void;
}

/** @throws UnreadableLog E_NO_DEPLOY, or what `foldStream` throws */
export async function foldDeploy(log: EventLog, deploy: string): Promise<FoldedDeploy> {
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

export class DeployWriter {
  readonly #options: WriterOptions & { readonly ownership: Fence; readonly now: () => number };
  #folded: FoldedDeploy;
  #lastEventId: string | undefined;

  private constructor(
    options: WriterOptions & { readonly ownership: Fence; readonly now: () => number },
    folded: FoldedDeploy,
    last: RecordedEvent | undefined,
  ) {
    this.#options = options;
    this.#folded = folded;
    this.#lastEventId = last?.id;
  }

  /**
   * @param options.ownership the run's own lease on the deploy
   * @param options.now the time that a transition is made at, in milliseconds since the epoch
   * @returns it, and the last event that was recorded before
   */
  static async open(
    options: WriterOptions & { readonly ownership: Fence; readonly now: () => number },
  ): Promise<{ writer: DeployWriter; last: RecordedEvent | undefined }> {
    const { log, deploy } = options;
    const folded = await foldDeploy(log, deploy);
    const [last] = await log.readStream(deployStream(deploy), { fromVersion: folded.version });
    return { writer: new DeployWriter(options, folded, last), last };
  }

  /** The deploy after the last event that was recorded. */
  get folded(): FoldedDeploy {
    return this.#folded;
  }

  /**
   * Appends the event under the expected version and the fence, and moves on to where it leads.
   * Leaving the states that hold the lane gives it back in the same transaction.
   */
  async record(happened: DomainEvent, { giveLaneBack = false } = {}): Promise<void> {
    // As the log will have it: what this run goes on with is what another one would read.
    const event = redactAll(happened);
    const { run, deploy } = this.#options;
    const before = this.#folded;
    const after = next(before, event, this.#options.now());
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
    const ofLane = laneEventsOf(event, after);
    if (back !== null) {
      ofLane.push(this.#released(back, transition.to));
      appendOptions.release = back;
      this.#options.keeper.drop(back.resource);
    }
    if (ofLane.length > 0) batches.push(this.#toLane(ofLane));
    const record = await this.#append(batches, appendOptions);
    this.#folded = after;
    this.#lastEventId = made.id;
    if (record !== undefined) this.#options.recorded(event, record);
  }

  async #append(
    batches: readonly StreamAppend[],
    options: AppendOptions,
  ): Promise<RecordedEvent | undefined> {
    const { log, clock, deploy } = this.#options;
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

  /** The lane was granted while the wait was given up: it is not left to run out. */
  async returnUnusedLane(): Promise<void> {
    const { log, deploy, keeper } = this.#options;
    const { lane } = this.#folded.snapshot.context.request;
    const fence = keeper.held(laneResource(lane));
    if (fence === null || has(this.#folded, 'holdsLock')) return;
    keeper.drop(fence.resource);
    const back = this.#toLane([this.#released(fence, `not needed by ${deploy}`)]);
    await log.append([back], { release: fence });
  }

  #toLane(events: readonly LaneEvent[]): StreamAppend {
    return {
      stream: laneStream(this.#folded.snapshot.context.request.lane),
      expected: 'any',
      events: events.map((event) => newEvent(event, this.#options.run)),
    };
  }

  #released({ token }: Fence, why: string): LaneEvent {
    return { type: 'lock.released', data: { deploy: this.#options.deploy, token, why } };
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
      return event.data.token === null
        ? this.#options.ownership
        : { resource, token: event.data.token };
    }
    // Before the lane is held again, a resumed run is known by its own lease alone.
    const heldHere = this.#options.keeper.held(resource) !== null;
    const fence = heldHere && has(this.#folded, 'holdsLock') ? this.#laneFence(this.#folded) : null;
    return fence ?? this.#options.ownership;
  }
}
