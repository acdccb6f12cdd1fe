/** A team's programs as processes: from the repository's root, without a shell, each the leader of a process group. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { UsageError } from '../../../errors/error.ts';
import { Group } from '../../programs/group.ts';
import type { Surroundings } from '../surroundings.ts';
import type { ProgramEnd, ProgramStart, Programs, RunningProgram } from './program.ts';

/** After its SIGKILL: one that even that does not end, for its disk hangs say, is waited for no longer. */
const killedMs = 2_000;
/** What a program began may hold its output open after its end: so long it is read on. */
const drainMs = 1_000;

export function createPrograms({ root, env }: Surroundings): Programs {
  return {
    check: (words) => void placeOf(words, root, env.PATH),
    start: (program) => startProcess(program, root, env),
    async file(bytes) {
      // Only its owner may read what is to be released.
      const folder = await mkdtemp(join(tmpdir(), 'lockstep-'));
      const path = join(folder, 'source.tar.gz');
      await writeFile(path, bytes, { mode: 0o600 });
      return { path, remove: () => rm(folder, { recursive: true, force: true }) };
    },
  };
}

function startProcess(
  { words, told, onOutput }: ProgramStart,
  root: string,
  env: Surroundings['env'],
): RunningProgram {
  const [, ...args] = words;
  const child = spawn(placeOf(words, root, env.PATH), args, {
    cwd: root,
    env: { ...env, ...told },
    // A group of its own: a signal reaches all that it began, and a terminal's Ctrl-C reaches Lockstep first.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<ProgramEnd>();
  const group = new Group(child);
  let isStopped = false;
  let unkillable: NodeJS.Timeout | undefined;
  child.stdout.on('data', (bytes: Buffer) => onOutput('stdout', bytes));
  child.stderr.on('data', (bytes: Buffer) => onOutput('stderr', bytes));
  child.once('error', (error) => {
    group.letGo();
    reject(notStarted(words, error));
  });
  child.once('exit', (code, signal) => {
    clearTimeout(unkillable);
    // A server that a deploy began stays; what was told to stop does not.
    if (isStopped) group.kill();
    else group.letGo();
    const done = () => {
      clearTimeout(drain);
      child.stdout.destroy();
      child.stderr.destroy();
      end({ code, signal });
    };
    const drain = setTimeout(done, drainMs);
    child.once('close', done);
  });
  const stop = (graceMs: number): void => {
    if (isStopped || child.exitCode !== null || child.signalCode !== null) return;
    isStopped = true;
    group.stop(graceMs);
    unkillable = setTimeout(() => end({ code: null, signal: 'SIGKILL' }), graceMs + killedMs);
  };
  return { ended, stop };
}

/**
 * By a path from the root, or by a name on the PATH. An empty entry of that, which a shell takes for the folder where it
 * is, names none: whatever has that name at the root was not meant.
 *
 * @throws UsageError E_PROGRAM_MISSING
 */
function placeOf(words: readonly string[], root: string, path = ''): string {
  const [name = ''] = words;
  const places = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(root, name)]
    : path
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => resolve(root, folder, name));
  const found = places.map((place) => [place, faultOf(place)] as const);
  const fit = found.find(([, fault]) => fault === null);
  if (fit !== undefined) return fit[0];
  const fault = found.find(([, one]) => one !== null && one !== missing)?.[1] ?? missing;
  throw new UsageError('E_PROGRAM_MISSING', `${name} ${fault}`, {
    hint: name.includes('/')
      ? `Paths are from the repository’s root. Commit it, executable: git update-index --chmod=+x ${name}`
      : 'It is looked for on the PATH of this job: install it, or write its path.',
    details: { program: name },
  });
}

const missing = 'is not there';

function faultOf(place: string): string | null {
  try {
    if (!statSync(place).isFile()) return 'is no file';
    accessSync(place, constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be executed' : missing;
  }
}

/** A script whose interpreter is not there, say. */
function notStarted([name = '']: readonly string[], error: Error): UsageError {
  const { code = 'of an unknown cause' } = error as NodeJS.ErrnoException;
  return new UsageError('E_PROGRAM_MISSING', `${name} cannot be started (${code})`, {
    hint: 'See its first line: the interpreter that it names has to be installed here.',
    details: { program: name },
  });
}
