/** A text that comes line by line, without secrets: a secret that goes over several lines is masked in each. */
import type { Finder } from './finder.ts';
import { masked } from './redactor.ts';

/** So much is held back while a secret may go on; then its pieces are looked for one by one. */
const heldMax = 64 * 1_024;
/** Of what was let go, so much is looked at again with the next line: a few characters, and what wraps them. */
const beforeMax = 100;
/** Where nothing follows, so much of a secret's start is taken for one that was cut. */
const cutMin = 8;

export class LineGate {
  readonly #finder: () => Finder;
  #held: string[] = [];
  #before = '';

  constructor(finder: () => Finder) {
    this.#finder = finder;
  }

  /** The lines that can be shown by now: none, as long as a secret may have begun and go on. */
  push(line: string): string[] {
    this.#held.push(line);
    const text = this.#held.join('\n');
    const soFar = `${this.#before}\n${text}`;
    if (text.length < heldMax && this.#finder().begunIn(soFar) !== null) return [];
    const shown = this.rest();
    this.#before = soFar.slice(-beforeMax);
    this.#held = [];
    return shown;
  }

  /** What is held back, as it can be shown where nothing follows. */
  rest(): string[] {
    if (this.#held.length === 0) return [];
    const text = `${this.#before}\n${this.#held.join('\n')}`;
    const start = this.#before.length + 1;
    const begun = this.#finder().begunIn(text);
    const cut =
      begun !== null && begun.length >= cutMin ? [[begun.from, text.length] as const] : [];
    const spans = [...this.#finder().spansIn(text), ...cut]
      .filter(([, to]) => to > start)
      .map(([from, to]) => [Math.max(0, from - start), to - start] as const);
    return masked(text.slice(start), spans).split('\n');
  }

  /** The same, and nothing is held back any more. */
  end(): string[] {
    const shown = this.rest();
    this.#held = [];
    this.#before = '';
    return shown;
  }
}
