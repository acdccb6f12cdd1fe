/**
 * Runs a program of the team's own: a line of the shell, in a process group of its own, which is killed as a whole.
 * Whatever it does, it ends: at its deadline, when the run is over, or with this process.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Group } from './group.ts';
import { ProgramOutput } from './output.ts';

export interface ProgramOptions {
  /** As `/bin/sh -c` takes it. Nothing that varies belongs in it: that is for `env` and `input`, where nobody has to quote. */
  readonly line: string;
  /** Where it runs. */
  readonly folder: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its standard input. */
  readonly input: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** By somebody else. */
  | { readonly kind: 'killed'; readonly signal: string }
  /** Killed at its deadline. */
  | { readonly kind: 'timedOut' };

export interface ProgramRun {
  readonly end: ProgramEnd;
  /** The last 20 lines of what it printed, on standard output and standard error: redacted, for a terminal. */
  readonly output: readonly string[];
}

/** From SIGTERM to SIGKILL. At the end of a run next to no time is left. */
const killAfterMs = { deadline: 1_000, over: 50 };
/** After its end, for what it printed last; a process that left the group may hold the pipe open. */
const lastOutputMs = 200;

/**
 * What it leaves running in its group is killed when it ends.
 *
 * @throws the signal's reason once the program is gone, or the system's error where it could not be started
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramRun> {
  const { line, folder, env, input, signal, timeoutMs } = options;
  signal.throwIfAborted();
  // Both of its outputs are one, in the order in which it prints.
  const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${line}`], {
    cwd: folder,
    env,
    // A session and a group of its own: no terminal, and no signal that is meant for this process.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const output = new ProgramOutput();
  child.stdout.on('data', output.take);
  const ended = endOf(child);
  const closed = closeOf(child);
  const group = new Group(child);
  const onAbort = () => group.stop(killAfterMs.over);
  signal.addEventListener('abort', onAbort, { once: true });
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    group.stop(killAfterMs.deadline);
  }, timeoutMs);
  try {
    // One that ends without having read its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const end = await ended;
    group.kill();
    signal.throwIfAborted();
    await lastOutputOf(child, closed);
    return { end: isLate ? { kind: 'timedOut' } : end, output: output.lines() };
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    group.kill();
  }
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

function endOf(child: Child): Promise<ProgramEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    resolve(
      code === null ? { kind: 'killed', signal: signal ?? 'SIGKILL' } : { kind: 'exited', code },
    ),
  );
  return promise;
}

/** Its output is at its end. Listened for from the start: where the output ends before the program, `close` comes right with its `exit`. */
function closeOf(child: Child): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('close', resolve);
  return promise;
}

/** Its output is at its end, or nobody waits for it any more. */
async function lastOutputOf(child: Child, closed: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lastOutputMs);
  await Promise.race([closed, promise]);
  clearTimeout(timer);
  child.stdout.destroy();
}
