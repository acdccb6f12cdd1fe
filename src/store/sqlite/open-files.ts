/**
 * Whether the files that this process has open are still the ones at the log's path. SQLite goes on
 * writing to a file that was moved, deleted or replaced: what it acknowledges then is in no log.
 */
import { type BigIntStats, closeSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreReplaced } from '../log.ts';
import { sqliteCode } from './errors.ts';

/** SQLite's write-ahead log and its index have events and locks that are nowhere else. */
const parts = ['', '-wal', '-shm'] as const;
type Part = (typeof parts)[number];

type Seen = Readonly<Record<Part, BigIntStats>>;

/**
 * How long SQLite itself waits for a lock, in milliseconds. Short, because it waits with the whole
 * process; the rest of the time is waited here, where heartbeats and signals go on.
 */
export const lockWaitMs = 20;

/** How many of the newest events are compared. */
const compared = 100;

/** In bytes: a larger file is not read as a whole. */
const readWholeMax = 268_435_456n;

/**
 * For reading a log's file apart from SQLite. One that is closed takes every lock away that this process has on the
 * file, SQLite's too (fcntl(2)), and who closes the log next would then throw the WAL away under us: so there is one a
 * file, which is closed after the last of its logs.
 */
const descriptors = new Map<string, { readonly descriptor: number; logs: number }>();

const nameOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

export class OpenFiles {
  readonly #handle: Database.Database;
  readonly #file: string;
  readonly #name: string;
  readonly #descriptor: number;
  #seen: Seen;
  /** Once the log was not there, nothing that is put there later makes up for it. */
  #replaced: StoreReplaced | null = null;

  /** @param handle has the log open: nobody else may put its files away while it has */
  constructor(handle: Database.Database, file: string) {
    this.#handle = handle;
    this.#file = file;
    this.#seen = this.#look();
    this.#name = nameOf(this.#seen['']);
    const open = descriptors.get(this.#name) ?? { descriptor: openSync(file, 'r'), logs: 0 };
    open.logs++;
    descriptors.set(this.#name, open);
    this.#descriptor = open.descriptor;
  }

  /** Once the log was closed. */
  close(): void {
    const open = descriptors.get(this.#name);
    if (open === undefined || --open.logs > 0) return;
    descriptors.delete(this.#name);
    closeSync(open.descriptor);
  }

  /** Writes the WAL back into the file, which is then as this process left it. @throws StoreReplaced */
  writeBack(): void {
    this.assertSame();
    this.#handle.pragma('wal_checkpoint(passive)');
    this.#seen = this.#look();
  }

  /**
   * Three looks at the file system; where a file changed in a way that need not be SQLite's doing,
   * the log is read anew from its path and compared.
   *
   * @throws StoreReplaced
   */
  assertSame(): void {
    if (this.#replaced !== null) throw this.#replaced;
    try {
      this.#assertSame();
    } catch (error) {
      if (error instanceof StoreReplaced) this.#replaced = error;
      throw error;
    }
  }

  #assertSame(): void {
    const now = this.#look();
    for (const part of parts) {
      const [before, after] = [this.#seen[part], now[part]];
      if (before.ino !== after.ino || before.dev !== after.dev) {
        throw new StoreReplaced(this.#file, `another file stands in place of its ${named(part)}`);
      }
    }
    // A log never gets smaller; SQLite would throw the WAL away beside an empty file.
    if (now[''].size < this.#seen[''].size) {
      throw new StoreReplaced(this.#file, 'its file was cut short');
    }
    const isRewritten =
      now[''].mtimeNs !== this.#seen[''].mtimeNs || now['-wal'].size < this.#seen['-wal'].size;
    // Written back from the WAL, as happens every now and then, or overwritten by somebody.
    if (isRewritten) this.#compare(now[''].size);
    this.#seen = now;
  }

  #look(): Seen {
    const [main, wal, shm] = parts.map((part) => {
      const stats = statSync(this.#file + part, { bigint: true, throwIfNoEntry: false });
      if (stats !== undefined) return stats;
      throw new StoreReplaced(this.#file, `its ${named(part)} was moved or deleted`);
    });
    return { '': main, '-wal': wal, '-shm': shm } as Seen;
  }

  #compare(size: bigint): void {
    if (size <= readWholeMax) this.#compareAlone(Number(size));
    const other = new Database(this.#file, { readonly: true, timeout: lockWaitMs });
    try {
      const head = headOf(this.#handle);
      if (hashesOf(other, head) !== hashesOf(this.#handle, head)) throw this.#overwritten();
    } finally {
      other.close();
    }
  }

  /**
   * The file without its WAL, which hides what is overwritten below it: every event in it has to be
   * one of ours.
   */
  #compareAlone(size: number): void {
    const bytes = Buffer.alloc(size);
    readSync(this.#descriptor, bytes, 0, size, 0);
    // Bytes 18 and 19 of the header say that there is a WAL (SQLite's file format, 1.3); here is none.
    bytes.fill(1, 18, 20);
    const alone = new Database(bytes, { readonly: true });
    try {
      const head = headOf(alone);
      if (hashesOf(alone, head) !== hashesOf(this.#handle, head)) throw this.#overwritten();
    } catch (error) {
      if (sqliteCode(error) === 'SQLITE_ERROR') return; // it has no table yet: all is in the WAL
      if (sqliteCode(error) === null) throw error;
      // Another process is writing the WAL back: this is looked at again when that is over.
      throw new Database.SqliteError('the file is being written', 'SQLITE_BUSY');
    } finally {
      alone.close();
    }
  }

  #overwritten(): StoreReplaced {
    return new StoreReplaced(this.#file, 'its file was overwritten');
  }
}

const headOf = (handle: Database.Database): unknown =>
  handle.prepare('select coalesce(max(position), 0) from events').pluck().get();

/** Of the newest events up to `head`. */
function hashesOf(handle: Database.Database, head: unknown): string {
  const read = handle.prepare(
    'select position, hash from events where position <= ? and position > ? - ?',
  );
  return JSON.stringify(read.all(head, head, compared));
}

const named = (part: Part): string => (part === '' ? 'file' : `${part} file`);
