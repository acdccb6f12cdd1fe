/** Waits for what a deploy's log says. */
import Database from 'better-sqlite3';
import { deployId } from '../stage.ts';

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
  while (countEvents(file, deployId(build, commit), type) < times) {
    await new Promise((later) => setTimeout(later, 5));
  }
}

function countEvents(file: string, deploy: string, type: string): number {
  let database: Database.Database | null = null;
  try {
    database = new Database(file, { readonly: true, fileMustExist: true });
    const count = database.prepare('select count(*) from events where stream = ? and type = ?');
    return count.pluck().get(`deploy/${deploy}`, type) as number;
  } catch {
    return 0;
  } finally {
    database?.close();
  }
}
