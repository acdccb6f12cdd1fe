/**
 * A channel's outbox: goes through the log after the channel's checkpoint and delivers each event of a deploy and each order
 * for a lane, as they were recorded. The checkpoint is saved after every event, and within one as often as the channel has something to keep; a rerun goes on
 * behind it.
 */
import type { Channel, Delivery, Memory } from '../../effects/channels/channel.ts';
import type { Ports } from '../../effects/ports.ts';
import { orderTypes } from '../../machine/orders.ts';
import {
  type EventLog,
  type Fence,
  FencedOff,
  type JsonObject,
  type RecordedEvent,
} from '../../store/log.ts';
import { deploysOf } from '../audit/deploys.ts';
import { domainEvent, ifReadable, stateAfter } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';
import { deployNews } from './deploy-news.ts';
import { orderNews, ordersBetween } from './order-news.ts';
import { ToldHistories } from './told-histories.ts';
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
  /** Milliseconds since some instant, at an even pace. */
  readonly ran: () => number;
}

export interface OutboxCheckpoint {
  readonly position: number;
  /** False: nobody has ever delivered from this log. */
  readonly begun: boolean;
  /** Orders up to here are old news; null: nobody has delivered any yet. */
  readonly ordersFrom: number | null;
  /** The channel's own; the outbox looks at nothing in it. */
  readonly memory: Memory;
  readonly undelivered: Undelivered;
}

/** What is still to be told. */
export interface Pending {
  /** In order. */
  readonly events: readonly RecordedEvent[];
  /** False: they are many, and these are the first. */
  readonly isAll: boolean;
}

/** Each delivery happens under this lease. */
export interface Holding {
  readonly fence: Fence;
  readonly ports: Pick<Ports, 'http' | 'signal' | 'progress'>;
  /** Makes sure that the lease is still held. @throws FencedOff */
  readonly assertHeld: () => Promise<void>;
}

const batch = 200;
/** With news of more deploys than that, to read the whole log takes no longer than to read each deploy. */
const fewDeploysMax = 50;
/** After so many events that are not for this channel, the checkpoint is moved, so that no later run goes over them again. */
const skippedMax = 500;
const prefix = deployStream('');

