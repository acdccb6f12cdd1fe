/** Runs git as a child process: never through a shell, in a known environment, with bounded output and time. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { pipeline, type Readable, type Transform, type Writable } from 'node:stream';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { cutOff } from '../../redaction/cut.ts';
import { redact } from '../../redaction/gate.ts';

export interface GitOptions {
  /** The repository, or a folder inside it. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** What stdout may hold, in bytes, after `through`. */
  readonly maxBytes: number;
  readonly input?: string;
  /** What stdout passes on its way to memory, one after another: a compressor. */
  readonly through?: readonly Transform[];
}

export interface GitRun {
  /** Git's exit code, whatever it is. */
  readonly code: number;
  readonly stdout: Buffer;
  /** Without credentials. */
  readonly stderr: string;
}

/** One command in the repository, whatever its exit code. */
export type Git = (
  args: readonly string[],
  options?: Partial<Pick<GitOptions, 'signal' | 'timeoutMs' | 'maxBytes' | 'input' | 'through'>>,
) => Promise<GitRun>;

const stderrMaxBytes = 1024 * 1024;
/** After SIGTERM, how long git has to remove its lock files before SIGKILL. */
const killAfterMs = 5_000;
/** The exit code told of a child that somebody else killed. */
const killedCode = 128;

/** What a hook or a wrapper may have set: it would turn `-C` into another repository. */
const repositoryVariables = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_SHALLOW_FILE',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'LANGUAGE',
];

/** A person's or a machine's git configuration must not change what a commit says or what is shipped. */
const pinned = [
  ['core.quotePath', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['core.eol', 'lf'],
  ['tar.umask', '0022'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.graftFileDeprecated', 'false'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/**
 * Runs `git <args>` in `dir` and answers whatever its exit code.
 *
 * @throws UsageError E_GIT_MISSING where there is no git
 * @throws LockstepError E_GIT_TIMEOUT, E_GIT_OUTPUT_TOO_LARGE
 * @throws the signal's reason when it aborts
 */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitRun> {
  const { dir, signal, timeoutMs, maxBytes, through = [] } = options;
  signal?.throwIfAborted();
  const command = args[0] ?? '';
  const child = spawn('git', ['-C', dir, '--no-pager', ...pinned, ...args], {
    env: environment(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const { code, stop } = followExit(child);
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => stop(timedOut(command, timeoutMs)), timeoutMs);
  try {
    // A process that ended before it read all of its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const out = through.at(-1) ?? child.stdout;
    // What fails on the way fails the last one too, which is read.
    if (through.length > 0) pipeline([child.stdout, ...through], () => {});
    const [exitCode, stdout, stderr] = await Promise.all([
      code,
      collect(out, maxBytes, () => tooLarge(command, maxBytes)),
      collect(child.stderr, stderrMaxBytes, () => tooLarge(command, stderrMaxBytes)),
    ]);
    return { code: exitCode, stdout, stderr: redact(stderr.toString('utf8').trim()) };
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Its stdout as one text, without the line end. */
export const textOf = (run: GitRun): string => run.stdout.toString('utf8').trim();

/** What git said, for an error: E_GIT_FAILED with the command's name and exit code. */
export function gitFailed(command: string, run: GitRun): LockstepError {
  const said = run.stderr.split('\n').find((line) => /^(fatal|error):/.test(line)) ?? run.stderr;
  return new LockstepError('E_GIT_FAILED', `git ${command} failed: ${cutOff(said, 500)}`, {
    details: { command, exitCode: run.code },
  });
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** `code` is the child's exit code, or rejects with the reason that `stop` was given, once the child is gone. */
function followExit(child: Child): { code: Promise<number>; stop: (reason: unknown) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let stopped: { readonly reason: unknown } | null = null;
  const exited = () => {
    if (stopped === null) return;
    // Not `close`: that would wait for whoever inherited the pipes.
    child.stdout.destroy();
    child.stderr.destroy();
    reject(stopped.reason);
  };
  child.once('error', (error) => reject(notStarted(error)));
  child.once('exit', exited);
  child.once('close', (code) => resolve(code ?? killedCode));
  const stop = (reason: unknown) => {
    stopped ??= { reason };
    if (child.exitCode !== null || child.signalCode !== null) return exited();
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.once('exit', () => clearTimeout(kill));
  };
  return { code: promise, stop };
}

/** All that the stream has, at most `maxBytes`; when there is more, rejects with what `full` gives. */
function collect(stream: Readable, maxBytes: number, full: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  stream.on('data', (chunk: Buffer) => {
    if (bytes > maxBytes) return;
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else reject(full());
  });
  stream.once('end', () => resolve(Buffer.concat(chunks)));
  stream.once('error', reject);
  return promise;
}

function environment(from: GitOptions['env']): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...from };
  for (const name of repositoryVariables) delete env[name];
  return {
    ...env,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // A pipe is written in blocks, not a line at a time.
    GIT_FLUSH: '0',
    // History is what the commits say, not what one clone was told to pretend.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
  };
}

function notStarted(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new UsageError('E_GIT_MISSING', 'git is not installed here, or not on the PATH', {
    hint: 'Install git in the image that runs the deploy.',
  });
}

function timedOut(command: string, timeoutMs: number): LockstepError {
  return new LockstepError('E_GIT_TIMEOUT', `git ${command} took longer than ${timeoutMs} ms`, {
    hint: 'See whether the repository can be read and its remote can be reached from here.',
    details: { command, timeoutMs },
  });
}

function tooLarge(command: string, maxBytes: number): LockstepError {
  return new LockstepError(
    'E_GIT_OUTPUT_TOO_LARGE',
    `git ${command} gave more than ${maxBytes} bytes`,
    { details: { command, maxBytes } },
  );
}
