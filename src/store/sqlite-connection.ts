/** One process's connection to a log in SQLite: typed prepared statements, and transactions that never upgrade a lock. */
import type Database from 'better-sqlite3';
import { type Compilable, Kysely } from 'kysely';
import { StoreUnavailable } from './log.ts';
import { immediateDialect } from './sqlite-dialect.ts';
import { inUse, isBusy } from './sqlite-errors.ts';
import type { LogTables } from './sqlite-schema.ts';

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** A query that Kysely compiled once, under its own names for its values. */
export interface Statement<Values, Row> {
  all(values: Values): Row[];
  get(values: Values): Row | undefined;
  /** How many rows it changed. */
  run(values: Values): number;
}

/** Stands in a compiled query where a value will be. */
class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const placeholders = new Proxy(
  {},
  { get: (_target, name) => new Placeholder(String(name)) },
) as unknown;

/**
 * How long SQLite itself waits for a lock, in milliseconds. Short, because it waits with the whole
 * process; the rest of the time is waited here, where heartbeats and signals go on.
 */
export const lockWaitMs = 20;

/** How long between two tries for a lock, at most, in milliseconds. */
const pauseMaxMs = 12;

export class SqliteConnection {
  readonly file: string;
  readonly handle: Database.Database;
  /** For building queries, and for migrations; everything else runs through the statements below. */
  readonly db: Kysely<LogTables>;
  /** How long a call waits while another connection is in the way. */
  readonly busyTimeoutMs: number;
  readonly #sleep: Sleep;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;

  constructor(
    handle: Database.Database,
    options: { file: string; sleep: Sleep; busyTimeoutMs: number },
  ) {
    this.handle = handle;
    this.file = options.file;
    this.#sleep = options.sleep;
    this.busyTimeoutMs = options.busyTimeoutMs;
    this.db = new Kysely<LogTables>({ dialect: immediateDialect(handle) });
    this.#begin = handle.prepare('begin immediate');
    this.#commit = handle.prepare('commit');
  }

  /** Compiles and prepares a query once. Its tables have to exist. */
  prepare<Values, Row>(build: (values: Values) => Compilable<Row>): Statement<Values, Row> {
    const { sql, parameters } = build(placeholders as Values).compile();
    const statement = this.handle.prepare<unknown[], Row>(sql);
    const bind = (values: Values): unknown[] =>
      parameters.map((parameter) =>
        parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter,
      );
    return {
      all: (values) => statement.all(...bind(values)),
      get: (values) => statement.get(...bind(values)),
      run: (values) => statement.run(...bind(values)).changes,
    };
  }

  /** Runs a query at once, inside whatever transaction is open. */
  execute<Row>(query: Compilable<Row>): Row[] {
    const { sql, parameters } = query.compile();
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.handle.prepare(sql);
      this.#statements.set(sql, statement);
    }
    if (statement.reader) return statement.all(...parameters) as Row[];
    statement.run(...parameters);
    return [];
  }

  /** Reads; waits while another process has the file locked. */
  read<T>(work: () => T): Promise<T> {
    return this.#whenFree(work, () => false);
  }

  /**
   * Carries out `work` in one `begin immediate … commit`, without giving way to anything else in
   * this process. If it throws, nothing of it is left.
   */
  write<T>(work: () => T): Promise<T> {
    let committing = false;
    const transact = (): T => {
      committing = false;
      this.#begin.run();
      try {
        const result = work();
        committing = true;
        this.#commit.run();
        return result;
      } catch (error) {
        if (this.handle.inTransaction) this.handle.exec('rollback');
        throw error;
      }
    };
    return this.#whenFree(transact, () => committing);
  }

  /** Retries while another connection is in the way; only then, for nothing was done yet. */
  async #whenFree<T>(work: () => T, isUnknown: () => boolean): Promise<T> {
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

  close(): void {
    this.handle.close();
  }
}

function closed(file: string): StoreUnavailable {
  return new StoreUnavailable('E_STORE_CLOSED', `the log ${file} was closed`, {
    details: { file, unknown: false },
  });
}
