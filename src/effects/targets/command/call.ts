/** One run of a program: its answer checked line by line, its exit code understood, its time bounded. */
import type { z } from 'zod';
import { formatDuration } from '../../../format/duration.ts';
import { VendorUnreachable } from '../../http/errors.ts';
import type { Ports } from '../../ports.ts';
import { CommandError } from './error-codes.ts';
import { ProgramOutput } from './output.ts';
import type { ProgramEnd, Programs, RunningProgram } from './program.ts';
import { answers, exitCodes, type Operation, protocolVersion, type Variable } from './protocol.ts';

/** Where it runs for: what every run of a program there is told. */
export interface Place {
  readonly environment: string;
  readonly name: string;
}

export type Answer<O extends Operation> = z.infer<(typeof answers)[O]>;

export interface CallOptions<O extends Operation> {
  readonly operation: O;
  readonly words: readonly string[];
  readonly told: Partial<Readonly<Record<Variable, string>>>;
  readonly onAnswer: (answer: Answer<O>) => void;
}

/** How long a program has to end by itself: where its time is up, and where this run is to end. */
const graceMs = { late: 10_000, stopped: 1_000 };
const readTimeoutMs = 60_000;
const readPauseMs = { first: 1_000, longest: 10_000 };
const readTriesMax = 6;

/** A run of a program. What it is asked for may outlast the step that began it. */
export class Call<O extends Operation> {
  /** @throws CommandError; VendorUnreachable it may be tried again, but may have done it; the reason of the signal that stopped it */
  readonly ended: Promise<void>;
  readonly #options: CallOptions<O>;
  readonly #running: RunningProgram;
  readonly #output: ProgramOutput;
  /** Why it was told to end, where it was. */
  #stopped: { readonly why: unknown } | null = null;
  #progress: (line: string) => void;
  #isOver = false;

  constructor(programs: Programs, place: Place, options: CallOptions<O>, ports: Ports) {
    this.#options = options;
    this.#progress = ports.progress;
    this.#output = new ProgramOutput(
      ({ line, value }) => this.#answered(line, value),
      (line, fault) => this.#wrong(line, fault),
      (line) => this.#progress(line),
    );
    this.#running = programs.start({
      words: options.words,
      told: {
        LOCKSTEP_PROTOCOL: String(protocolVersion),
        LOCKSTEP_OPERATION: options.operation,
        LOCKSTEP_ENVIRONMENT: place.environment,
        LOCKSTEP_NAME: place.name,
        ...options.told,
      },
      onOutput: (from, bytes) => this.#output.take(from, bytes),
    });
    this.ended = this.#running.ended.then((end) => this.#conclude(end));
    const over = () => {
      this.#isOver = true;
    };
    // Whoever attends it hears how it ended; until then a failure is nobody's surprise.
    this.ended.then(over, over);
  }

  /**
   * Waits for its end, or for `until`, as long as the signal and the time allow: then it is stopped, and that is waited
   * for too, for what it changes while it ends must be there for whoever looks next. What it says goes to these ports
   * meanwhile.
   */
  async attend(
    { clock, signal, progress }: Pick<Ports, 'clock' | 'signal' | 'progress'>,
    { timeoutMs, until }: { readonly timeoutMs: number; readonly until?: Promise<void> },
  ): Promise<void> {
    this.#progress = progress;
    const attended = new AbortController();
    const stop = () => this.#end(signal.reason, graceMs.stopped);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    clock.sleep(timeoutMs, attended.signal).then(
      () => this.#end(this.#late(timeoutMs), graceMs.late),
      () => {},
    );
    try {
      await (until === undefined ? this.ended : Promise.race([until, this.ended]));
    } finally {
      attended.abort('it is attended no more');
      signal.removeEventListener('abort', stop);
    }
  }

  /** Ends it, where it still runs: what it was begun for has failed. */
  async end(why: unknown): Promise<void> {
    this.#end(why, graceMs.late);
    await this.ended.catch(() => {});
  }

  #answered(line: number, value: Readonly<Record<string, unknown>>): void {
    const parsed = answers[this.#options.operation].safeParse(value);
    if (!parsed.success) {
      this.#wrong(line, faultOf(parsed.error));
      return;
    }
    const answer = parsed.data as Answer<O>;
    if (answer.type === 'progress') this.#output.say(answer.text);
    this.#options.onAnswer(answer);
  }

  #wrong(line: number, fault: string): void {
    this.#end(
      wrongAnswer(this.#options.words, `line ${line} of its output: ${fault}`),
      graceMs.late,
    );
  }

  #end(why: unknown, grace: number): void {
    if (this.#isOver || this.#stopped !== null) return;
    this.#stopped = { why };
    this.#running.stop(grace);
  }

  #conclude({ code, signal }: ProgramEnd): void {
    this.#output.end();
    if (this.#stopped !== null) throw this.#stopped.why;
    if (code === exitCodes.done) return;
    const { words, operation } = this.#options;
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const hint = this.#said();
    const details = { program: words.join(' '), operation, exitCode: code, signal };
    if (code === null || code === exitCodes.temporary) {
      const sent = operation === 'deploy' || operation === 'restore';
      throw new VendorUnreachable(`${shown(words)} ${how}`, { reason: how, sent, hint, details });
    }
    const refused = code === exitCodes.refused && operation === 'deploy';
    throw new CommandError(
      refused ? 'E_PROGRAM_REFUSED' : 'E_PROGRAM_FAILED',
      `${shown(words)} ${refused ? 'refuses to deploy' : how}`,
      { hint, details },
    );
  }

  #said(): string {
    return this.#output.tail || 'It said nothing.';
  }

  #late(timeoutMs: number): CommandError {
    const { words, operation } = this.#options;
    return new CommandError(
      'E_PROGRAM_TIMEOUT',
      `${shown(words)} took longer than ${formatDuration(timeoutMs)}`,
      { hint: this.#said(), details: { program: words.join(' '), operation, timeoutMs } },
    );
  }
}

