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
  /** How long until the next look, after so many that saw nothing. */
  readonly pollMs: (looks: number) => number;
  readonly sleep: Sleep;
}

/** Why a wait ends early. A reason that is there already: making an error for each is slow. */
const somethingWasWritten = 'something was written';

interface Waiter {
  readonly before: number | undefined;
  readonly woken: AbortController;
}

export class Changes {
  readonly #source: ChangeSource;
  readonly #waiting = new Set<Waiter>();
  /** Ends the looking that is under way. */
  #looking: AbortController | null = null;
  /** How many looks in a row saw nothing. */
  #looks = 0;
  #isClosed = false;

  constructor(source: ChangeSource) {
    this.#source = source;
  }

  /** Something was written, by this process or as it was told. */
  wrote(): void {
    this.#looks = 0;
    for (const { woken } of this.#waiting) woken.abort(somethingWasWritten);
  }

  /** Somebody may be writing: it is looked for now, and often until it is seen. */
  mayHaveWritten(): void {
    this.#looks = 0;
    if (this.#waiting.size > 0) void this.#lookForAll();
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#isClosed = true;
    this.wrote();
  }

  /** Resolves at a write after this call, at `timeoutMs` at the latest, or at abort. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { seen, sleep } = this.#source;
    if (this.#isClosed || signal?.aborted === true || timeoutMs <= 0) return;
    const waiter: Waiter = { before: seen?.(), woken: new AbortController() };
    const wake = () => waiter.woken.abort(somethingWasWritten);
    this.#waiting.add(waiter);
    signal?.addEventListener('abort', wake, { once: true });
    const isOver = sleep(timeoutMs, waiter.woken.signal);
    void this.#lookForAll();
    try {
      await isOver;
    } catch (error) {
      const { aborted, reason } = waiter.woken.signal;
      if (!aborted) throw error;
      if (reason !== somethingWasWritten) throw reason;
    } finally {
      signal?.removeEventListener('abort', wake);
      this.#waiting.delete(waiter);
      if (this.#waiting.size === 0) this.#looking?.abort();
    }
  }

  /** One look for all who wait, now and after each pause, however many they are; whoever comes has it begin anew. */
  async #lookForAll(): Promise<void> {
    const { look, pollMs, sleep } = this.#source;
    if (look === null) return;
    this.#looking?.abort();
    const over = new AbortController();
    this.#looking = over;
    try {
      while (!over.signal.aborted) {
        const now = await look(over.signal);
        if (over.signal.aborted) return;
        this.#looks += 1;
        for (const { before, woken } of this.#waiting) {
          if (before === now) continue;
          this.#looks = 0;
          woken.abort(somethingWasWritten);
        }
        await sleep(pollMs(this.#looks), over.signal);
      }
    } catch (error) {
      if (over.signal.aborted) return;
      for (const { woken } of this.#waiting) woken.abort(error);
    }
  }
}
