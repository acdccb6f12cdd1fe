/**
 * The thread of `file-check.ts`, with a connection of its own. It is a file of its own in the bundle, and imports nothing that
 * would have it load more.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { type Answer, type Checked, damageIn } from './file-check.ts';

function check({ file, busyTimeoutMs }: Checked): Answer {
  try {
    const handle = new Database(file, { readonly: true, timeout: busyTimeoutMs });
    try {
      return { damage: damageIn(handle) };
    } finally {
      handle.close();
    }
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    // Only its words pass from one thread to another, not its class.
    return { message: error.message, code: error.code };
  }
}

parentPort?.postMessage(check(workerData));
