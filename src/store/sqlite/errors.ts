/** What SQLite's errors mean to the people and programs that use the log. */
import Database from 'better-sqlite3';
import type { CoreCode } from '../../errors/catalogue.ts';
import { StoreUnavailable, StoreUnusable } from '../log.ts';

/** SQLite's own name of an error (`SQLITE_IOERR_WRITE`), or null when it is not SQLite's. */
export function sqliteCode(error: unknown): string | null {
  return error instanceof Database.SqliteError ? error.code : null;
}

export const isBusy = (error: unknown): boolean =>
  sqliteCode(error)?.startsWith('SQLITE_BUSY') === true;

interface Meaning {
  readonly code: CoreCode;
  readonly what: string;
  readonly hint: string;
}

const meanings: readonly (readonly [RegExp, Meaning])[] = [
  [
    /^SQLITE_BUSY/,
    {
      code: 'E_STORE_BUSY',
      what: 'another process kept it locked',
      hint: 'Look for a program that holds the file open in a transaction (a database browser, a backup) or that was stopped in the middle of a write, and run the command again.',
    },
  ],
  [
    /^SQLITE_FULL/,
    {
      code: 'E_STORE_FULL',
      what: 'there is no space left for it',
      hint: 'Free space on its disk and run the command again: nothing of this write was kept.',
    },
  ],
  [
    /^SQLITE_READONLY_DBMOVED/,
    {
      code: 'E_STORE_MOVED',
      what: 'its file was moved or deleted while it was open',
      hint: 'Put the file back, or see which job removed it, and run the command again.',
    },
  ],
  [
    /^SQLITE_READONLY/,
    {
      code: 'E_STORE_READ_ONLY',
      what: 'it can only be read',
      hint: 'Give this user the right to write the file and its folder (SQLite keeps -wal and -shm files beside it).',
    },
  ],
  [
    // What takes an event's place was not found right before: a page of the table is lost.
    /^SQLITE_(CORRUPT|NOTADB|CONSTRAINT_PRIMARYKEY)/,
    {
      code: 'E_STORE_CORRUPT',
      what: 'its file is damaged',
      hint: 'Keep a copy of the file with its -wal and -shm, and restore the log from a backup or an export.',
    },
  ],
  [
    /^SQLITE_CANTOPEN/,
    {
      code: 'E_STORE_CANNOT_OPEN',
      what: 'SQLite cannot get at its file, or at those that it keeps beside it (-wal, -shm)',
      hint: 'Check that the file and its folder exist and that this user may read and write them.',
    },
  ],
  [
    /^SQLITE_(IOERR|PROTOCOL|PERM)/,
    {
      code: 'E_STORE_IO',
      what: 'reading or writing its file failed',
      hint: 'Check the disk and the file system; a log on a network file system is not safe with SQLite.',
    },
  ],
];

const otherTables: Meaning = {
  code: 'E_STORE_SCHEMA',
  what: 'its tables are not those that Lockstep made',
  hint: 'Somebody changed them: restore the log from a backup, or import an export into a new file.',
};

function meaningOf(error: unknown): Meaning | undefined {
  const code = sqliteCode(error);
  if (code === null) return undefined;
  // SQLite's code says no more than that the statement is wrong.
  if (code === 'SQLITE_ERROR' && /no such (table|column)|has no column/.test(String(error))) {
    return otherTables;
  }
  return meanings.find(([pattern]) => pattern.test(code))?.[1];
}

/**
 * A failure in use as a `StoreUnavailable`; anything that is not the store's fault as it came.
 *
 * @param duringCommit the write may have reached the disk although SQLite reported a failure
 */
export function inUse(error: unknown, file: string, duringCommit = false): unknown {
  const code = sqliteCode(error);
  const meaning = meaningOf(error);
  if (meaning === undefined) return error;
  // Without space the commit's last frame is not there; an I/O error can come after it was written.
  const unknown = duringCommit && code?.startsWith('SQLITE_IOERR') === true;
  return new StoreUnavailable(meaning.code, `the log ${file} is not available: ${meaning.what}`, {
    hint: meaning.hint,
    details: { file, sqlite: code },
    unknown,
    cause: error,
  });
}

/** A failure to open as a `StoreUnusable`; busy stays `StoreUnavailable`, for it passes. */
export function whenOpening(thrown: unknown, file: string): unknown {
  const error = thrown instanceof StoreUnavailable ? (thrown.cause ?? thrown) : thrown;
  const code = sqliteCode(error);
  if (code === 'SQLITE_NOTADB') {
    return new StoreUnusable('E_STORE_NOT_A_DATABASE', `${file} is not an SQLite database`, {
      hint: 'Name the log with --store or PIPELINE_STORE=sqlite:PATH; a file that is not there yet is made.',
      details: { file },
      cause: error,
    });
  }
  const meaning = isBusy(error) ? undefined : meaningOf(error);
  if (meaning === undefined) return inUse(error, file);
  return new StoreUnusable(meaning.code, `the log ${file} cannot be opened: ${meaning.what}`, {
    hint: meaning.hint,
    details: { file, sqlite: code },
    cause: error,
  });
}