type Read = 'current' | 'health';

/**
 * What a program that only reads answers, whole. One that says that it may be asked again (exit code 75, or a signal
 * from elsewhere) is asked as long as the step may take.
 *
 * @throws CommandError; VendorUnreachable it went on saying so
 */
export async function readAnswer<O extends Read>(
  programs: Programs,
  place: Place,
  { operation, words, told }: Pick<CallOptions<O>, 'operation' | 'words' | 'told'>,
  ports: Ports,
): Promise<Answer<O>[]> {
  const { clock, signal, progress, deadlineMs } = ports;
  for (let attempt = 1, pause = readPauseMs.first; ; attempt++) {
    signal.throwIfAborted();
    const lines: Answer<O>[] = [];
    const onAnswer = (line: Answer<O>) => void lines.push(line);
    try {
      const call = new Call(programs, place, { operation, words, told, onAnswer }, ports);
      await call.attend(ports, { timeoutMs: readTimeoutMs });
      return lines.filter(({ type }) => type !== 'progress');
    } catch (error) {
      if (!(error instanceof VendorUnreachable)) throw error;
      const isOver =
        deadlineMs === undefined ? attempt >= readTriesMax : clock.ran() + pause >= deadlineMs;
      if (isOver) throw error;
      progress(`${error.message}; asking again in ${formatDuration(pause)}`);
    }
    await clock.sleep(pause, signal);
    pause = Math.min(pause * 2, readPauseMs.longest);
  }
}

/** As people type it. */
export const shown = (words: readonly string[]): string => words.join(' ');

export function wrongAnswer(words: readonly string[], fault: string): CommandError {
  return new CommandError('E_PROGRAM_ANSWER', `${shown(words)}: ${fault}`, {
    hint: 'docs/targets.md says what it has to answer. Nothing is concluded from this answer.',
    details: { program: words.join(' ') },
  });
}

function faultOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return 'is wrong';
  const path = issue.path.map(String).join('.');
  return `${path === '' ? '' : `${path}: `}${issue.message}`;
}
