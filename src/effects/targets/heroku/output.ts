/** Follows the output of a build or a release phase: whole lines, as they come, and the last of them kept. */

import { cutOff } from '../../../redaction/cut.ts';
import { lineGate } from '../../../redaction/gate.ts';
import type { HttpResponse } from '../../http/request.ts';
import type { StepPorts } from '../../ports.ts';
import { printable } from '../../printable.ts';
import { heroku } from './vendor.ts';

const tailLinesMax = 20;
/** Twenty such lines fit into a hint. */
const tailLineLengthMax = 180;
const lineLengthMax = 2_000;
/** The stream stays open as long as there may be more; this is how long it is listened to at a time. */
const listenMs = 3_000;

/**
 * The URL is presigned and takes no token; it resumes with `Range: bytes=N-`, and may answer 404 at
 * first. It is a log only: that it cannot be read says nothing of what it tells about.
 */
export class OutputFollower {
  readonly #ports: StepPorts;
  readonly #tail: string[] = [];
  /** A secret may be wrapped over several lines, which may come in several readings. */
  readonly #gate = lineGate();
  #bytesRead = 0;
  #isIntroduced = false;

  constructor(ports: StepPorts) {
    this.#ports = ports;
  }

  /** Passes on the lines that came since; with `end`, also a last one that has no line end. */
  async read(url: string | null | undefined, { end = false } = {}): Promise<void> {
    const raw = await this.#newLines(url, end);
    const lines = raw.flatMap((line) => this.#gate.push(printable(line)));
    for (const line of end ? [...lines, ...this.#gate.end()] : lines) {
      this.#ports.progress(cutOff(line, lineLengthMax));
      this.#tail.push(...endOf([line]));
    }
    this.#tail.splice(0, this.#tail.length - tailLinesMax);
  }

  /** The last lines, at most 20, and what is not shown yet because a secret may go on. */
  get tail(): string {
    return [...this.#tail, ...endOf(this.#gate.rest())].slice(-tailLinesMax).join('\n');
  }

  /** None where it cannot be read. */
  async #newLines(url: string | null | undefined, end: boolean): Promise<string[]> {
    if (url === null || url === undefined) return [];
    const { http, signal, progress } = this.#ports;
    let response: HttpResponse;
    try {
      response = await http.send({
        vendor: heroku,
        method: 'GET',
        url,
        headers: { range: `bytes=${this.#bytesRead}-` },
        signal,
        timeoutMs: listenMs,
        attemptsMax: 1,
        partial: true,
      });
    } catch {
      signal.throwIfAborted();
      return [];
    }
    const text = this.#newText(response);
    if (text !== '' && !this.#isIntroduced) {
      this.#isIntroduced = true;
      if (this.#ports.again === true) progress('the build’s output, again from the start:');
    }
    const lineEnd = text.lastIndexOf('\n') + 1;
    // A line that is not whole yet is read again next time: its last character may be cut in two.
    const whole = end ? text : text.slice(0, lineEnd);
    this.#bytesRead += Buffer.byteLength(whole);
    return whole.split('\n').slice(0, end && lineEnd < text.length ? undefined : -1);
  }

  #newText({ status, body }: HttpResponse): string {
    if (status === 206) return body;
    // A server that does not know ranges sends all of it.
    return status === 200 ? Buffer.from(body).subarray(this.#bytesRead).toString() : '';
  }
}

const endOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.trim() !== '').map((line) => cutOff(line, tailLineLengthMax));
