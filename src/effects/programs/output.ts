/** The end of what a program printed, as it may be shown: bounded, redacted, without what steers a terminal. */
import { cutOff } from '../../redaction/cut.ts';
import { lineGate } from '../../redaction/gate.ts';
import { printable } from '../printable.ts';

/** What is kept. To search a text for secrets takes time, and a program may print without an end. */
const kept = { bytes: 24 * 1024, lines: 200 };
/** A secret may have begun in what was printed before: so much of what is kept is searched and not shown. */
const context = { characters: 8 * 1024, lines: 150 };
const shownLinesMax = 20;
const lineLengthMax = 500;

export class ProgramOutput {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isCut = false;

  /** All of it is read, lest the program wait for a reader. */
  readonly take = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if (this.#bytes - first.length < kept.bytes) break;
      this.#chunks.shift();
      this.#bytes -= first.length;
      this.#isCut = true;
    }
  };

  /** Its last lines, at most 20, none of them empty. */
  lines(): string[] {
    const lines = this.#last();
    const shownFrom = this.#shownFrom(lines);
    const gate = lineGate();
    for (const line of lines.slice(0, shownFrom)) gate.push(line);
    // At its end the gate masks what may be the start of a secret, too: the program may have been cut off there.
    const shown = [...lines.slice(shownFrom).flatMap((line) => gate.push(line)), ...gate.end()];
    return shown
      .filter((line) => line.trim() !== '')
      .slice(-shownLinesMax)
      .map((line) => cutOff(line, lineLengthMax));
  }

  #last(): string[] {
    const bytes = Buffer.concat(this.#chunks);
    this.#isCut ||= bytes.length > kept.bytes;
    const lines = bytes.subarray(-kept.bytes).toString('utf8').split('\n');
    this.#isCut ||= lines.length > kept.lines;
    return lines
      .slice(-kept.lines)
      .map(printable)
      .filter((line) => line.trim() !== '');
  }

  /** The first line that may be shown: never the first of what is kept, where its start is missing. */
  #shownFrom(lines: readonly string[]): number {
    let from = Math.max(0, lines.length - shownLinesMax);
    if (!this.#isCut) return from;
    let before = lines.slice(0, from).join('\n').length;
    // Many short lines are enough: a key has no more than a hundred.
    for (const line of lines.slice(from, context.lines)) {
      if (before >= context.characters) break;
      before += line.length + 1;
      from++;
    }
    return from;
  }
}
