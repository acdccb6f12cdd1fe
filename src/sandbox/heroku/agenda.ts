/** Time in the sandbox: what is due happens, in order, when somebody looks; nothing runs on timers. */

interface Due {
  readonly at: number;
  readonly act: () => void;
}

export class Agenda {
  readonly #clock: () => number;
  #due: Due[] = [];
  /** The instant that is being lived through. */
  #at: number;

  /** @param clock milliseconds since the epoch */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#at = clock();
  }

  /** Milliseconds since the epoch: the instant that was settled last, or that of the deed being done. */
  get now(): number {
    return this.#at;
  }

  /** Does all that is due by now, each at its own instant; what that makes due by now as well. */
  settle(): void {
    const now = this.#clock();
    for (let next = this.#due[0]; next !== undefined && next.at <= now; next = this.#due[0]) {
      this.#due.shift();
      this.#at = Math.max(this.#at, next.at);
      next.act();
    }
    this.#at = Math.max(this.#at, now);
  }

  /** Of what is due at the same instant, the earlier noted is done first. */
  note(at: number, act: () => void): void {
    const place = this.#due.findIndex((other) => other.at > at);
    this.#due.splice(place === -1 ? this.#due.length : place, 0, { at, act });
  }
}
