/**
 * SQLite's own check of a log's file. Of a long log it takes seconds: that is done in a thread of its own, and the process goes on
 * meanwhile. Of a short one it takes less than a thread takes to start.
 */
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** What the thread is given. */
export interface Checked {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

/** What the thread posts. */
export type Answer =
  | { readonly damage: string | null }
  | { readonly message: string; readonly code: string };

/** Null: nothing is wrong; else the first thing that is. */
export function damageIn(handle: Database.Database): string | null {
  const found = String(handle.pragma('integrity_check(1)', { simple: true }));
  return found === 'ok' ? null : found.replace('*** in database main ***\n', '');
}

/** In bytes. */
const shortMax = 4 * 1024 * 1024;

/** Of what cannot be looked at, the check tells soon. */
export function isShort(file: string): boolean {
  try {
    return statSync(file).size <= shortMax;
  } catch {
    return true;
  }
}

/** What `damageIn` gives, of a file, by a connection of its own: one that was open before may know pages by heart. @throws SqliteError */
export function damageOf({ file, busyTimeoutMs }: Checked): string | null {
  const handle = openedToCheck(file, busyTimeoutMs);
  try {
    return damageIn(handle);
  } finally {
    handle.close();
  }
}

function openedToCheck(file: string, timeout: number): Database.Database {
  try {
    return new Database(file, { readonly: true, timeout });
  } catch (error) {
    if (error instanceof Database.SqliteError) throw error;
    // Whether its folder is there the driver looks itself.
    throw new Database.SqliteError(String(error), 'SQLITE_CANTOPEN');
  }
}

/**
 * What `damageOf` gives, by a thread.
 *
 * @param signal ends the check, as soon as SQLite gives way
 * @throws SqliteError as the check itself did
 */
export async function checkFile(checked: Checked, signal: AbortSignal): Promise<string | null> {
  signal.throwIfAborted();
  const thread = new URL(`./file-check-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(thread, { workerData: checked });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const end = (): void => {
    reject(signal.reason);
    void worker.terminate();
  };
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('the thread that checks the file ended early')));
  signal.addEventListener('abort', end);
  try {
    const answer = await promise;
    if ('code' in answer) throw new Database.SqliteError(answer.message, answer.code);
    return answer.damage;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
