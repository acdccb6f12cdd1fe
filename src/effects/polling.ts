/** Asks a vendor again and again until there is an answer or the time is up. */
import type { LockstepError } from '../errors/error.ts';
import { VendorRefused, VendorUnreachable } from './http/errors.ts';
import type { Ports } from './ports.ts';

export interface PollOptions {
  readonly timeoutMs: number;
  readonly pauseMaxMs: number;
  /** How long it usually takes, so that little is asked before and much then; null: nobody knows. It is not waited for. */
  readonly usualMs?: Promise<number | null>;
  /** How the time between two asks passes; it may end early where something tells that there is an answer. Default: asleep. */
  readonly rest?: (time: RestTime) => Promise<void>;
}

/** In milliseconds. */
export interface RestTime {
  readonly pauseMs: number;
  /** Until the time is up. */
  readonly leftMs: number;
}

/** Between the first two asks, so that a quick answer is soon known; it grows by half each time, up to `pauseMaxMs`. */
const firstPauseMs = 250;
/** Where it is known how long it usually takes: asked from a little before on, first at so small a part of it, but not more often. */
const usual = { from: 7 / 8, pause: 1 / 16, pauseMinMs: 100 };

/**
 * What `ask` gives, as soon as that is not undefined; undefined when the time is up. It is asked at
 * least once, and once at the end. A vendor that does not answer, fails (5xx) or limits the rate is
 * asked again like one that has no answer yet: the work goes on over there meanwhile.
 *
 * @throws what `ask` throws else; and at the end what it threw last
 */
export async function pollUntil<T>(
  ports: Ports,
  { timeoutMs, pauseMaxMs, usualMs, rest = asleep(ports) }: PollOptions,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const begunAt = ports.clock.ran();
  const deadline = begunAt + timeoutMs;
  let pauses = new Pauses(null, pauseMaxMs);
  const heard = (known: number | null) => {
    if (known !== null) pauses = new Pauses(known, pauseMaxMs);
  };
  // Who reads it may take as long as the log is away.
  usualMs?.then(heard, () => {});
  for (;;) {
    const startedAt = ports.clock.ran();
    let failure: LockstepError | null = null;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!isTransient(error)) throw error;
      failure = error;
      ports.progress(`${error.message}; asking again`);
    }
    const now = ports.clock.ran();
    if (now >= deadline) {
      if (failure !== null) throw failure;
      return undefined;
    }
    // What the ask itself took counts as pause.
    const leftMs = deadline - now;
    const pause = pauses.next(startedAt - begunAt) - (now - startedAt);
    await rest({ pauseMs: Math.min(Math.max(pause, 0), leftMs), leftMs });
  }
}

/** Each half as long again as the one before, up to the longest; none before it is worth asking, but the longest. */
class Pauses {
  readonly #longestMs: number;
  readonly #fromMs: number;
  #nextMs: number;

  /** @param usualMs how long it usually takes; null: nobody knows */
  constructor(usualMs: number | null, longestMs: number) {
    this.#longestMs = longestMs;
    this.#fromMs = (usualMs ?? 0) * usual.from;
    this.#nextMs =
      usualMs === null ? firstPauseMs : Math.max(usualMs * usual.pause, usual.pauseMinMs);
  }

  /** @param ranMs since the first ask */
  next(ranMs: number): number {
    if (ranMs < this.#fromMs) return Math.min(this.#fromMs - ranMs, this.#longestMs);
    const pause = Math.min(this.#nextMs, this.#longestMs);
    this.#nextMs = Math.ceil(pause * 1.5);
    return pause;
  }
}

const asleep =
  ({ clock, signal }: Ports) =>
  ({ pauseMs }: RestTime) =>
    clock.sleep(pauseMs, signal);

/** Says nothing about what was asked: ask again. After a write it means that it may have happened. */
export function isTransient(error: unknown): error is LockstepError {
  if (error instanceof VendorUnreachable) return true;
  return (
    error instanceof VendorRefused && (error.status >= 500 || error.code === 'E_VENDOR_RATE_LIMIT')
  );
}
