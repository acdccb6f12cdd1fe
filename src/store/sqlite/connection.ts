/** One process's connection to a log in SQLite: prepared statements, and transactions that never upgrade a lock. */
import type SqliteHandle from 'better-sqlite3';
import { Kysely } from 'kysely';
import { Changes, type Sleep } from '../changes.ts';
import { StoreUnavailable } from '../log.ts';
import {
  type BoundStatement,
  CompiledStatements,
  type Database,
  type DatabaseResult,
  type DatabaseStep,
  type Procedure,
} from '../procedure.ts';
import type { LogTables } from '../tables.ts';
import { immediateDialect, wordsOnlyDialect } from './dialect.ts';
import { inUse, isBusy } from './errors.ts';
import { lockWaitMs, OpenFiles } from './open-files.ts';
import { lostGuard } from './schema-check.ts';
import { WalWatch } from './wal-watch.ts';

/** How long between two tries for a lock, at most, in milliseconds. */
const pauseMaxMs = 12;

/**
 * How long until the file is looked at again for what others wrote, in milliseconds, after so many looks that saw nothing: longer
 * and longer, for looks are what a waiter at rest costs. `told`: the system tells of writes. The first looks are then for a write that is
 * not on the disk yet, the later ones for a write that the system did not tell of.
 */
const pollMs = {
  told: (looks: number): number => Math.min(10 * 2 ** (looks - 1), 2_000),
  alone: (looks: number): number => (looks < 50 ? 30 : 75),
};

/** After how many changed rows the WAL is written back: some thousand pages of 4 KiB. */
const rowsPerWriteBack = 500;

/** For all connections: a statement's SQL is the same for every file. It is only compiled here, never run. */
const compiled = new CompiledStatements(new Kysely<LogTables>({ dialect: wordsOnlyDialect }));

export interface SqliteConnectionOptions {
  /** A path, or `:memory:`, which no other connection can write to. */
  readonly file: string;
  readonly sleep: Sleep;
  readonly busyTimeoutMs: number;
  readonly now: () => number;
  readonly readOnly: boolean;
  /** After how many changed rows the WAL is written back; 500 when left out. */
  readonly rowsPerWriteBack?: number;
}

export class SqliteConnection implements Database {
  readonly engine = 'sqlite';
  readonly schemas = { kept: 'main', own: 'temp' };
  readonly isReadOnly: boolean;
  readonly file: string;
  readonly handle: SqliteHandle.Database;
  readonly db: Kysely<LogTables>;
  /** How long a call waits while another connection is in the way. */
  readonly busyTimeoutMs: number;
  readonly #sleep: Sleep;
  readonly #now: () => number;
  readonly #changes: Changes;
  readonly #walWatch: WalWatch;
  readonly #prepared = new Map<string, SqliteHandle.Statement>();
  /** By the write under way. */
  #changedRows = 0;
  readonly #rowsPerWriteBack: number;
  #rowsInWal = 0;
  /** Null in memory, where there is none, and where nothing is written. */
  #files: OpenFiles | null = null;
  readonly #closing = new AbortController();
  readonly #begin: SqliteHandle.Statement;
  readonly #commit: SqliteHandle.Statement;

