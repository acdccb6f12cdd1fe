/** Follows the output of a build or a release phase: whole lines, as they come, and the last of them kept. */

import { cutOff } from '../../../redaction/cut.ts';
import { lineGate } from '../../../redaction/gate.ts';
import type { RestTime } from '../../polling.ts';
import type { StepPorts } from '../../ports.ts';
import { printable } from '../../printable.ts';
import { heroku } from './vendor.ts';

const tailLinesMax = 20;
/** Twenty such lines fit into a hint. */
const tailLineLengthMax = 180;
const lineLengthMax = 2_000;
/** What has no line end for so long is taken in pieces: it is no text, and may be megabytes. */
const lineBytesMax = 64 * 1024;
/** The stream stays open as long as there may be more; this is how long it is listened to at a time. */
const listenMs = 20_000;
/** Once the work is over, nothing holds the rest of it back. */
const endMs = 3_000;
/** A stream that was open for so long and ended says that the work did; a shorter one may be a server's that never waits. */
const heldMs = 2_000;

/**
 * The URL is presigned and takes no token; it resumes with `Range: bytes=N-`, may answer 404 at first, and ends when the
 * work ends (Heroku Dev Center, Build and Release Using the API). It is a log only: that it cannot be read says nothing of
 * what it tells about.
 */
export class OutputFollower {
  readonly #ports: StepPorts;
  readonly #tail: string[] = [];
  /** A secret may be wrapped over several lines, which may come in several readings. */
  readonly #gate = lineGate();
  /** How much of the output came by now. */
  #bytesRead = 0;
  /** Of that, the last line, which is not whole yet: a character may be cut in two. */
  #begun = Buffer.alloc(0);
  #isIntroduced = false;
  /** The last listening came to the output's own end. */
  #isHeard = false;

  constructor(ports: StepPorts) {
    this.#ports = ports;
  }

  /** Passes the lines on as they come, for 20 s at most, or until the output ends. Where none can be had, it pauses. */
  async rest(url: string | null | undefined, { pauseMs, leftMs }: RestTime): Promise<void> {
    const { clock, signal } = this.#ports;
    const heardMs = Math.min(heldMs, pauseMs);
    const passedMs = await this.listen(url, leftMs, heardMs);
    if (passedMs < heardMs) await clock.sleep(pauseMs - passedMs, signal);
  }

  /**
   * As `rest`, without a pause.
   *
   * @param heardMs what was open for so long, and ended, came to its own end
   * @returns how long it was open
   */
  async listen(
    url: string | null | undefined,
    leftMs: number,
    heardMs: number = heldMs,
  ): Promise<number> {
    const { clock } = this.#ports;
    const startedAt = clock.ran();
    const timeoutMs = Math.min(listenMs, leftMs);
    const hasEnded = await this.#listen(url, { timeoutMs, isLast: false });
    const passedMs = clock.ran() - startedAt;
    this.#isHeard = hasEnded && passedMs >= heardMs;
    return passedMs;
  }

  /**
   * Passes on what is left, also a last line that has no line end.
   *
   * @param options.unlessHeard nothing hangs on its last words: it is not asked for again where its end was listened to
   */
  async end(
    url: string | null | undefined,
    { unlessHeard = false }: { readonly unlessHeard?: boolean } = {},
  ): Promise<void> {
    if (!unlessHeard || !this.#isHeard) {
      await this.#listen(url, { timeoutMs: endMs, isLast: true });
    }
    if (this.#begun.length > 0) this.#push(this.#begun.toString());
    this.#begun = Buffer.alloc(0);
    this.#tell(this.#gate.end());
  }

  /** The last lines, at most 20, and what is not shown yet because a secret may go on. */
  get tail(): string {
    return [...this.#tail, ...endOf(this.#gate.rest())].slice(-tailLinesMax).join('\n');
  }

  /** Whether it came to the end of an answer. */
  async #listen(
    url: string | null | undefined,
    { timeoutMs, isLast }: { timeoutMs: number; isLast: boolean },
  ): Promise<boolean> {
    if (url === null || url === undefined) return false;
    const { http, signal } = this.#ports;
    const from = this.#bytesRead;
    let came = 0;
    const take = (piece: Uint8Array, status: number) => {
      // A server that does not know ranges sends all of it.
      if (status === 206) this.#take(piece, from + came);
      if (status === 200) this.#take(piece, came);
      came += piece.length;
    };
    try {
      const { status, body } = await http.send({
        vendor: heroku,
        method: 'GET',
        url,
        headers: { range: `bytes=${from}-` },
        signal,
        timeoutMs,
        attemptsMax: 1,
        onPiece: take,
      });
      const isOutput = status === 200 || status === 206;
      if (came > 0) return isOutput;
      // From a transport that tells of no pieces: of a text that may be cut amid a character, the whole lines.
      const text = isLast ? body : body.slice(0, body.lastIndexOf('\n') + 1);
      take(Buffer.from(text), status);
      return isOutput;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** @param at where the piece begins in the output */
  #take(piece: Uint8Array, at: number): void {
    const fresh = piece.subarray(Math.max(0, this.#bytesRead - at));
    if (fresh.length === 0) return;
    if (!this.#isIntroduced && this.#ports.again === true) {
      this.#ports.progress('the build’s output, again from the start:');
    }
    this.#isIntroduced = true;
    this.#bytesRead += fresh.length;
    const all = Buffer.concat([this.#begun, fresh]);
    let done = 0;
    for (;;) {
      const lineEnd = all.indexOf(0x0a, done);
      const end = lineEnd === -1 ? all.length : lineEnd;
      if (end - done > lineBytesMax) {
        const cut = wholeCharacters(all, done + lineBytesMax);
        this.#push(all.subarray(done, cut).toString());
        done = cut;
      } else if (lineEnd !== -1) {
        this.#push(all.subarray(done, lineEnd).toString());
        done = lineEnd + 1;
      } else break;
    }
    this.#begun = all.subarray(done);
  }

  #push(line: string): void {
    this.#tell(this.#gate.push(printable(line)));
  }

  #tell(lines: readonly string[]): void {
    for (const line of lines) {
      this.#ports.progress(cutOff(line, lineLengthMax));
      this.#tail.push(...endOf([line]));
    }
    this.#tail.splice(0, this.#tail.length - tailLinesMax);
  }
}

/** The place at or before that one where no character is cut in two. */
function wholeCharacters(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut > at - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return cut;
}

const endOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.trim() !== '').map((line) => cutOff(line, tailLineLengthMax));
