/**
 * Notifications: what the log says is told to a channel, beside the deploy and never in its way. Of several
 * processes one sends at a time, under a lease; what one leaves unsent, the next sends. What the channel lets wait is sent
 * with what comes next, or once it has waited long enough; whoever ends waits for nothing.
 */

import type { Channel } from '../../effects/channels/channel.ts';
import type { Ports } from '../../effects/ports.ts';
import { LockstepError } from '../../errors/error.ts';
import { type EventLog, type Fence, FencedOff, type JsonObject } from '../../store/log.ts';
import { isGone } from '../identity.ts';
import { type Holding, Outbox } from './outbox.ts';
import { sendingPrefix } from './undelivered.ts';

export interface NotifierOptions {
  readonly log: EventLog;
  readonly channel: Channel;
  /** Whose deploys are told; left out: every lane's. Each lane of a channel has a checkpoint of its own. */
  readonly lane?: string;
  readonly ports: Omit<Ports, 'signal'>;
  /** Who this is, for the lease over sending: a run's `owner`. */
  readonly owner: JsonObject;
  /** At most; sending is taken over sooner than a lane. */
  readonly leaseMs: number;
  /** Where the very first notifier of a log begins: behind what is there when it is created, or behind a position. */
  readonly startAt: 'head' | number;
  readonly isGone?: (owner: JsonObject) => boolean;
}

export type Flushed = 'done' | 'timedOut' | 'failed';

export interface Notifier {
  /** Sends what is there to be sent, once. Trouble is told by `progress`, never thrown. */
  drain(): Promise<void>;
  /** Sends from now on, as the log grows. */
  start(): void;
  /**
   * Ends it: sends what the log has by now, within `timeoutMs`. Otherwise says by `progress` that the next
   * run sends the rest: `timedOut`, or `failed` where no message passes until somebody mends something.
   */
  flush(timeoutMs: number): Promise<Flushed>;
}

/** How a round of sending ended. */
type Round =
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'waits'; readonly ms: number }
  | { readonly kind: 'busy'; readonly retryMs: number }
  | { readonly kind: 'trouble'; readonly lasting: boolean };

/** A sender renews three times within its lease; one that died holds up the others no longer than this. */
const leaseMsMax = 10_000;
const idleMs = 30_000;
const backoff = { firstMs: 500, maxMs: 60_000 };
/** After the deadline of a flush, for the lease to be given back. */
const graceMs = 250;

export function createNotifier(options: NotifierOptions): Notifier {
  return new ChannelNotifier(options);
}

/** Several as one. None waits for another. */
export function together(notifiers: readonly Notifier[]): Notifier {
  return {
    async drain() {
      await Promise.all(notifiers.map((one) => one.drain()));
    },
    start() {
      for (const one of notifiers) one.start();
    },
    async flush(timeoutMs) {
      const flushed = await Promise.all(notifiers.map((one) => one.flush(timeoutMs)));
      return flushed.find((one) => one !== 'done') ?? 'done';
    },
  };
}

class ChannelNotifier implements Notifier {
  readonly #options: NotifierOptions;
  readonly #outbox: Outbox;
  readonly #leaseMs: number;
  readonly #resource: string;
  readonly #headAtFirst: Promise<number | null>;
  /** Cuts off whatever is under way. */
  readonly #end = new AbortController();
  /** Ends the waiting in between, and lets what is under way finish. */
  readonly #flushing = new AbortController();
  #round: Promise<unknown> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  #noticed = '';

