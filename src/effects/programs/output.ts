/** What a program printed, as it may be shown: bounded, redacted, without what steers a terminal. */
import { cutOff } from '../../redaction/cut.ts';
import { lineGate } from '../../redaction/gate.ts';
import { printable } from '../printable.ts';

const bytesMax = 64 * 1024;
const lineLengthMax = 500;

export class ProgramOutput {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** What is beyond the bound is read, lest the program wait for a reader, and dropped. */
  readonly take = (chunk: Buffer): void => {
    const kept = chunk.subarray(0, bytesMax - this.#bytes);
    if (kept.length > 0) this.#chunks.push(kept);
    this.#bytes += kept.length;
  };

  /** Its lines, none of them empty. */
  lines(): string[] {
    const gate = lineGate();
    const printed = Buffer.concat(this.#chunks).toString('utf8').split('\n').map(printable);
    // At its end the gate masks what may be the start of a secret, too: the output may be cut there.
    const shown = [...printed.flatMap((line) => gate.push(line)), ...gate.end()];
    return shown.filter((line) => line.trim() !== '').map((line) => cutOff(line, lineLengthMax));
  }
}
