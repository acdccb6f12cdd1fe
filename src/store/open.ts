/** Opens a log by its URL. */
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Sleep } from './changes.ts';
import { type Clean, DatabaseLog } from './database-log.ts';
import { LogFault, StoreUnusable } from './log.ts';
import { isPostgresUrl, parseAddress } from './postgres/address.ts';
import type { Database } from './procedure.ts';
import type { ProjectedLog, Projection } from './projection.ts';
import { inMemory, openSqliteFile } from './sqlite/file.ts';

export interface OpenOptions {
  /** Read models that are kept with the log. */
  readonly projections?: readonly Projection[];
  /** What is written passes through this first, all but an import, which is kept as it was recorded. */
  readonly clean?: Clean;
  /**
   * Milliseconds since 1970: the log's clock, for events and leases. Left out, it is this machine's
   * for SQLite and the server's for PostgreSQL, which is the same one for every runner.
   */
  readonly now?: () => number;
  /** Refuses every write, makes no file and no table. */
  readonly readOnly?: boolean;
  /** Makes the log where there is none; true when left out. */
  readonly create?: boolean;
  /** How long a call waits while another process has the log locked; 10 seconds when left out. */
  readonly busyTimeoutMs?: number;
  /** How long a call goes on trying while a server does not answer; 60 seconds when left out, 10 while opening. */
  readonly patienceMs?: number;
  /** Rejects when the signal aborts. */
  readonly sleep?: Sleep;
}

const defaultBusyTimeoutMs = 10_000;

const realSleep: Sleep = (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {});

/**
 * Opens the log, and makes it where there is none yet and it may be made.
 *
 * @param url `sqlite:PATH`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`
 * @throws StoreUnusable the URL, or what it names, is no log that can be trusted
 * @throws StoreUnavailable another process keeps it locked, or the server does not answer
 */
export async function openLog(url: string, options: OpenOptions = {}): Promise<ProjectedLog> {
  const database = await openDatabase(url, options);
  try {
    const log = new DatabaseLog(database, options.projections ?? [], options.clean);
    if (options.readOnly !== true) await assertGuarded(database, log);
    await log.catchUp();
    return log;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Nothing is written to a log whose events anybody may change. Reading it goes on: hashes show what was changed.
 *
 * @throws LogFault something was
 * @throws StoreUnusable E_STORE_SCHEMA
 */
async function assertGuarded(database: Database, log: DatabaseLog): Promise<void> {
  const lost = await database.lostGuard();
  if (lost === null) return;
  const { fault } = await log.verify();
  if (fault !== null) throw new LogFault(fault);
  throw new StoreUnusable(
    'E_STORE_SCHEMA',
    `the log can no longer be trusted to keep its events: ${lost}`,
    {
      hint: 'Its events still add up. Find out who changed the store, then export the log and import it into a new one.',
    },
  );
}

async function openDatabase(url: string, options: OpenOptions): Promise<Database> {
  const { now, sleep = realSleep, readOnly = false, patienceMs } = options;
  const create = !readOnly && (options.create ?? true);
  const { busyTimeoutMs = defaultBusyTimeoutMs } = options;
  if (isPostgresUrl(url)) {
    // Whoever keeps the log in a file does not wait for the driver to load.
    const { openPostgres } = await import('./postgres/open.ts');
    return openPostgres(url, { now, sleep, readOnly, create, busyTimeoutMs, patienceMs });
  }
  return openSqliteFile(fileOf(url), {
    now: now ?? Date.now,
    sleep,
    readOnly,
    create,
    busyTimeoutMs,
  });
}

/** How messages name a log: by its file, or by host, port and database. @throws StoreUnusable the URL is none */
export function shownStore(url: string): string {
  return isPostgresUrl(url) ? parseAddress(url).shown : `sqlite:${fileOf(url)}`;
}

/** The URL itself is never shown: one for a server may hold a password. */
function fileOf(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [];
  const hint =
    'Write sqlite:PATH, for example sqlite:.pipeline/log.db, or postgres://USER:PASSWORD@HOST/DATABASE.';
  if (scheme !== 'sqlite') {
    const what = scheme === '' ? 'the log has no scheme' : `the log cannot be kept in ${scheme}:`;
    throw new StoreUnusable('E_STORE_URL', what, { hint });
  }
  if (rest === '') throw new StoreUnusable('E_STORE_URL', 'sqlite: names no file', { hint });
  if (/^\/\/[^/]/.test(rest)) {
    throw new StoreUnusable('E_STORE_URL', 'sqlite: takes a path, not a host', { hint });
  }
  return rest === inMemory ? inMemory : resolve(rest);
}
