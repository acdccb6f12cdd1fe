/** Opening an SQLite file as a log: is it one, is it ours, does it keep what we promise, are its tables there. */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Migrator } from 'kysely/migration';
import type { Sleep } from '../changes.ts';
import { makeFolder } from '../folders.ts';
import { StoreUnusable } from '../log.ts';
import { linkOnTheWay, makePrivateFile } from '../private-file.ts';
import { SqliteConnection } from './connection.ts';
import { whenOpening } from './errors.ts';
import { lockWaitMs } from './open-files.ts';
import { applicationId, migrations, schemaVersion } from './schema.ts';
import { assertTables, objectsOf } from './schema-check.ts';

export const inMemory = ':memory:';

/** A WAL larger than this, in bytes, is cut down to it once it has been written back. */
const walBytesMax = 67_108_864;

/** What SQLite writes beside the file, too. */
const written = ['', '-wal', '-shm', '-journal'];

export interface SqliteFileOptions {
  readonly readOnly: boolean;
  /** Makes the file and its tables where there are none. */
  readonly create: boolean;
  /** How long to wait while another process has the file locked. */
  readonly busyTimeoutMs: number;
  readonly sleep: Sleep;
  /** Milliseconds since 1970: the log's clock. */
  readonly now: () => number;
  /** After how many changed rows the WAL is written back; 500 when left out. */
  readonly rowsPerWriteBack?: number;
}

/**
 * @param file an absolute path, or `:memory:`
 * @throws StoreUnusable it is missing (read-only), no database, another program's, a newer version's, or cannot be made durable
 * @throws StoreUnavailable another process keeps it locked
 */
export async function openSqliteFile(
  file: string,
  options: SqliteFileOptions,
): Promise<SqliteConnection> {
  const problem = sqliteVersionProblem(sqliteVersion());
  if (problem !== null) throw problem;
  if (file !== inMemory) prepareFolder(file, options);
  else if (!options.create) throw missing(file, 'there can be nothing to read');
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { readonly: options.readOnly, timeout: lockWaitMs });
    const connection = new SqliteConnection(handle, { file, ...options });
    await makeUsable(connection, options);
    await connection.opened();
    return connection;
  } catch (error) {
    handle?.close();
    throw whenOpening(error, file);
  }
}

function prepareFolder(file: string, { readOnly, create }: SqliteFileOptions): void {
  const link = written.map((end) => linkOnTheWay(file + end)).find((one) => one !== null);
  if (link !== undefined) throw isLink(file, link);
  assertNotEmptied(file);
  if (!create && !isThere(file)) throw missing(file, 'there is no log');
  const stats = made(file, { readOnly, create });
  if (stats.isFile()) return;
  if (stats.isDirectory()) {
    throw new StoreUnusable('E_STORE_IS_DIRECTORY', `the log ${file} is a folder`, {
      hint: `Name a file in it: sqlite:${file}/log.db`,
      details: { file },
    });
  }
  // SQLite would wait without end for whoever writes to a pipe.
  throw new StoreUnusable('E_STORE_CANNOT_OPEN', `the log ${file} is no file`, {
    hint: 'Name another place with --store or PIPELINE_STORE=sqlite:PATH.',
    details: { file },
  });
}

/** SQLite takes a file of one byte for an empty one, and throws the WAL of an empty one away, also where it only reads. */
const emptyMax = 1;

/**
 * Whoever makes a log has its file written before there is a WAL: so the WAL is looked at first.
 *
 * @throws StoreUnusable E_STORE_CORRUPT
 */
function assertNotEmptied(file: string): void {
  if ((lookAt(`${file}-wal`)?.size ?? 0) === 0) return;
  const there = lookAt(file);
  if (there !== undefined && !(there.isFile() && there.size <= emptyMax)) return;
  const what = there === undefined ? 'gone' : 'empty';
  throw new StoreUnusable(
    'E_STORE_CORRUPT',
    `the log ${file} cannot be opened: its file is ${what}, and its -wal file is there still`,
    {
      hint: `Put the file back, where there is a copy of it: events are in its -wal file, too. Where there is none, restore the log from a backup or an export, and move ${file}-wal away.`,
      details: { file },
    },
  );
}

