/** Where the program writes: lines, colour where it is wanted, one live line where somebody watches. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { LockstepError } from '../../errors/error.ts';
import { cutToWidth } from '../../format/columns.ts';
import { redact, redactAll } from '../../redaction/gate.ts';
import { harmlessFor, harmlessJsonFor } from '../../redaction/runner-commands.ts';
import { visible, visibleJson } from '../../redaction/unseen.ts';
import { type Annotation, annotationLine } from '../ci/actions.ts';
import { inCi } from '../ci/in-ci.ts';

type Paint = (text: string) => string;

/** Whatever is printed has passed the gate: no secret, and no command to the CI's runner, is in it. */
export interface Terminal {
  /** A line on standard output. */
  out(text: string): void;
  /** A JSON document on standard output. */
  json(value: unknown): void;
  /**
   * Lines of JSON on standard output, whose values the caller has redacted; resolves when there is room
   * for more. False: nobody reads it any more.
   */
  write(lines: string): Promise<boolean>;
  /** Lines in place of what stands there, where a person watches; below it, after an empty line, anywhere else. */
  redraw(lines: readonly string[]): void;
  /** A line on standard error. */
  err(text: string): void;
  /** At the run's page of GitHub Actions; nothing elsewhere. */
  annotate(annotation: Annotation): void;
  /** Whether a person watches: a terminal, and no CI. */
  readonly isTty: boolean;
  /** The width in columns; 80 where there is none. */
  readonly columns: number;
  readonly color: {
    readonly [C in 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan']: Paint;
  };
  /** The live line; nothing where nobody watches. */
  status(text: string): void;
  clearStatus(): void;
}

export interface TerminalOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly noColor: boolean;
}

/** To the first column of the first line, with everything below cleared. */
const fromTheTop = '\u001b[H\u001b[2J';

/**
 * --no-color wins over FORCE_COLOR, that over NO_COLOR, that over whether somebody watches. NO_COLOR has any value at all, as
 * https://no-color.org has it.
 */
export function createTerminal({ stdout, stderr, env, noColor }: TerminalOptions): Terminal {
  const isTty = stdout.isTTY === true && !inCi(env) && env.TERM !== 'dumb';
  const forced = isOn(env.FORCE_COLOR) && env.FORCE_COLOR !== '0';
  const colored = !noColor && (forced || ((env.NO_COLOR ?? '') === '' && isTty));
  // Results are watched, mistakes go to a file: `2> errors.txt` holds no colour codes.
  const errColored = colored && (forced || stderr.isTTY === true);
  const paint =
    (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'): Paint =>
    (text) =>
      colored ? styleText(style, text, { validateStream: false }) : text;
  // A reader that went away (`| head`) is no error of ours.
  let told: unknown;
  for (const [name, stream] of Object.entries({
    'standard output': stdout,
    'standard error': stderr,
  })) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error !== told) throw unwritable(name, error);
    });
  }
  const harmless = harmlessFor(env);
  const harmlessJson = harmlessJsonFor(env);
  const clean = (text: string): string => harmless(redact(text));
  let live = false;
  let drawn = false;
  const clearStatus = (): void => {
    if (live) stdout.write('\r\u001b[2K');
    live = false;
  };
  return {
    isTty,
    columns: stdout.columns ?? 80,
    color: {
      bold: paint('bold'),
      dim: paint('dim'),
      red: paint('red'),
      green: paint('green'),
      yellow: paint('yellow'),
      cyan: paint('cyan'),
    },
    out(text) {
      clearStatus();
      stdout.write(`${clean(text)}\n`);
    },
    redraw(lines) {
      clearStatus();
      stdout.write(isTty ? fromTheTop : drawn ? '\n' : '');
      drawn = true;
      for (const line of lines) stdout.write(`${clean(line)}\n`);
    },
    json(value) {
      clearStatus();
      const text = JSON.stringify(redactAll(value), null, 2);
      stdout.write(`${harmlessJson(visibleJson(text))}\n`);
    },
    write(lines) {
      clearStatus();
      return new Promise((done, fail) => {
        stdout.write(harmlessJson(lines), (error: NodeJS.ErrnoException | null | undefined) => {
          told = error;
          if (error == null) done(true);
          else if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') done(false);
          else fail(error);
        });
      });
    },
    err(text) {
      clearStatus();
      stderr.write(`${clean(errColored ? text : stripVTControlCharacters(text))}\n`);
    },
    annotate({ level, title, message }) {
      if (!isOn(env.GITHUB_ACTIONS)) return;
      clearStatus();
      stderr.write(
        `${annotationLine({ level, title: safe(title), message: safeLines(message) })}\n`,
      );
    },
    status(text) {
      if (!isTty) return;
      clearStatus();
      const line = safe(stripVTControlCharacters(redact(text))).replaceAll('\t', ' ');
      stdout.write(cutToWidth(line, (stdout.columns ?? 80) - 1));
      live = true;
    },
    clearStatus,
  };
}

function unwritable(name: string, cause: NodeJS.ErrnoException): LockstepError {
  return new LockstepError('E_OUTPUT', `${name} cannot be written: ${cause.code}`, {
    hint: 'Make room where it goes, or send it elsewhere. The same command goes on with a deploy that this ended.',
    cause,
  });
}

/** Foreign text as one line: without secrets, and with whatever nobody would see made visible. */
export function safe(text: string): string {
  return visible(redact(text));
}

/** The same of a text of several lines. */
export function safeLines(text: string): string {
  return redact(text).split('\n').map(safe).join('\n');
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}
