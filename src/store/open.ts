/** Opens a log by its URL. */
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { StoreUnusable } from './log.ts';
import type { ProjectedLog, Projection } from './projection.ts';
import type { Sleep } from './sqlite-connection.ts';
import { inMemory, openSqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';

export interface OpenOptions {
  /** Read models that are kept with the log. */
  readonly projections?: readonly Projection[];
  /** Milliseconds since 1970: the log's clock, for events and leases. */
  readonly now?: () => number;
  /** Refuses every write, makes no file. */
  readonly readOnly?: boolean;
  /** How long a call waits while another process has the log locked; 10 seconds when left out. */
  readonly busyTimeoutMs?: number;
  /** Rejects when the signal aborts. */
  readonly sleep?: Sleep;
}

const defaultBusyTimeoutMs = 10_000;

const realSleep: Sleep = (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {});

/**
 * Opens the log, and makes it where there is none yet.
 *
 * @param url `sqlite:PATH` or `sqlite::memory:`
 * @throws StoreUnusable the URL, or what it names, is no log that can be trusted
 * @throws StoreUnavailable another process keeps it locked
 */
export async function openLog(url: string, options: OpenOptions = {}): Promise<ProjectedLog> {
  const { projections = [], now = Date.now, sleep = realSleep, readOnly = false } = options;
  const { busyTimeoutMs = defaultBusyTimeoutMs } = options;
  const file = fileOf(url);
  const shared = file !== inMemory;
  const connection = await openSqliteFile(file, {
    readOnly,
    busyTimeoutMs,
    sleep,
  });
  try {
    const log = new SqliteLog(connection, { projections, now, sleep, readOnly, shared });
    await log.catchUp();
    return log;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The URL itself is never shown: one for a server may hold a password. */
function fileOf(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [];
  const hint = 'Write sqlite:PATH, for example sqlite:.pipeline/log.db.';
  if (/^postgres(ql)?$/i.test(scheme)) {
    throw new StoreUnusable('E_STORE_URL', 'this version keeps its log in SQLite only', { hint });
  }
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
