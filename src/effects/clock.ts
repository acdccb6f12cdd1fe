/** The real time: the one place in the effects that reads a clock or sets a timer. */
import type { Clock } from './ports.ts';

/** The longest that a Node timer can wait: 2^31 - 1 ms, close to 25 days. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
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
