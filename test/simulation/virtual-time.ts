/** Time that moves only when nothing else can: the simulation's one clock and scheduler. */
import type { Clock } from '../../src/effects/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
  /** It was called off: time does not move for it. */
  readonly isOver: () => boolean;
}

/** So many sleepers in a row at one instant are a loop that never sleeps. */
const standingMax = 100_000;

export class VirtualTime {
  #nowMs: number;
  #order = 0;
  /** A binary heap by time, then by order of arrival. */
  readonly #heap: Sleeper[] = [];
  /** Calls under way that no sleeper stands for: a request that the world answers. */
  #busy = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now = (): number => this.#nowMs;

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      let over = false;
      const onAbort = (): void => {
        over = true;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#push({
        // A clock counts whole milliseconds, and no timer rings early.
        at: this.#nowMs + Math.max(0, Math.ceil(ms)),
        order: this.#order++,
        isOver: () => over,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      });
    });

  get clock(): Clock {
    return { now: this.now, ran: this.now, sleep: this.sleep };
  }

  /** Keeps time from moving while a call is under way. */
  async during<T>(call: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await call;
    } finally {
      this.#busy--;
    }
  }

  /** Moves time on until `done`, or until nothing sleeps any more. @returns whether it came to `done` */
  async runUntil(done: () => boolean, untilMs: number): Promise<boolean> {
    for (let standing = 0; ; ) {
      await this.#settle();
      if (done()) return true;
      let next = this.#pop();
      while (next?.isOver()) next = this.#pop();
      if (next === undefined || next.at > untilMs) return false;
      standing = next.at > this.#nowMs ? 0 : standing + 1;
      if (standing > standingMax)
        throw new Error(`time stands still: somebody spins at ${next.at}`);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.wake();
    }
  }

  /** Until every promise that can go on has gone on: a turn of the event loop drains them all. */
  async #settle(): Promise<void> {
    do await new Promise((turn) => setImmediate(turn));
    while (this.#busy > 0);
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#heap;
    let i = heap.push(sleeper) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(sleeper, heap[parent] as Sleeper)) break;
      heap[i] = heap[parent] as Sleeper;
      i = parent;
    }
    heap[i] = sleeper;
  }

  #pop(): Sleeper | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child =
        right < heap.length && before(heap[right] as Sleeper, heap[left] as Sleeper) ? right : left;
      if (!before(heap[child] as Sleeper, last)) break;
      heap[i] = heap[child] as Sleeper;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Sleeper, b: Sleeper): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
