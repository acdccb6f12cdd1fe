/** A log together with the SQLite connection that it works on. */
import Database from 'better-sqlite3';
import { DatabaseLog } from '../../../src/store/database-log.ts';
import { SqliteConnection } from '../../../src/store/sqlite/connection.ts';
import { inMemory, openSqliteFile } from '../../../src/store/sqlite/file.ts';

export interface Inside {
  readonly connection: SqliteConnection;
  readonly log: DatabaseLog;
}

export interface InsideOptions {
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly rowsPerWriteBack?: number;
}

const noSleep = () => Promise.resolve();

/** What `openLog` does for a file, and the connection with it. */
export async function openInside(file: string, options: InsideOptions = {}): Promise<Inside> {
  const { sleep = noSleep } = options;
  const connection = await openSqliteFile(file, {
    ...options,
    readOnly: false,
    create: true,
    busyTimeoutMs: 10_000,
    sleep,
    now: options.now ?? Date.now,
  });
  return { connection, log: new DatabaseLog(connection, []) };
}

/** A log in memory that starts as the database in `bytes`: some thousand of them a second. */
export function openBytes(bytes: Buffer, options: InsideOptions = {}): Inside {
  const { sleep = noSleep } = options;
  const handle = new Database(bytes);
  const connection = new SqliteConnection(handle, {
    file: ':memory:',
    readOnly: false,
    busyTimeoutMs: 0,
    sleep,
    now: options.now ?? Date.now,
  });
  return { connection, log: new DatabaseLog(connection, []) };
}
/** A log without events, as `openBytes` takes it. */
export async function emptyLog(): Promise<Buffer> {
  const { connection, log } = await openInside(inMemory);
  const bytes = connection.handle.serialize();
  await log.close();
  return bytes;
}
