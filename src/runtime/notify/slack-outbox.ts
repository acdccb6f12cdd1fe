/**
 * The outbox towards Slack: goes through the log after its checkpoint and sends what each event has
 * to say. The checkpoint is saved after every message, so a rerun goes on behind the last one. Only a
 * message whose answer was lost, or whose sender was killed before it could save, is sent again.
 */

import { asPlainText } from '../../effects/channels/slack/blocks.ts';
import {
  type Slack,
  type SlackMessage,
  type SlackPlace,
  slackFault,
} from '../../effects/channels/slack/slack.ts';
import type { Ports } from '../../effects/ports.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { EventLog, Fence, JsonObject, RecordedEvent } from '../../store/log.ts';
import { domainEvent, UnreadableLog } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';
import { SlackBacklog } from './slack-backlog.ts';
import {
  callsOncall,
  deployMessage,
  type History,
  isLast,
  stepMessages,
} from './slack-messages.ts';

export interface OutboxOptions {
  readonly log: EventLog;
  readonly slack: Slack;
  /** The checkpoint's name in the log. */
  readonly consumer: string;
  /** Only this lane's deploys; null: all of the log's. */
  readonly lane: string | null;
  readonly oncall: string | null;
  readonly progress: Ports['progress'];
  /** Tells how old an event is. */
  readonly clock: Pick<Ports['clock'], 'now'>;
}

/** What the checkpoint remembers besides its position. */
interface OutboxState {
  /** Where each deploy's message is, while the deploy is not settled; the oldest first. */
  readonly threads: Readonly<Record<string, SlackPlace>>;
  /** How many messages of the event after the position were sent already. */
  readonly sent: { readonly position: number; readonly count: number } | null;
  /** Of deploys whose old steps wait to be told in one: the version of the first of those. */
  readonly folded: Readonly<Record<string, number>>;
}

export interface OutboxCheckpoint extends OutboxState {
  readonly position: number;
  /** False: nobody has ever sent from this log. */
  readonly begun: boolean;
}

/** Each send happens under this lease. */
export interface Holding {
  readonly fence: Fence;
  readonly ports: Pick<Ports, 'http' | 'signal'>;
  /** Makes sure that the lease is still held. @throws FencedOff */
  readonly assertHeld: () => Promise<void>;
}

const batch = 200;
const prefix = deployStream('');
/** Deploys that nobody ever goes on with are forgotten at some time; one that is gets a new message. */
const threadsMax = 200;

export class SlackOutbox {
  readonly #o: OutboxOptions;
  /** Behind the checkpoint, what is none of ours; not worth a write. */
  #skippedTo = 0;
  readonly #backlog: SlackBacklog;
  readonly #lanes = new Map<string, string>();

  constructor(options: OutboxOptions) {
    this.#o = options;
    this.#backlog = new SlackBacklog(options.log, options.clock);
  }

  async checkpoint(): Promise<OutboxCheckpoint> {
    const { position, state } = await this.#o.log.checkpoint(this.#o.consumer);
    const { threads = {}, sent = null, folded = {} } = state as Partial<OutboxState>;
    return { position, begun: Object.keys(state).length > 0, threads, sent, folded };
  }

  async save({ position, threads, sent, folded }: Omit<OutboxCheckpoint, 'begun'>, fence: Fence) {
    const entries = Object.entries(threads).slice(-threadsMax);
    const state: OutboxState = { threads: Object.fromEntries(entries), sent, folded };
    const { log, consumer } = this.#o;
    await log.saveCheckpoint(consumer, { position, state: state as unknown as JsonObject }, fence);
  }

