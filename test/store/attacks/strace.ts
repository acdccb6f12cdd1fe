/** What a process asks of its files, call by call with the bytes, as strace sees it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type FileCall =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'unlink'; readonly path: string }
  /** It wrote this to its standard output. */
  | { readonly kind: 'printed'; readonly text: string };

/** Null: strace can trace here. Under `LOCKSTEP_REQUIRE_STRACE=1` its absence is a failure. */
export function straceProblem(): string | null {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    const why = `strace cannot be used here: ${String((error as Error).message).split('\n')[0]}`;
    if (process.env.LOCKSTEP_REQUIRE_STRACE === '1') throw new Error(why);
    return why;
  }
}

/** Everything that changes a file. A call that is not understood is an error, not an omission. */
const traced = [
  'write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,fallocate',
  'ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,mmap',
].join();

/**
 * Runs a program of Node to its end and gives its calls on the files of one folder.
 *
 * Only its first thread is traced: SQLite and standard output are nowhere else.
 */
export async function traceFiles(folder: string, args: readonly string[]): Promise<FileCall[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'lockstep-strace-'));
  const record = join(scratch, 'calls');
  try {
    const options = ['-y', '-xx', '-s', '9999999', '-e', `trace=${traced}`, '-o', record];
    const child = spawn('strace', [...options, process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let trouble = '';
    child.stdout.resume();
    child.stderr.on('data', (text: Buffer) => {
      trouble += String(text);
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${trouble}`);
    const lines = (await readFile(record, 'latin1')).split('\n');
    return lines.flatMap((line) => parse(line, folder) ?? []);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function parse(line: string, folder: string): FileCall | null {
  const [, name, given, result] = /^(\w+)\((.*)\) += (-?\w+)/s.exec(line) ?? [];
  if (name === undefined || given === undefined || result === undefined) return null;
  if (result.startsWith('-')) return null;
  const [first = '', ...others] = given.split(', ');
  const isOnFd = /^\d+</.test(first);
  if (name === 'write' && first.startsWith('1<')) {
    return { kind: 'printed', text: unescaped(others[0] ?? '').toString() };
  }
  const path = isOnFd ? onFd(first) : (given.match(/"[^"]*"|\d+<[^>]*>/g) ?? []).map(plain).join();
  // The wal-index is mapped and written without calls; a power cut takes it anyway.
  if (!path.includes(folder) || path.endsWith('-shm')) return null;
  switch (name) {
    case 'pwrite64': {
      const [text = '', length, at] = others;
      const bytes = unescaped(text);
      if (bytes.length !== Number(length) || Number(result) !== bytes.length) break;
      return { kind: 'write', path, at: Number(at), bytes };
    }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path };
    case 'ftruncate':
      return { kind: 'truncate', path, length: Number(others[0]) };
    case 'unlink':
      return { kind: 'unlink', path };
  }
  throw new Error(`what does this do to the disk? ${line.slice(0, 300)}`);
}

const plain = (text: string): string =>
  text.startsWith('"') ? unescaped(text).toString() : onFd(text);

/** `7<\x2f…>`: the file that descriptor 7 is open on. */
const onFd = (text: string): string => unescaped(text.replace(/^\d+</, '')).toString();

const unescaped = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex');
