/** Waiting for somebody to write to the log: this process says so itself, others are seen by a number that changes. */

/** Rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface ChangeSource {
  /**
   * A number that is another one after every commit of another connection; null where there can be
   * none. It answers at the signal at the latest.
   */
  readonly look: ((signal: AbortSignal) => number | Promise<number>) | null;
  /** What `look` said last, where looking takes time: a write between the two ends the wait at once. */
  readonly seen: (() => number) | null;
  readonly pollMs: () => number;
  readonly sleep: Sleep;
}

/** Why a wait ends early. A reason that is there already: making an error for each is slow. */
const somethingWasWritten = 'something was written';

export class Changes {
  readonly #source: ChangeSource;
  readonly #waiting = new Set<AbortController>();
  #isClosed = false;

  constructor(source: ChangeSource) {
    this.#source = source;
  }

  /** Something was written, by this process or as it was told. */
  wrote(): void {
    for (const waiter of this.#waiting) waiter.abort(somethingWasWritten);
    this.#waiting.clear();
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#isClosed = true;
    this.wrote();
  }

  /** Resolves at a write after this call, at `timeoutMs` at the latest, or at abort. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { look, seen, pollMs, sleep } = this.#source;
    if (this.#isClosed || signal?.aborted === true) return;
    const before = seen?.();
    const woken = new AbortController();
    const wake = () => woken.abort(somethingWasWritten);
    this.#waiting.add(woken);
    signal?.addEventListener('abort', wake, { once: true });
    try {
      // What each look takes counts, and what is slept: no clock that can be set ends a wait, or prolongs one.
      for (let leftMs = timeoutMs; leftMs > 0; ) {
        const lookedAt = performance.now();
        if ((await look?.(woken.signal)) !== before) return;
        leftMs -= Math.floor(performance.now() - lookedAt);
        const pauseMs = look === null ? leftMs : Math.min(pollMs(), leftMs);
        if (pauseMs > 0) await sleep(pauseMs, woken.signal);
        leftMs -= pauseMs;
      }
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      this.#waiting.delete(woken);
      signal?.removeEventListener('abort', wake);
    }
  }
}
