/** A text that comes line by line, without secrets: a secret that goes over several lines is masked in each. */
import type { Finder } from './finder.ts';
import { masked } from './redactor.ts';

/**
 * No more than this is held back while a secret may go on; then what is held is searched as it is, and
 * shown. A key of 8,192 bits has 6,400 characters in a hundred lines.
 */
const heldMax = { characters: 16 * 1_024, lines: 200 };
/** How many of the characters that were shown are looked at again with the next line: a secret may begin in them. */
const beforeMax = 100;
/** At the end of all, a secret's start of this many characters counts as a secret that was cut. */
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
    const isFull = text.length >= heldMax.characters || this.#held.length >= heldMax.lines;
    if (!isFull && this.#finder().begunIn(soFar) !== null) return [];
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
