/**
 * The thread of `file-check.ts`. It is a file of its own in the bundle, and imports nothing that
 * would have it load more.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { type Answer, type Checked, damageOf } from './file-check.ts';

function check(checked: Checked): Answer {
  try {
    return { damage: damageOf(checked) };
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    // Only its words pass from one thread to another, not its class.
    return { message: error.message, code: error.code };
  }
}

parentPort?.postMessage(check(workerData));