  /** Events that are still to be announced, at most 200, up to `until`. */
  async pending(until: number): Promise<readonly RecordedEvent[]> {
    const { position } = await this.checkpoint();
    for (let after = Math.max(position, this.#skippedTo); after < until; ) {
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

  /** Sends everything up to `until`, one message at a time. @throws what Slack or the log refused */
  async send(until: number, holding: Holding): Promise<void> {
    for (;;) {
      const events = await this.pending(until);
      if (events.length === 0) return;
      for (const event of events) {
        const isNewest = !events.some(
          ({ stream, version }) => stream === event.stream && version > event.version,
        );
        await this.#announce(event, { isNewest, until }, holding);
      }
    }
  }

  async #announce(
    event: RecordedEvent,
    { isNewest, until }: { isNewest: boolean; until: number },
    holding: Holding,
  ): Promise<void> {
    const now = await this.checkpoint();
    if (event.position <= now.position) return;
    const deploy = event.stream.slice(prefix.length);
    const history = await this.#history(event);
    const threads: Record<string, SlackPlace> = { ...now.threads };
    const folded: Record<string, number> = { ...now.folded };
    const save = (count: number | null) => {
      const sent = count === null ? null : { position: event.position, count };
      const position = count === null ? event.position : now.position;
      return this.save({ position, threads, sent, folded }, holding.fence);
    };
    if (history === null) return save(null);
    if (await this.#backlog.isFolded(event, until)) {
      folded[deploy] ??= event.version;
      return save(null);
    }
    const messages = await this.#messages(event, history, now);
    let count = now.sent?.position === event.position ? now.sent.count : 0;
    let opened = false;
    if (this.#o.slack.mode === 'bot' && threads[deploy] === undefined) {
      // What is told in one is told by the deploy's own message, too.
      const isOne = folded[deploy] !== undefined && count === 0 && messages.length > 0;
      const own = isOne ? messages[0] : undefined;
      const { place } = await this.#post(own ?? deployMessage(history), null, event, holding);
      if (place !== null) threads[deploy] = place;
      if (own !== undefined) count++;
      opened = true;
      await save(count);
    }
    for (const message of messages.slice(count)) {
      const { threadIsGone } = await this.#post(message, threads[deploy] ?? null, event, holding);
      // The next step begins another.
      if (threadIsGone) delete threads[deploy];
      count++;
      await save(count);
    }
    const place = threads[deploy];
    if (place !== undefined && isNewest && !opened) {
      const kept = await this.#update(place, deployMessage(history), event, holding);
      if (!kept) delete threads[deploy];
    }
    if (isLast(history.at(-1) ?? history[0])) delete threads[deploy];
    delete folded[deploy];
    await save(null);
  }

  async #messages(
    event: RecordedEvent,
    history: History,
    { folded }: OutboxCheckpoint,
  ): Promise<SlackMessage[]> {
    const { slack, oncall } = this.#o;
    const from = folded[event.stream.slice(prefix.length)];
    return stepMessages(history, {
      mode: slack.mode,
      oncall,
      folded: from === undefined ? [] : history.slice(from - 1, -1),
      overtaken: callsOncall(history.at(-1) ?? history[0])
        ? await this.#backlog.overtaken(event, history[0].data.lane)
        : null,
    });
  }

  /** Posts it as well as Slack takes it: else as plain text, else outside of its thread, else not at all. */
  async #post(
    message: SlackMessage,
    thread: SlackPlace | null,
    event: RecordedEvent,
    { assertHeld, ports }: Holding,
  ): Promise<{ place: SlackPlace | null; threadIsGone: boolean }> {
    let [shape, where] = [message, thread];
    for (;;) {
      await assertHeld();
      try {
        const place = await this.#o.slack.post(shape, ports, where);
        return { place, threadIsGone: thread !== null && where === null };
      } catch (error) {
        const fault = slackFault(error);
        if (fault === 'message' && shape.blocks.length > 0) shape = asPlainText(shape);
        else if (fault === 'thread' && where !== null) where = null;
        else if (fault !== 'message' && fault !== 'thread') throw error;
        else {
          this.#skipped(event, error);
          return { place: null, threadIsGone: false };
        }
      }
    }
  }

  /** False: the message cannot be changed any more. */
  async #update(
    place: SlackPlace,
    message: SlackMessage,
    event: RecordedEvent,
    { assertHeld, ports }: Holding,
  ): Promise<boolean> {
    await assertHeld();
    try {
      await this.#o.slack.update(place, message, ports);
      return true;
    } catch (error) {
      const fault = slackFault(error);
      if (fault !== 'message' && fault !== 'thread') throw error;
      this.#skipped(event, error);
      return fault === 'message';
    }
  }

  #skipped({ type, stream }: RecordedEvent, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#o.progress(`a message about ${stream} (${type}) was left out: ${why}`);
  }

  async #isOurs({ stream }: RecordedEvent): Promise<boolean> {
    const { lane, log } = this.#o;
    if (lane === null) return true;
    let known = this.#lanes.get(stream);
    if (known === undefined) {
      const [first] = await log.readStream(stream, { limit: 1 });
      known = first === undefined ? '' : (laneOf(first) ?? lane);
      this.#lanes.set(stream, known);
    }
    return known === lane;
  }

  /** The deploy's events up to this one; null where this version cannot read them. */
  async #history({ stream, version }: RecordedEvent): Promise<History | null> {
    const events: DomainEvent[] = [];
    for (const recorded of await this.#o.log.readStream(stream, { limit: version })) {
      try {
        events.push(redactAll(domainEvent(recorded)));
      } catch (error) {
        if (!(error instanceof UnreadableLog)) throw error;
        // A newer version wrote it, and that one can announce it.
        if (recorded.version !== version) continue;
        this.#skipped(recorded, error);
        return null;
      }
    }
    const [first, ...rest] = events;
    return first?.type === 'deploy.requested' ? [first, ...rest] : null;
  }
}

/** Null where this version cannot read it: then that is told, for it may be of the outbox's lane. */
function laneOf(first: RecordedEvent): string | null {
  try {
    const event = domainEvent(first);
    return event.type === 'deploy.requested' ? event.data.lane : '';
  } catch (error) {
    if (!(error instanceof UnreadableLog)) throw error;
    return null;
  }
}
