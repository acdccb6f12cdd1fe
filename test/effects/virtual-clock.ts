/** A clock that jumps: whoever sleeps is woken at once, in the order of their times, and time moves on by what they slept. */
import type { Clock } from '../../src/effects/clock.ts';

export interface VirtualClock extends Clock {
  /** Every sleep that was begun, in milliseconds. */
  readonly slept: readonly number[];
  /** Moves the time on, and wakes those whose time has come, those that are held included. */
  advance(ms: number): void;
}

interface Sleeper {
  readonly at: number;
  readonly held: boolean;
  readonly wake: () => void;
}

/** `holdMs`: sleeps of that length or more are woken by `advance` alone, as deadlines should be. */
export function createVirtualClock({
  now = Date.parse('2026-01-05T10:00:00Z'),
  holdMs = Number.POSITIVE_INFINITY,
} = {}): VirtualClock {
  let time = now;
  let sleepers: Sleeper[] = [];
  const slept: number[] = [];

  const wakeFirst = () => {
    const [first] = sleepers.filter(({ held }) => !held).sort((a, b) => a.at - b.at);
    if (first === undefined) return;
    sleepers = sleepers.filter((one) => one !== first);
    time = Math.max(time, first.at);
    first.wake();
  };

  return {
    slept,
    now: () => time,
    ran: () => time,
    advance(ms) {
      time += ms;
      const due = sleepers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
      sleepers = sleepers.filter((one) => !due.includes(one));
      for (const { wake } of due) wake();
    },
    sleep(ms, signal) {
      slept.push(ms);
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const giveUp = () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          reject(signal?.reason);
        };
        const wake = () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        };
        const sleeper: Sleeper = { at: time + ms, held: ms >= holdMs, wake };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', giveUp, { once: true });
        if (!sleeper.held) setImmediate(wakeFirst);
      });
    },
  };
}
