/** What SQLite’s errors are for people: a code of SQLite a row, in use and on opening. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { inUse, whenOpening } from '../../src/store/sqlite/errors.ts';

const sqlite = (code: string, message = 'as SQLite says it') =>
  new Database.SqliteError(message, code);

const busy = [
  'E_STORE_BUSY',
  'another process kept it locked',
  'Look for a program that holds the file open in a transaction (a database browser, a backup) or that was stopped in the middle of a write, and run the command again.',
] as const;
const readOnly = [
  'E_STORE_READ_ONLY',
  'it can only be read',
  'Give this user the right to write the file and its folder (SQLite keeps -wal and -shm files beside it).',
] as const;
const io = [
  'E_STORE_IO',
  'reading or writing its file failed',
  'Check the disk and the file system; a log on a network file system is not safe with SQLite.',
] as const;
const corrupt = [
  'E_STORE_CORRUPT',
  'its file is damaged',
  'Keep a copy of the file with its -wal and -shm, and restore the log from a backup or an export.',
] as const;
const meanings = [
  ['SQLITE_BUSY', ...busy],
  ['SQLITE_BUSY_SNAPSHOT', ...busy],
  [
    'SQLITE_FULL',
    'E_STORE_FULL',
    'there is no space left for it',
    'Free space on its disk and run the command again: nothing of this write was kept.',
  ],
  [
    'SQLITE_READONLY_DBMOVED',
    'E_STORE_MOVED',
    'its file was moved or deleted while it was open',
    'Put the file back, or see which job removed it, and run the command again.',
  ],
  ['SQLITE_READONLY', ...readOnly],
  ['SQLITE_READONLY_DIRECTORY', ...readOnly],
  ['SQLITE_CORRUPT', ...corrupt],
  ['SQLITE_CORRUPT_INDEX', ...corrupt],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', ...corrupt],
  [
    'SQLITE_CANTOPEN',
    'E_STORE_CANNOT_OPEN',
    'SQLite cannot get at its file, or at those that it keeps beside it (-wal, -shm)',
    'Check that the file and its folder exist and that this user may read and write them.',
  ],
  ['SQLITE_IOERR_WRITE', ...io],
  ['SQLITE_PROTOCOL', ...io],
  ['SQLITE_PERM', ...io],
] as const;
const tables = [
  'E_STORE_SCHEMA',
  'its tables are not those that Lockstep made',
  'Somebody changed them: restore the log from a backup, or import an export into a new file.',
] as const;

describe('a failure in use', () => {
  it.each([
    ...meanings.map(([sqlCode, ...meaning]) => [sqlCode, 'any', ...meaning] as const),
    ['SQLITE_NOTADB', 'any', ...corrupt],
    ['SQLITE_ERROR', 'no such table: events', ...tables],
    ['SQLITE_ERROR', 'no such column: hash', ...tables],
    ['SQLITE_ERROR', 'table events has no column named hash', ...tables],
  ] as const)('%s (%s)', (sqlCode, message, code, what, hint) => {
    const error = sqlite(sqlCode, message);
    const told = inUse(error, 'FILE');
    expect(told).toBeInstanceOf(StoreUnavailable);
    expect(told).toMatchObject({
      ...{ code, message: `the log FILE is not available: ${what}`, hint, cause: error },
      details: { file: 'FILE', sqlite: sqlCode, unknown: false },
    });
  });

  it.each([
    ['SQLITE_IOERR_FSYNC', true],
    ['SQLITE_FULL', false],
    ['SQLITE_BUSY', false],
  ])('by %s while it commits: whether it was written is unknown: %s', (code, unknown) => {
    expect(inUse(sqlite(code), 'FILE', true)).toMatchObject({ unknown });
  });

  it('that is not the store’s stays as it is', () => {
    const others = [
      sqlite('SQLITE_ERROR', 'near "selec"'),
      sqlite('SQLITE_MISUSE'),
      new Error('no'),
    ];
    for (const error of [...others, 'a text', null]) {
      expect(inUse(error, 'FILE')).toBe(error);
      expect(whenOpening(error, 'FILE')).toBe(error);
    }
  });
});

describe('a failure on opening', () => {
  it.each(meanings.filter(([, code]) => code !== 'E_STORE_BUSY'))(
    '%s',
    (sqlCode, code, what, hint) => {
      const error = sqlite(sqlCode);
      for (const thrown of [error, inUse(error, 'FILE')]) {
        const told = whenOpening(thrown, 'FILE');
        expect(told).toBeInstanceOf(StoreUnusable);
        expect(told).toMatchObject({
          ...{ code, message: `the log FILE cannot be opened: ${what}`, hint, cause: error },
          details: { file: 'FILE', sqlite: sqlCode },
        });
      }
    },
  );

  it('of what is no database names it', () => {
    expect(whenOpening(sqlite('SQLITE_NOTADB'), 'FILE')).toMatchObject({
      ...{ code: 'E_STORE_NOT_A_DATABASE', message: 'FILE is not an SQLite database' },
      details: { file: 'FILE' },
    });
  });

  it('because it is busy passes', () => {
    for (const thrown of [sqlite('SQLITE_BUSY'), inUse(sqlite('SQLITE_BUSY'), 'FILE')]) {
      const told = whenOpening(thrown, 'FILE');
      expect(told).toBeInstanceOf(StoreUnavailable);
      expect(told).toMatchObject({ code: 'E_STORE_BUSY' });
    }
  });

  it('that the store has a name for already stays as it is', () => {
    const known = new StoreUnusable('E_STORE_LINK', 'the log is a link');
    expect(whenOpening(known, 'FILE')).toBe(known);
    const moved = new StoreUnavailable('E_STORE_REPLACED', 'the log was replaced');
    expect(whenOpening(moved, 'FILE')).toBe(moved);
  });
});