/** Undefined: nothing is there, or this user may not look, which opening it tells. */
function lookAt(place: string): Stats | undefined {
  try {
    return statSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Where this user may not look, there may be one. */
function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** What is in the log's place, once it is there and may be opened. @throws StoreUnusable E_STORE_CANNOT_OPEN */
function made(
  file: string,
  { readOnly, create }: Pick<SqliteFileOptions, 'readOnly' | 'create'>,
): Stats {
  try {
    if (create) {
      makeFolder(dirname(file));
      // SQLite gives its -wal and -shm the rights of the file.
      makePrivateFile(file);
    }
    // SQLite would open it all the same, and leave -wal and -shm beside it that cannot be written either.
    if (!readOnly) accessSync(file, constants.W_OK);
    return statSync(file);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new StoreUnusable('E_STORE_CANNOT_OPEN', `the log ${file} cannot be opened: ${why}`, {
      hint: 'Check that its folder can be made and that this user may write there, and to the file.',
      details: { file, why },
      cause: error,
    });
  }
}

/** A commit could have made it: the log would be written wherever it leads. */
function isLink(file: string, link: string): StoreUnusable {
  return new StoreUnusable(
    'E_STORE_LINK',
    `the log ${file} would be written through a link: ${link}`,
    {
      hint: 'Remove the link, or name the place that it leads to: sqlite:PATH.',
      details: { file, link },
    },
  );
}

async function makeUsable(
  connection: SqliteConnection,
  { readOnly, create }: SqliteFileOptions,
): Promise<void> {
  const { file, handle } = connection;
  const found = await connection.whenFree(() => identify(handle));
  assertOurs(file, found);
  if (found.version === 0 && (readOnly || !create)) throw missing(file, 'there is no log yet');
  if (readOnly) {
    await connection.whenFree(() => handle.pragma(`cache_size = -${readerCacheKiB}`));
    return assertTables(await connection.whenFree(() => objectsOf(handle)), file);
  }
  await connection.whenFree(() => setPragmas(handle));
  if (found.version < schemaVersion) await migrate(connection);
  await assertTables(await connection.whenFree(() => objectsOf(handle)), file);
  // Only now: better-sqlite3 goes from FULL to NORMAL at the first access to a file in WAL mode.
  const problem = file === inMemory ? null : durabilityProblem(file, durability(handle));
  if (problem !== null) throw problem;
}

/** A reader's own cache. It comes back to the upper pages of indexes alone; the rest is in the system's cache. */
const readerCacheKiB = 2_000;

interface Identity {
  readonly application: number;
  readonly version: number;
  readonly isEmpty: boolean;
}

function identify(handle: Database.Database): Identity {
  const pragma = (name: string) => Number(handle.pragma(name, { simple: true }));
  const objects = handle.prepare('select count(*) from sqlite_schema').pluck().get();
  return {
    application: pragma('application_id'),
    version: pragma('user_version'),
    isEmpty: objects === 0,
  };
}

function assertOurs(file: string, { application, version, isEmpty }: Identity): void {
  if (isEmpty && application === 0 && version === 0) return;
  if (application !== applicationId) {
    throw new StoreUnusable('E_STORE_FOREIGN', `${file} is the database of another program`, {
      hint: 'Name another file with --store or PIPELINE_STORE=sqlite:PATH; nothing was written to this one.',
      details: { file },
    });
  }
  if (version > schemaVersion) {
    throw new StoreUnusable(
      'E_STORE_NEWER',
      `the log ${file} was written by a newer version of Lockstep (schema ${version}, this one knows ${schemaVersion})`,
      {
        hint: 'Update Lockstep; nothing was written to the log.',
        details: { file, version, known: schemaVersion },
      },
    );
  }
}

function setPragmas(handle: Database.Database): void {
  handle.pragma('journal_mode = wal');
  handle.pragma('synchronous = full');
  handle.pragma('trusted_schema = off');
  handle.pragma(`journal_size_limit = ${walBytesMax}`);
}

/** All of it in one `begin immediate`: of several processes that open a new file, one makes the tables. */
async function migrate(connection: SqliteConnection): Promise<void> {
  const { db, file, handle } = connection;
  // Taken and given back first, so that waiting for the lock is the connection's to do.
  await connection.write(function* () {});
  handle.pragma(`busy_timeout = ${connection.busyTimeoutMs}`);
  try {
    await db.transaction().execute(async (trx) => {
      const provider = { getMigrations: async () => migrations };
      const { error } = await new Migrator({ db: trx, provider }).migrateToLatest();
      if (error !== undefined) throw error;
    });
  } catch (error) {
    throw whenOpening(error, file);
  } finally {
    handle.pragma(`busy_timeout = ${lockWaitMs}`);
  }
}

export interface Durability {
  readonly journalMode: string;
  readonly synchronous: number;
}

export function durability(handle: Database.Database): Durability {
  return {
    journalMode: String(handle.pragma('journal_mode', { simple: true })),
    synchronous: Number(handle.pragma('synchronous', { simple: true })),
  };
}

/** Null: what is acknowledged survives a power cut. */
export function durabilityProblem(
  file: string,
  { journalMode, synchronous }: Durability,
): StoreUnusable | null {
  if (journalMode === 'wal' && synchronous === 2) return null;
  return new StoreUnusable(
    'E_STORE_NOT_DURABLE',
    `the log ${file} cannot be made durable: journal_mode is ${journalMode} and synchronous ${synchronous}, not wal and 2 (FULL)`,
    {
      hint: 'Put the log on a local file system (not a network share) that supports shared memory files.',
      details: { file, journalMode, synchronous },
    },
  );
}

/** Null: this SQLite does not have the bug by which two writers of a WAL could damage the file (3.7.0 to 3.51.2). */
export function sqliteVersionProblem(version: string): StoreUnusable | null {
  const oldest = [3, 51, 3];
  const parts = version.split('.').map(Number);
  const differing = oldest.findIndex((part, place) => parts[place] !== part);
  if (differing === -1 || (parts[differing] ?? 0) > (oldest[differing] ?? 0)) return null;
  return new StoreUnusable(
    'E_STORE_SQLITE_TOO_OLD',
    `SQLite ${version} can damage a log that two processes write: ${oldest.join('.')} or newer is needed`,
    {
      hint: 'Install the better-sqlite3 that package.json asks for (npm ci).',
      details: { version },
    },
  );
}

function sqliteVersion(): string {
  const handle = new Database(inMemory);
  try {
    return String(handle.prepare('select sqlite_version()').pluck().get());
  } finally {
    handle.close();
  }
}

function missing(file: string, what: string): StoreUnusable {
  return new StoreUnusable('E_STORE_MISSING', `${what} at ${file}`, {
    hint: 'The first `pipeline advance` makes it. Or name another one with --store or PIPELINE_STORE.',
    details: { file },
  });
}
