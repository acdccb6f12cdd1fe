/** Codes of the place where the log is kept. Exit 2: it could not be opened; 1: it failed in use. */
import type { ErrorEntries } from './entry.ts';

const opening = [2] as const;
const either = [1, 2] as const;

export const storeErrors = {
  E_STORE_URL: {
    meaning: 'The log’s address is none.',
    remedy:
      'Set `PIPELINE_STORE` or `--store` to `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.',
    exit: opening,
  },
  E_STORE_MISSING: {
    meaning: 'There is no log at that place, or its tables are gone.',
    remedy:
      'The first `pipeline advance` makes a log. Name another place with `PIPELINE_STORE`; restore one that was there from a backup or an export.',
    exit: either,
  },
  E_STORE_NOT_KEPT: {
    meaning:
      'The log, which holds the lane’s lock, is inside the checkout, which the CI throws away.',
    remedy:
      'Use PostgreSQL, or a file on a disk that every runner shares, or the CI’s list as the lock. docs/stores.md compares them.',
    exit: opening,
  },
  E_STORE_NEWER: {
    meaning: 'A newer version of Lockstep made the log’s tables.',
    remedy: 'Update Lockstep. Nothing was written to the log.',
    exit: opening,
  },
  E_STORE_FOREIGN: {
    meaning: 'What is at that place belongs to another program.',
    remedy: 'Name another place in `PIPELINE_STORE`. Nothing was written to this one.',
    exit: opening,
  },
  E_STORE_SCHEMA: {
    meaning:
      'Somebody changed the log’s tables, so that they no longer keep what Lockstep promises.',
    remedy:
      'Find out who did it. Then restore a backup, or export the log and import it into a new store.',
    exit: either,
  },
  E_STORE_CORRUPT: {
    meaning: 'What the log is stored in is damaged.',
    remedy: 'Keep a copy of it, and restore the log from a backup or an export.',
    exit: either,
  },
  E_STORE_NOT_DURABLE: {
    meaning: 'The place could lose what it has acknowledged.',
    remedy:
      'SQLite: put the log on a local disk, not on a network share. PostgreSQL: turn `fsync` on.',
    exit: opening,
  },
  E_STORE_READ_ONLY: {
    meaning: 'The log can be read and not written.',
    remedy:
      'Give this user the right to write: the file and its folder, or the schema `lockstep`. Name the primary server, not a replica.',
    exit: either,
  },
  E_STORE_BUSY: {
    meaning: 'Another program kept the log locked for too long.',
    remedy:
      'Look for a program that holds a transaction open or was stopped in the middle of a write, and run the command again.',
  },
  E_STORE_FULL: {
    meaning: 'There is no space left for the log. Nothing of this write was kept.',
    remedy: 'Free space where the log is kept, and run the command again.',
    exit: either,
  },
  E_STORE_CLOSED: {
    meaning: 'The log was closed while something still used it.',
    remedy: 'Run the same command again. If it happens again, please report it.',
  },
  E_STORE_REPLACED: {
    meaning: 'What stands at the log’s place is not the log that this run opened.',
    remedy: 'Put the log back as it was (its `-wal` file too), and run the same command again.',
  },
  E_STORE_MOVED: {
    meaning: 'The log’s file was moved or deleted while it was open.',
    remedy: 'Put the file back, or see which job removed it, and run the command again.',
    exit: either,
  },
  E_STORE_CANNOT_OPEN: {
    meaning: 'The log’s file cannot be opened or made, or is no file.',
    remedy: 'See whether its folder exists and whether this user may read and write there.',
    exit: either,
  },
  E_STORE_IS_DIRECTORY: {
    meaning: 'The place of the log is a folder.',
    remedy: 'Name a file in it: `sqlite:FOLDER/log.db`.',
    exit: opening,
  },
  E_STORE_LINK: {
    meaning: 'The log would be written through a link that somebody else may have made.',
    remedy: 'Remove the link, or name the place that it leads to.',
    exit: opening,
  },
  E_STORE_NOT_A_DATABASE: {
    meaning: 'The file is no SQLite database.',
    remedy: 'Name the log with `PIPELINE_STORE=sqlite:PATH`. A file that is not there yet is made.',
    exit: opening,
  },
  E_STORE_SQLITE_TOO_OLD: {
    meaning: 'This SQLite can damage a log that two processes write.',
    remedy: 'Install the `better-sqlite3` that `package.json` asks for (`npm ci`).',
    exit: opening,
  },
  E_STORE_IO: {
    meaning: 'Reading or writing the log’s file failed.',
    remedy: 'Check the disk and the file system. On a network file system SQLite is not safe.',
    exit: either,
  },
  E_STORE_UNREACHABLE: {
    meaning: 'The log’s server does not answer.',
    remedy: 'See whether it runs and whether this machine may reach it, and run the command again.',
    exit: either,
  },
  E_STORE_LOGIN: {
    meaning: 'The log’s server does not let this user in.',
    remedy:
      'Check the user and the password in `PIPELINE_STORE`. Where a provider changes them now and then, take the new address from there.',
    exit: either,
  },
  E_STORE_TLS: {
    meaning: 'The log’s server speaks no TLS, or has a certificate that is not trusted.',
    remedy:
      'Name its root certificate with `sslrootcert=FILE`. docs/stores.md says what each `sslmode` means.',
    exit: either,
  },
  E_STORE_CLEARTEXT: {
    meaning:
      'The log’s server asks for the password in the clear, and nothing proves who it is. It was not given.',
    remedy: 'Let the server use `scram-sha-256`, or write `sslmode=verify-full&sslrootcert=FILE`.',
    exit: either,
  },
  E_STORE_ENCODING: {
    meaning: 'The database does not keep text as UTF8.',
    remedy: 'Make one with `createdb --encoding=UTF8 --template=template0 NAME`.',
    exit: opening,
  },
} as const satisfies ErrorEntries;
