/**
 * A channel's outbox: goes through the log after the channel's checkpoint and delivers each event of a deploy. The
 * checkpoint is saved after every event, and within one as often as the channel has something to keep; a rerun goes on
 * behind it.
 */
import type { Channel, DeployEvents, Memory, News, Since } from '../../effects/channels/channel.ts';
import type { Ports } from '../../effects/ports.ts';
import type { DeployRequest, DomainEvent } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';
import {
  type EventLog,
  type Fence,
  FencedOff,
  type JsonObject,
  type RecordedEvent,
} from '../../store/log.ts';
import { deploysOf } from '../audit/deploys.ts';
import { headWords } from '../audit/head.ts';
import { followerOf } from '../lock/follower.ts';
import { domainEvent, ifReadable, laneEvent, stateAfter, UnreadableLog } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';
import {
  type LeftOut,
  leftOutNow,
  stillWaiting,
  type Undelivered,
  undeliveredIn,
  withLeftOut,
} from './undelivered.ts';

export interface OutboxOptions {
  readonly log: EventLog;
  readonly channel: Channel;
  /** The checkpoint's name in the log. */
  readonly consumer: string;
  /** Only this lane's deploys; null: all of the log's. */
  readonly lane: string | null;
  readonly progress: Ports['progress'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface OutboxCheckpoint {
  readonly position: number;
  /** False: nobody has ever delivered from this log. */
  readonly begun: boolean;
  /** The channel's own; the outbox looks at nothing in it. */
  readonly memory: Memory;
  readonly undelivered: Undelivered;
}

/** Each delivery happens under this lease. */
export interface Holding {
  readonly fence: Fence;
  readonly ports: Pick<Ports, 'http' | 'signal' | 'progress'>;
  /** Makes sure that the lease is still held. @throws FencedOff */
  readonly assertHeld: () => Promise<void>;
}

const batch = 200;
/** Where a lane has news of more deploys than that, going through the log is no longer way than going through them. */
const fewDeploysMax = 50;
/** So many events that are none of ours are worth a write, lest every run go over them again. */
const skippedMax = 500;
const prefix = deployStream('');
/** Words about the run that carries a deploy, which say nothing of what became of the deploy. */
const aboutRuns = /^run\./;

export class Outbox {
  readonly #o: OutboxOptions;
  /** Behind the checkpoint, what is none of ours; not worth a write. */
  #skippedTo = 0;
  readonly #lanes = new Map<string, string>();

  constructor(options: OutboxOptions) {
    this.#o = options;
  }

  async checkpoint(): Promise<OutboxCheckpoint> {
    const { position, state } = await this.#o.log.checkpoint(this.#o.consumer);
    const { begun = Object.keys(state).length > 0, undelivered: _, ...memory } = state;
    return { position, begun: begun === true, memory, undelivered: undeliveredIn(state) };
  }

  async save(
    { position, memory, undelivered }: Omit<OutboxCheckpoint, 'begun'>,
    fence: Fence,
  ): Promise<void> {
    const { log, consumer } = this.#o;
    const isClean = undelivered.waiting === null && undelivered.leftOutCount === 0;
    const kept = isClean ? {} : { undelivered };
    const state = { ...memory, ...kept, begun: true } as unknown as JsonObject;
    await log.saveCheckpoint(consumer, { position, state }, fence);
  }

  /** Events that are still to be told, at most 200, up to `until`. */
  async pending(until: number): Promise<readonly RecordedEvent[]> {
    const { position } = await this.checkpoint();
    const from = Math.max(position, this.#skippedTo);
    const few = await this.#ofFewDeploys(from, until);
    if (few !== null) {
      if (few.length === 0) this.#skippedTo = Math.max(from, until);
      return few;
    }
    for (let after = from; after < until; ) {
      const read = await this.#o.log.readAll({ after, limit: batch, streamPrefix: prefix });
      const events = read.filter((event) => event.position <= until);
      const ours: RecordedEvent[] = [];
      for (const event of events) if (await this.#isOurs(event)) ours.push(event);
      if (ours.length > 0) return ours;
      after = events.at(-1)?.position ?? until;
      this.#skippedTo = Math.max(this.#skippedTo, after);
      if (read.length < batch) break;
    }
    return [];
  }

  /** By the table of deploys, which is only an index: what is told is read from the streams. Null: they are many, and all is read. */
  async #ofFewDeploys(after: number, until: number): Promise<readonly RecordedEvent[] | null> {
    const { lane, log } = this.#o;
    if (lane === null || after >= until) return lane === null ? null : [];
    const deploys = await deploysOf(log, lane, { after, limit: fewDeploysMax + 1 });
    if (deploys.length > fewDeploysMax) return null;
    const ours: RecordedEvent[] = [];
    for (const deploy of deploys) {
      for (const event of await log.readStream(deployStream(deploy))) {
        const { position } = event;
        if (position > after && position <= until && (await this.#isOurs(event))) ours.push(event);
      }
    }
    return ours.sort((a, b) => a.position - b.position).slice(0, batch);
  }

  /** Whether there is so much behind the checkpoint that is none of ours that it is worth moving on. */
  hasSkippedMuch({ position }: OutboxCheckpoint): boolean {
    return this.#skippedTo - position >= skippedMax;
  }

  /** Delivers everything up to `until`, one event after the other. @throws what the channel or the log refused */
  async send(until: number, holding: Holding): Promise<void> {
    for (;;) {
      const events = await this.pending(until);
      if (events.length === 0) {
        const now = await this.checkpoint();
        if (!this.hasSkippedMuch(now)) return;
        return this.save({ ...now, position: this.#skippedTo }, holding.fence);
      }
      for (const event of events) await this.#deliver(event, until, holding);
    }
  }

  async #deliver(event: RecordedEvent, until: number, holding: Holding): Promise<void> {
    const now = await this.checkpoint();
    if (event.position <= now.position) return;
    const { fence, ports, assertHeld } = holding;
    let { undelivered } = now;
    const leftOut: LeftOut[] = [];
    const leaveOut = (error: unknown): void => {
      leftOut.push(leftOutNow(event, error, this.#o.now()));
      this.#leftOut(event, error);
    };
    const save = (kept: Pick<OutboxCheckpoint, 'position' | 'memory'>): Promise<void> => {
      undelivered = withLeftOut(undelivered, leftOut.splice(0));
      return this.save({ ...kept, undelivered }, fence);
    };
    const news = await this.#news(event, until, leaveOut);
    let { memory } = now;
    if (news !== null) {
      const { position } = now;
      const remember = (kept: Memory): Promise<void> => save({ position, memory: kept });
      const delivery = { ports, memory, assertHeld, remember, leftOut: leaveOut };
      try {
        memory = await this.#o.channel.deliver(news, delivery);
      } catch (error) {
        await this.#keepWaiting(event, error, holding);
        throw error;
      }
    }
    undelivered = { ...undelivered, waiting: null };
    await save({ position: event.position, memory });
  }

  /** For whoever asks why nothing is told. That it cannot be kept either changes nothing. */
  async #keepWaiting(event: RecordedEvent, error: unknown, { fence, ports }: Holding) {
    if (error instanceof FencedOff) return;
    const now = await this.checkpoint();
    const tried = !ports.signal.aborted;
    const at = { nowMs: this.#o.now(), tried };
    const waiting = stillWaiting(now.undelivered, event, error, at);
    const undelivered = { ...now.undelivered, waiting };
    await this.save({ ...now, undelivered }, fence).catch(() => {});
  }

  /** Null where this version cannot read the event, or its deploy. */
  async #news(
    event: RecordedEvent,
    until: number,
    leaveOut: (error: unknown) => void,
  ): Promise<News | null> {
    const { id, stream, position, version, time, metadata } = event;
    const events = await this.#o.log.readStream(stream);
    const later = events.filter((one) => one.version > version);
    const history = historyOf(
      events.filter((one) => one.version <= version),
      leaveOut,
    );
    if (history === null) return null;
    const next = later.find((one) => one.position <= until);
    return {
      ...{ id, position, version, time, history },
      deploy: stream.slice(prefix.length),
      state: stateAfter({ metadata }),
      nextTime: next?.time ?? null,
      since: () => this.#since(event, later, history[0].data),
      head: async () => headWords(await this.#o.log.headDigest()),
    };
  }

  async #since(
    { position }: RecordedEvent,
    later: readonly RecordedEvent[],
    { lane, deploy, settings: { stacking } }: DeployRequest,
  ): Promise<Since> {
    // What this version cannot read is no word about a run that it knows.
    const types = later.map((one) => ifReadable(() => domainEvent(one))?.type ?? one.type);
    const wentOn = types.some((type) => !aboutRuns.test(type));
    const shipped = await this.#shippedAfter(position, laneStream(lane));
    return { wentOn, shipped, follower: await followerOf(this.#o.log, { lane, deploy, stacking }) };
  }

  /** Which deploy of the lane went live after that position, first. */
  async #shippedAfter(position: number, stream: string): Promise<string | null> {
    for (let after = position; ; ) {
      const read = await this.#o.log.readAll({ after, limit: batch, streamPrefix: stream });
      for (const one of read) {
        const event = one.stream === stream ? ifReadable(() => laneEvent(one)) : null;
        if (event?.type === 'lane.shipped') return event.data.deploy;
      }
      after = read.at(-1)?.position ?? after;
      if (read.length < batch) return null;
    }
  }

  #leftOut({ type, stream }: RecordedEvent, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#o.progress(`a message about ${stream} (${type}) was left out: ${why}`);
  }

  async #isOurs(event: RecordedEvent): Promise<boolean> {
    const { lane, log, channel } = this.#o;
    const { stream } = event;
    // What this version cannot read is no event that it knows not to be wanted.
    const type = channel.wants && ifReadable(() => domainEvent(event))?.type;
    if (type !== undefined && channel.wants?.(type) === false) return false;
    if (lane === null) return true;
    let known = this.#lanes.get(stream);
    if (known === undefined) {
      const [first] = await log.readStream(stream, { limit: 1 });
      known = first === undefined ? '' : (laneOf(first) ?? lane);
      this.#lanes.set(stream, known);
    }
    return known === lane;
  }
}

/** The deploy's events up to the last of these; null where this version cannot read that one. */
function historyOf(
  recorded: readonly RecordedEvent[],
  leaveOut: (error: unknown) => void,
): DeployEvents | null {
  const events: DomainEvent[] = [];
  for (const [at, one] of recorded.entries()) {
    try {
      events.push(redactAll(domainEvent(one)));
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      // A newer version wrote it, and that one can tell it.
      if (at < recorded.length - 1) continue;
      leaveOut(error);
      return null;
    }
  }
  const [first, ...rest] = events;
  return first?.type === 'deploy.requested' ? [first, ...rest] : null;
}

/** Null where this version cannot read it: then that is told, for it may be of the outbox's lane. */
function laneOf(first: RecordedEvent): string | null {
  const event = ifReadable(() => domainEvent(first));
  if (event === null) return null;
  return event.type === 'deploy.requested' ? event.data.lane : '';
}