export class Outbox {
  readonly #options: OutboxOptions;
  /** Up to here nothing is for this channel; it is behind the checkpoint by too little for a write. */
  #skippedTo = 0;
  readonly #lanes = new Map<string, string>();
  readonly #histories: ToldHistories;
  /** The first of what was pending, and since when, by `ran`. */
  #first = { position: 0, sinceRan: 0 };

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#histories = new ToldHistories(options.log);
  }

  async checkpoint(): Promise<OutboxCheckpoint> {
    const { position, state } = await this.#options.log.checkpoint(this.#options.consumer);
    const { begun = Object.keys(state).length > 0, ordersFrom, undelivered: _, ...memory } = state;
    return {
      ...{ position, begun: begun === true, memory, undelivered: undeliveredIn(state) },
      ordersFrom: typeof ordersFrom === 'number' ? ordersFrom : null,
    };
  }

  async save(
    { position, ordersFrom, memory, undelivered }: Omit<OutboxCheckpoint, 'begun'>,
    fence: Fence,
  ): Promise<void> {
    const { log, consumer } = this.#options;
    const isClean = undelivered.waiting === null && undelivered.leftOutCount === 0;
    const kept = isClean ? {} : { undelivered };
    const mark = ordersFrom === null ? {} : { ordersFrom };
    const state = { ...memory, ...kept, ...mark, begun: true } as unknown as JsonObject;
    await log.saveCheckpoint(consumer, { position, state }, fence);
  }

  /** What is still to be told up to `until`. */
  async pending(until: number): Promise<Pending> {
    const { position, ordersFrom } = await this.checkpoint();
    const { events, isAll } = await this.#ofDeploys(Math.max(position, this.#skippedTo), until);
    const upTo = isAll ? until : (events.at(-1)?.position ?? until);
    const orders = await this.#orders(position, ordersFrom, upTo);
    return { events: [...events, ...orders].sort((a, b) => a.position - b.position), isAll };
  }

  /** For how many milliseconds more all that is pending may wait; 0: it is to be told now, or nothing is. */
  patienceMs({ events, isAll }: Pending): number {
    const [first] = events;
    if (first === undefined || !isAll) return 0;
    const ran = this.#options.ran();
    const { position } = first;
    // Counted from when this process saw it, and not by the event's time: that is another machine's clock.
    if (this.#first.position !== position) this.#first = { position, sinceRan: ran };
    const least = Math.min(...events.map((event) => this.#patienceWith(event)));
    return Math.max(0, least - (ran - this.#first.sinceRan));
  }

  #patienceWith(recorded: RecordedEvent): number {
    const { stream } = recorded;
    const event = stream.startsWith(prefix) ? ifReadable(() => domainEvent(recorded)) : null;
    if (event === null) return 0;
    const at = { deploy: stream.slice(prefix.length), state: stateAfter(recorded) };
    return this.#options.channel.patienceMs?.(event, at) ?? 0;
  }

  async #orders(
    position: number,
    ordersFrom: number | null,
    until: number,
  ): Promise<readonly RecordedEvent[]> {
    const { log, lane, channel } = this.#options;
    if (channel.announce === undefined || ordersFrom === null) return [];
    const types = orderTypes.filter((type) => channel.wants?.(type) !== false);
    const after = Math.max(position, ordersFrom);
    return types.length === 0 ? [] : ordersBetween(log, { lane, types, after, until });
  }

  async #ofDeploys(from: number, until: number): Promise<Pending> {
    const few = await this.#ofFewDeploys(from, until);
    if (few !== null) {
      if (few.events.length === 0) this.#skippedTo = Math.max(from, until);
      return few;
    }
    for (let after = from; after < until; ) {
      const read = await this.#options.log.readAll({ after, limit: batch, streamPrefix: prefix });
      const events = read.filter((event) => event.position <= until);
      const ours: RecordedEvent[] = [];
      for (const event of events) if (await this.#isOurs(event)) ours.push(event);
      if (ours.length > 0) return { events: ours, isAll: false };
      after = events.at(-1)?.position ?? until;
      this.#skippedTo = Math.max(this.#skippedTo, after);
      if (read.length < batch) break;
    }
    return { events: [], isAll: true };
  }

  /** By the table of deploys, which is only an index: what is told is read from the streams. Null: they are many, and all is read. */
  async #ofFewDeploys(after: number, until: number): Promise<Pending | null> {
    const { lane, log } = this.#options;
    if (lane === null) return null;
    if (after >= until) return { events: [], isAll: true };
    const deploys = await deploysOf(log, lane, { after, limit: fewDeploysMax + 1 });
    if (deploys.length > fewDeploysMax) return null;
    const ours: RecordedEvent[] = [];
    for (const deploy of deploys) {
      for (const event of await log.readStream(deployStream(deploy))) {
        const { position } = event;
        if (position > after && position <= until && (await this.#isOurs(event))) ours.push(event);
      }
    }
    const events = ours.sort((a, b) => a.position - b.position).slice(0, batch);
    return { events, isAll: events.length === ours.length };
  }

  /** Whether so many events behind the checkpoint are not for this channel that it should be moved. */
  hasSkippedMuch({ position }: OutboxCheckpoint): boolean {
    return this.#skippedTo - position >= skippedMax;
  }

  /** Delivers everything up to `until`, one event after the other. @throws what the channel or the log refused */
  async send(until: number, holding: Holding): Promise<void> {
    for (;;) {
      const { events } = await this.pending(until);
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
      leftOut.push(leftOutNow(event, error, this.#options.now()));
      this.#leftOut(event, error);
    };
    const { ordersFrom } = now;
    const save = (kept: Pick<OutboxCheckpoint, 'position' | 'memory'>): Promise<void> => {
      undelivered = withLeftOut(undelivered, leftOut.splice(0));
      return this.save({ ...kept, ordersFrom, undelivered }, fence);
    };
    const tell = await this.#telling(event, until, leaveOut);
    let { memory } = now;
    if (tell !== null) {
      const { position } = now;
      const remember = (kept: Memory): Promise<void> => save({ position, memory: kept });
      const delivery = { ports, memory, assertHeld, remember, leftOut: leaveOut };
      try {
        memory = await tell(delivery);
      } catch (error) {
        await this.#keepWaiting(event, error, holding);
        throw error;
      }
    }
    undelivered = { ...undelivered, waiting: null };
    await save({ position: event.position, memory });
  }

  /** Null where this version cannot read what is to be told. */
  async #telling(
    event: RecordedEvent,
    until: number,
    leaveOut: (error: unknown) => void,
  ): Promise<((delivery: Delivery) => Promise<Memory>) | null> {
    const { log, channel } = this.#options;
    if (event.stream.startsWith(prefix)) {
      const from = { log, histories: this.#histories };
      const news = await deployNews(from, event, until, leaveOut);
      return news === null ? null : (delivery) => channel.deliver(news, delivery);
    }
    const news = orderNews(event, leaveOut);
    return news === null ? null : async (delivery) => channel.announce?.(news, delivery) ?? {};
  }

  /** For whoever asks why nothing is told. That it cannot be kept either changes nothing. */
  async #keepWaiting(event: RecordedEvent, error: unknown, { fence, ports }: Holding) {
    if (error instanceof FencedOff) return;
    const now = await this.checkpoint();
    const tried = !ports.signal.aborted;
    const at = { nowMs: this.#options.now(), tried };
    const waiting = stillWaiting(now.undelivered, event, error, at);
    const undelivered = { ...now.undelivered, waiting };
    await this.save({ ...now, undelivered }, fence).catch(() => {});
  }

  #leftOut({ type, stream }: RecordedEvent, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#options.progress(`a message about ${stream} (${type}) was left out: ${why}`);
  }

  async #isOurs(event: RecordedEvent): Promise<boolean> {
    const { lane, log, channel } = this.#options;
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

/** Null where this version cannot read it: then that is told, for it may be of the outbox's lane. */
function laneOf(first: RecordedEvent): string | null {
  const event = ifReadable(() => domainEvent(first));
  if (event === null) return null;
  return event.type === 'deploy.requested' ? event.data.lane : '';
}