  constructor(options: NotifierOptions) {
    const { log, channel, lane = null, ports, leaseMs } = options;
    const consumer = lane === null ? channel.name : `${channel.name}/${lane}`;
    this.#options = options;
    this.#leaseMs = Math.min(leaseMs, leaseMsMax);
    this.#resource = sendingPrefix + consumer;
    const { progress, clock } = ports;
    this.#outbox = new Outbox({
      log,
      channel,
      consumer,
      lane,
      progress,
      now: clock.now,
      ran: clock.ran,
    });
    // Read now: what this run is about to write is to be told.
    this.#headAtFirst = log.head().catch(() => null);
  }

  async drain(): Promise<void> {
    await this.#nextRound(true);
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => this.#notice(error));
  }

  async flush(timeoutMs: number): Promise<Flushed> {
    const { clock, progress } = this.#options.ports;
    const { title } = this.#options.channel;
    const over = new AbortController();
    const deadline = clock.sleep(timeoutMs, over.signal).then(
      () => 'timedOut' as const,
      () => 'timedOut' as const,
    );
    this.#flushing.abort();
    const work = this.#finish();
    const flushed = await Promise.race([work, deadline]);
    this.#end.abort(new Error('the run ended before it was told'));
    if (flushed === 'timedOut') {
      const settled = Promise.allSettled([work, this.#loop]);
      await Promise.race([settled, clock.sleep(graceMs, over.signal).catch(() => {})]);
    }
    over.abort();
    if (flushed === 'timedOut') {
      progress(`${title} was not told everything in time; the next run sends the rest`);
    } else if (flushed === 'failed') {
      progress(`${title} was not told everything; the next run after it is mended sends the rest`);
    }
    return flushed;
  }

  async #finish(): Promise<Flushed> {
    await this.#loop;
    const { signal } = this.#end;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const round = await this.#nextRound(true);
      if (round.kind === 'caughtUp') return 'done';
      if (round.kind === 'trouble' && round.lasting) return 'failed';
      await this.#pause(round, attempt, signal);
    }
    return 'timedOut';
  }

  async #run(): Promise<void> {
    const { signal } = this.#flushing;
    for (let attempt = 0; !signal.aborted; ) {
      const watch = new AbortController();
      // Watched from before the round: nothing that is written meanwhile goes unseen.
      const changed = this.#options.log
        .changed({ timeoutMs: idleMs, signal: AbortSignal.any([signal, watch.signal]) })
        .catch(() => {});
      const round = await this.#nextRound(false);
      attempt = round.kind === 'trouble' ? attempt + 1 : 0;
      if (round.kind === 'caughtUp') await changed;
      else if (round.kind === 'waits') {
        const waited = this.#options.ports.clock.sleep(round.ms, watch.signal).catch(() => {});
        await Promise.race([changed, waited]);
      } else await this.#pause(round, attempt, signal);
      watch.abort();
    }
  }

  /** Until it is worth trying again. */
  async #pause(round: Round, attempt: number, signal: AbortSignal): Promise<void> {
    const { log, ports } = this.#options;
    if (round.kind === 'busy') {
      await log.changed({ timeoutMs: round.retryMs, signal }).catch(() => {});
    } else if (round.kind === 'trouble') {
      const ms = round.lasting
        ? backoff.maxMs
        : Math.min(backoff.firstMs * 2 ** (attempt - 1), backoff.maxMs);
      await ports.clock.sleep(ms, signal).catch(() => {});
    }
  }

  /** One after the other. @param all what may wait is sent, too */
  #nextRound(all: boolean): Promise<Round> {
    const round = this.#round.then(() => this.#trySending(all));
    this.#round = round;
    return round;
  }

  async #trySending(all: boolean): Promise<Round> {
    try {
      const round = await this.#send(all);
      if (round.kind === 'caughtUp') this.#noticed = '';
      return round;
    } catch (error) {
      if (error instanceof FencedOff) return { kind: 'busy', retryMs: this.#leaseMs };
      if (!this.#end.signal.aborted) this.#notice(error);
      return { kind: 'trouble', lasting: this.#options.channel.faultOf(error) === 'setup' };
    }
  }

  async #send(all: boolean): Promise<Round> {
    const checkpoint = await this.#outbox.checkpoint();
    if (!checkpoint.begun || checkpoint.ordersFrom === null) {
      const begun = await this.#underLease((holding) => this.#begin(holding.fence));
      return begun.kind === 'caughtUp' ? this.#send(all) : begun;
    }
    const until = await this.#options.log.head();
    const pending = await this.#outbox.pending(until);
    if (pending.events.length === 0 && !this.#outbox.hasSkippedMuch(checkpoint)) {
      return { kind: 'caughtUp' };
    }
    const ms = all ? 0 : this.#outbox.patienceMs(pending);
    if (ms > 0) return { kind: 'waits', ms };
    return this.#underLease((holding) => this.#outbox.send(until, holding));
  }

  async #underLease(work: (holding: Holding) => Promise<void>): Promise<Round> {
    const { log } = this.#options;
    const fence = await this.#takeLease();
    if (fence === null) {
      const lease = await log.lease(this.#resource);
      return { kind: 'busy', retryMs: Math.max(50, (lease?.expiresInMs ?? 0) + 1) };
    }
    const over = new AbortController();
    const signal = AbortSignal.any([this.#end.signal, over.signal]);
    const holding = this.#holding(fence, signal);
    const beating = this.#beat(holding, over);
    try {
      await work(holding);
      return { kind: 'caughtUp' };
    } finally {
      over.abort();
      await beating;
      await log.release(fence).catch(() => {});
    }
  }

  async #takeLease(): Promise<Fence | null> {
    const { log, owner } = this.#options;
    const gone = this.#options.isGone ?? isGone;
    const holder = await log.lease(this.#resource);
    // Nobody waits for a sender whose process has ended.
    if (holder !== null && !holder.released && gone(holder.owner)) {
      await log.release({ resource: this.#resource, token: holder.token });
    }
    const lease = await log.take(this.#resource, owner, this.#leaseMs);
    return lease === null ? null : { resource: this.#resource, token: lease.token };
  }

  #holding(fence: Fence, signal: AbortSignal): Holding {
    const { log, ports } = this.#options;
    return {
      fence,
      ports: { http: ports.http, progress: ports.progress, signal },
      assertHeld: async () => {
        signal.throwIfAborted();
        if (await log.renew(fence, this.#leaseMs)) return;
        throw new FencedOff(fence, (await log.lease(this.#resource))?.token ?? fence.token);
      },
    };
  }

  /** Keeps the lease while a message takes its time; a lost one cuts the message off. */
  async #beat({ assertHeld }: Holding, over: AbortController): Promise<void> {
    while (!over.signal.aborted) {
      try {
        await this.#options.ports.clock.sleep(Math.floor(this.#leaseMs / 3), over.signal);
        await assertHeld();
      } catch (error) {
        if (error instanceof FencedOff) over.abort(error);
        else if (!over.signal.aborted && !this.#end.signal.aborted) continue;
        return;
      }
    }
  }

  /** The very first of this log, or the first that tells orders: what was before it is old news. */
  async #begin(fence: Fence): Promise<void> {
    const now = await this.#outbox.checkpoint();
    if (now.begun && now.ordersFrom !== null) return;
    const head = await this.#headAtFirst;
    const start = this.#options.startAt === 'head' ? head : this.#options.startAt;
    const from = Math.max(now.position, start ?? (await this.#options.log.head()));
    const position = now.begun ? now.position : from;
    await this.#outbox.save({ ...now, position, ordersFrom: from }, fence);
  }

  /** The same trouble is told once. */
  #notice(error: unknown): void {
    const known = error instanceof LockstepError;
    const message = error instanceof Error ? error.message : String(error);
    const notice = `${this.#options.channel.title} is not told for now: ${message}${known && error.hint ? `. ${error.hint}` : ''}`;
    if (notice === this.#noticed) return;
    this.#noticed = notice;
    this.#options.ports.progress(notice);
  }
}
