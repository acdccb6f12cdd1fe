/**
 * The channel port: what the outbox delivers to. A channel tells people, or their programs, what becomes of deploys, and
 * what people order for a lane.
 *
 * Of each deploy every event is delivered in its order, at least once; `News.id` is the event's own, the same when it
 * is delivered again. A channel never slows down or fails a deploy: it is told beside it, by its own outbox.
 */
import type { DomainEvent } from '../../machine/events.ts';
import type { Order } from '../../machine/orders.ts';
import type { Ports } from '../ports.ts';

/** A deploy's events, oldest first; the first is what asked for it. */
export type DeployEvents = readonly [
  Extract<DomainEvent, { type: 'deploy.requested' }>,
  ...DomainEvent[],
];

/** One event of a deploy, as it is to be told. */
export interface News {
  /** The event's id (a UUID). */
  readonly id: string;
  readonly deploy: string;
  /** Of the event in the whole log; it grows. */
  readonly position: number;
  /** Of the event in its deploy: 1 for the first. */
  readonly version: number;
  /** When it was recorded: ISO 8601, UTC. */
  readonly time: string;
  /** The deploy's events up to and including this one, redacted. */
  readonly history: DeployEvents;
  /** The state that the event led to, as it was recorded (see machine/state-facts.ts); null where the record has none. */
  readonly state: string | null;
  /** When the deploy's next event was recorded (ISO 8601), where that one is about to be delivered too; null: this is the newest. */
  readonly nextTime: string | null;
  /** What has happened since. Reads the log. */
  readonly since: () => Promise<Since>;
  /** The log's head, in words, for people who keep it elsewhere (docs/audit.md): it stands for this event and all before it. Reads the log. */
  readonly head: () => Promise<string>;
}

/** One order of a person for a lane, as it is to be told. */
export interface OrderNews extends Pick<News, 'id' | 'position' | 'time'> {
  readonly lane: string;
  /** Of the event in its lane's stream. */
  readonly version: number;
  /** Redacted. */
  readonly order: Order;
}

export interface Since {
  /** The deploy itself went on. */
  readonly wentOn: boolean;
  /** The deploy of the lane that went live since, by its id; null: none did. */
  readonly shipped: string | null;
  /** The deploy of the lane that goes next, or goes already, by its id and its build's label; null: none waits. */
  readonly follower: { readonly deploy: string; readonly build: string } | null;
}

/** Whatever a channel keeps from one delivery to the next, as JSON; the log has it beside the channel's checkpoint. */
export type Memory = Readonly<Record<string, unknown>>;

/** What a channel is handed besides the news. */
export interface Delivery {
  readonly ports: Pick<Ports, 'http' | 'signal' | 'progress'>;
  /** As the channel left it. Empty at first; an earlier version of the channel may have written it. */
  readonly memory: Memory;
  /** Makes sure that nobody else sends by now. Awaited before each message. @throws when somebody does: to be passed on */
  readonly assertHeld: () => Promise<void>;
  /** Keeps how far it came within this event. Where the process is killed after it, the same news comes again with this. */
  readonly remember: (memory: Memory) => Promise<void>;
  /** Says to whoever watches the run that the channel does not take a message about this event, and why. */
  readonly leftOut: (error: unknown) => void;
}

/**
 * What it means that `deliver` throws:
 * - `passing`: it is tried again, after a pause that grows.
 * - `setup`: nothing passes until a person mends something; a run that ends does not wait for it.
 *
 * News that the channel does not take in any form is no failure: it is left out (`Delivery.leftOut`), for it must not
 * hold up what comes after it.
 */
export type ChannelFault = 'passing' | 'setup';

export interface Channel {
  /**
   * The key under `notify` in `pipeline.yml`; where several channels are under one key, `KEY/NAME` with a name of its
   * own each. The log keeps the checkpoint under it: it stays the same as long as the channel is the same to people.
   */
  readonly name: string;
  /** For people: `Slack`. */
  readonly title: string;
  /** Whether it is told of events and orders of that type; left out: of all. */
  readonly wants?: (type: string) => boolean;
  /**
   * How long that event of a deploy may wait for the next ones, in milliseconds, to be told together with them; left out,
   * or 0: it is told at once, and all that waits before it.
   */
  patienceMs?(event: DomainEvent, at: Pick<News, 'deploy' | 'state'>): number;
  /** Tells one event. @returns what to keep until the next one @throws what `faultOf` explains */
  deliver(news: News, delivery: Delivery): Promise<Memory>;
  /** Tells one order, as `deliver` tells an event; left out: it is told of none. */
  announce?(news: OrderNews, delivery: Delivery): Promise<Memory>;
  faultOf(error: unknown): ChannelFault;
}
