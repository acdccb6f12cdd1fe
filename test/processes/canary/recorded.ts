/** Waits for what a deploy's log says. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { deployId } from '../stage.ts';

/** How often the log is looked at, in milliseconds. */
const everyMs = 5;

/** Until the deploy has so many events of that type. By a bare query: this is asked all the time. */
export async function recorded(
  file: string,
  {
    build,
    commit,
    type,
    times = 1,
  }: { build: number; commit: string; type: string; times?: number },
): Promise<void> {
  while (!existsSync(file)) await sleep(everyMs);
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    while (countEvents(database, deployId(build, commit), type) < times) await sleep(everyMs);
  } finally {
    database.close();
  }
}

function countEvents(database: Database.Database, deploy: string, type: string): number {
  try {
    const count = database.prepare('select count(*) from events where stream = ? and type = ?');
    return count.pluck().get(`deploy/${deploy}`, type) as number;
  } catch {
    return 0; // Its tables are not made yet.
  }
}