  constructor(handle: SqliteHandle.Database, options: SqliteConnectionOptions) {
    const { file, sleep, now } = options;
    this.handle = handle;
    this.file = file;
    this.isReadOnly = options.readOnly;
    this.busyTimeoutMs = options.busyTimeoutMs;
    this.#rowsPerWriteBack = options.rowsPerWriteBack ?? rowsPerWriteBack;
    this.#sleep = sleep;
    this.#now = () => Math.round(now());
    this.db = new Kysely<LogTables>({ dialect: immediateDialect(handle) });
    this.#begin = handle.prepare('begin immediate');
    this.#commit = handle.prepare('commit');
    const look = file === ':memory:' ? null : dataVersion(handle, file);
    this.#walWatch = new WalWatch(file, () => this.#changes.mayHaveWritten());
    this.#changes = new Changes({
      ...{ seen: look, look, sleep },
      pollMs: (looks) => (this.#walWatch.isLive ? pollMs.told(looks) : pollMs.alone(looks)),
    });
  }

  get shown(): string {
    return this.file;
  }

  read<T>(procedure: () => Procedure<T>): Promise<T> {
    return this.whenFree(() => this.#carryOut(procedure()));
  }

  /** From now on the log is written to, and only while its files are where they are. */
  async opened(): Promise<void> {
    if (this.file === ':memory:' || this.isReadOnly) return;
    this.#files = await this.whenFree(() => {
      // A file that was put into WAL mode just now has its WAL from the first read on.
      this.handle.prepare('select count(*) from sqlite_schema').get();
      // It is written back here, where what that does to the file is known to be ours.
      this.handle.pragma('wal_autocheckpoint = 0');
      return new OpenFiles(this.handle, this.file);
    });
  }

  /** One `begin immediate … commit`, without giving way to anything else in this process. */
  async write<T>(procedure: (again: boolean) => Procedure<T>): Promise<T> {
    let committing = false;
    const transact = (): T => {
      committing = false;
      this.#changedRows = 0;
      this.#files?.assertSame();
      this.#begin.run();
      try {
        const result = this.#carryOut(procedure(false));
        committing = true;
        this.#commit.run();
        return result;
      } catch (error) {
        if (this.handle.inTransaction) this.handle.exec('rollback');
        throw error;
      }
    };
    const result = await this.whenFree(transact, () => committing);
    if (this.#changedRows > 0) this.#changes.wrote();
    this.#writeBack();
    return result;
  }

  /** Now and then. What was committed is on the disk all the same: where it fails, it is tried again with the next write. */
  #writeBack(): void {
    this.#rowsInWal += this.#changedRows;
    if (this.#files === null || this.#rowsInWal < this.#rowsPerWriteBack) return;
    try {
      this.#files.writeBack();
      this.#rowsInWal = 0;
    } catch {
      // The next write tells what is wrong with the files.
    }
  }

  discard<T>(procedure: () => Procedure<T>): Promise<T> {
    return this.whenFree(() => {
      this.handle.exec('begin');
      try {
        return this.#carryOut(procedure());
      } finally {
        if (this.handle.inTransaction) this.handle.exec('rollback');
      }
    });
  }

  #carryOut<T>(procedure: Procedure<T>): T {
    for (let next = procedure.next(); ; next = procedure.next(this.#run(next.value))) {
      if (next.done === true) return next.value;
    }
  }

  #run(step: DatabaseStep): DatabaseResult {
    if ('clock' in step) return { rows: [{ now: this.#now() }], changes: 0 };
    if ('looks' in step) {
      return { rows: [], changes: 0, firsts: step.looks.map((one) => this.#bound(one).rows[0]) };
    }
    if ('writes' in step) {
      for (const one of step.writes) this.#bound(one, step.schema);
      return { rows: [], changes: 0 };
    }
    if ('statement' in step) return this.#bound(step);
    const { sql, parameters } = step.query.compile();
    return this.#execute(sql, parameters);
  }

  #bound(one: BoundStatement, schema?: string): DatabaseResult {
    const { sql, bind } = compiled.get(one, schema);
    return this.#execute(sql, bind(one.values));
  }

  #execute(sql: string, values: readonly unknown[]): DatabaseResult {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.handle.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    if (statement.reader) return { rows: statement.all(...values), changes: 0 };
    const { changes } = statement.run(...values);
    this.#changedRows += changes;
    return { rows: [], changes };
  }

  /** Retries while another connection is in the way; only then, for nothing was done yet. */
  async whenFree<T>(work: () => T, isUnknown: () => boolean = () => false): Promise<T> {
    for (let waitedMs = 0; ; ) {
      if (!this.handle.open) throw closed(this.file);
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || waitedMs >= this.busyTimeoutMs) {
          throw inUse(error, this.file, isUnknown());
        }
      }
      const pauseMs = 1 + Math.random() * (pauseMaxMs - 1);
      await this.#sleep(pauseMs);
      waitedMs += lockWaitMs + pauseMs;
    }
  }

  /** Streams are read by an index, which the hashes of its events say nothing of. */
  async damage(): Promise<string | null> {
    if (!this.handle.open) throw closed(this.file);
    const { checkFile, damageIn, damageOf, isShort } = await import('./file-check.ts');
    // Nobody else can open what is in memory.
    if (this.file === ':memory:') return damageIn(this.handle);
    const { file, busyTimeoutMs } = this;
    if (isShort(file)) return this.whenFree(() => damageOf({ file, busyTimeoutMs: lockWaitMs }));
    try {
      return await checkFile({ file, busyTimeoutMs }, this.#closing.signal);
    } catch (error) {
      throw inUse(error, this.file);
    }
  }

  lostGuard(): Promise<string | null> {
    return lostGuard(this.handle);
  }

  changed(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.file !== ':memory:') this.#walWatch.start();
    return this.#changes.wait(timeoutMs, signal);
  }

  async close(): Promise<void> {
    if (!this.handle.open) return;
    this.#changes.close();
    this.#closing.abort(closed(this.file));
    this.#walWatch.close();
    this.handle.close();
    this.#files?.close();
  }
}

/** SQLite's number that another connection's commit changes; it costs a look into shared memory. */
function dataVersion(handle: SqliteHandle.Database, file: string): () => number {
  const statement = handle.prepare<[], number>('pragma data_version').pluck();
  let last = 0;
  return () => {
    try {
      last = statement.get() ?? last;
    } catch (error) {
      // The file is locked for a moment (its last writer is closing it): the next look will tell.
      if (!isBusy(error)) throw inUse(error, file);
    }
    return last;
  };
}

function closed(file: string): StoreUnavailable {
  return new StoreUnavailable('E_STORE_CLOSED', `the log ${file} was closed`, {
    details: { file },
  });
}
