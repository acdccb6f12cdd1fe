/** The one look at the log's end that all who watch a page share. */
import type { EventLog } from '../store/log.ts';

const lookMs = 5_000;

export class Tail {
  readonly #log: EventLog;
  readonly #listeners = new Set<(position: number) => void>();
  #position = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The log's last global position, as far as it was looked at. */
  get position(): number {
    return this.#position;
  }

  /** Looks until it is stopped. @throws StoreUnavailable the log cannot be read any more */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const grown = this.#log.changed({ timeoutMs: lookMs, signal });
      await this.look();
      await grown;
    }
  }

  async look(): Promise<void> {
    const head = await this.#log.head();
    if (head === this.#position) return;
    this.#position = head;
    for (const listener of this.#listeners) listener(head);
  }

  /** @returns what ends it */
  listen(listener: (position: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
