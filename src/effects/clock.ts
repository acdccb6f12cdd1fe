/** The real time: the one place in the effects that reads a clock or sets a timer. */

/** Time as the effects see it, so that a test can move it. */
export interface Clock {
  /** Milliseconds since the epoch: for what is said and recorded, and beside times that others tell. */
  now(): number;
  /** Milliseconds since some instant, at an even pace: how long something lasts, and until when it may, whatever is done to the wall's clock. */
  ran(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest that a Node timer can wait: 2^31 - 1 ms, close to 25 days. */
const timerMsMax = 2_147_483_647;

/**
 * The wall's time, but never back: a clock that is set back makes nothing look younger than it is, be
 * it a lease or what was read of the world. Set forward, or asleep with its machine, it goes along.
 *
 * @param wall milliseconds since the epoch; @param monotonic milliseconds since any instant
 */
export function steady(wall: () => number, monotonic: () => number): () => number {
  let aheadMs = Number.NEGATIVE_INFINITY;
  return () => {
    const ran = monotonic();
    aheadMs = Math.max(aheadMs, wall() - ran);
    return Math.round(ran + aheadMs);
  };
}

export const systemClock: Clock = {
  now: steady(Date.now, () => performance.now()),
  ran: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const wake = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), timerMsMax));
      const giveUp = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
    }),
};
