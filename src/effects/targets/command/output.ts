/** What a program writes, as it comes: lines of JSON are its answer, all others are for people. Everything is bounded. */
import { StringDecoder } from 'node:string_decoder';
import { cutOff } from '../../../redaction/cut.ts';
import { lineGate } from '../../../redaction/gate.ts';
import { printable } from '../../printable.ts';
import { limits } from './protocol.ts';

const shownLengthMax = 2_000;
const tailLinesMax = 20;
/** Twenty such lines fit into a hint. */
const tailLineLengthMax = 180;

/** A line of its answer. */
export interface AnswerLine {
  /** Counted from 1, those for people included. */
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}

export class ProgramOutput {
  readonly #onAnswer: (answer: AnswerLine) => void;
  readonly #onFault: (line: number, fault: string) => void;
  readonly #progress: (line: string) => void;
  readonly #lines: Readonly<Record<'stdout' | 'stderr', Lines>>;
  readonly #tail: string[] = [];
  /** The last lines beyond those that are shown as they come. */
  readonly #flood: ['stdout' | 'stderr', string][] = [];
  /** A secret may be wrapped over several lines. */
  readonly #gates = { stdout: lineGate(), stderr: lineGate() };
  #answers = 0;
  #shown = 0;

  /** @param onFault what is wrong with a line of its answer */
  constructor(
    onAnswer: (answer: AnswerLine) => void,
    onFault: (line: number, fault: string) => void,
    progress: (line: string) => void,
  ) {
    this.#onAnswer = onAnswer;
    this.#onFault = onFault;
    this.#progress = progress;
    this.#lines = {
      stdout: new Lines((text, line, cut) => this.#stdout(text, line, cut)),
      stderr: new Lines((text) => this.#show('stderr', text)),
    };
  }

  /** Takes what came. */
  take(from: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#lines[from].push(bytes);
  }

  /** No more will come. */
  end(): void {
    for (const from of ['stdout', 'stderr'] as const) this.#lines[from].end();
    for (const [from, text] of this.#flood) this.#search(from, text);
    for (const from of ['stdout', 'stderr'] as const) {
      for (const line of this.#gates[from].end()) this.#pass(line);
    }
  }

  /** A line for people, of the program's own. */
  say(text: string): void {
    this.#show('stdout', text);
  }

  /** The last lines for people, at most 20. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  #stdout(text: string, line: number, isCut: boolean): void {
    const trimmed = text.trim();
    const value = trimmed.startsWith('{') && !isCut ? objectIn(trimmed) : null;
    if (trimmed.startsWith('{') && isCut) {
      this.#onFault(line, `is longer than ${limits.lineBytes} bytes`);
    } else if (value === null || !Object.hasOwn(value, 'type')) {
      this.#show('stdout', text);
    } else if (this.#answers === limits.lines) {
      this.#onFault(line, `is one more than the ${limits.lines} that are read`);
    } else {
      this.#answers += 1;
      this.#onAnswer({ line, value });
    }
  }

  #show(from: 'stdout' | 'stderr', text: string): void {
    // A flood is not searched for secrets line by line: its end alone is shown.
    if (this.#shown >= limits.shownLines) {
      this.#flood.push([from, text]);
      this.#flood.splice(0, this.#flood.length - tailLinesMax);
      return;
    }
    this.#search(from, text);
  }

  #search(from: 'stdout' | 'stderr', text: string): void {
    for (const line of this.#gates[from].push(printable(text))) this.#pass(line);
  }

  #pass(line: string): void {
    if (line.trim() === '') return;
    this.#tail.push(cutOff(line, tailLineLengthMax));
    this.#tail.splice(0, this.#tail.length - tailLinesMax);
    this.#shown += 1;
    if (this.#shown <= limits.shownLines) this.#progress(cutOff(line, shownLengthMax));
    if (this.#shown === limits.shownLines) this.#progress('more of its output is not shown');
  }
}

/** Bytes into lines, of which each is kept up to its limit. */
class Lines {
  readonly #onLine: (text: string, line: number, isCut: boolean) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #isCut = false;
  #count = 0;

  constructor(onLine: (text: string, line: number, isCut: boolean) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    const [first = '', ...more] = this.#decoder.write(Buffer.from(bytes)).split('\n');
    this.#add(first);
    for (const text of more) {
      this.#flush();
      this.#add(text);
    }
  }

  end(): void {
    this.#add(this.#decoder.end());
    if (this.#rest !== '') this.#flush();
  }

  #add(text: string): void {
    const room = limits.lineBytes - this.#rest.length;
    if (text.length > room) this.#isCut = true;
    this.#rest += text.slice(0, Math.max(0, room));
  }

  #flush(): void {
    this.#count += 1;
    const [text, isCut] = [this.#rest, this.#isCut];
    this.#rest = '';
    this.#isCut = false;
    this.#onLine(text, this.#count, isCut);
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return value as Record<string, unknown>;
  } catch {
    return null;
  }
}
