/** Kysely's SQLite dialect with the three things changed that an event log must not have. */
import type SqliteHandle from 'better-sqlite3';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  DummyDriver,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/**
 * A deferred `begin` that reads first and writes later fails with SQLITE_BUSY as soon as another
 * process writes in between, without the busy handler ever being asked.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #database: SqliteHandle.Database;

  constructor(database: SqliteHandle.Database) {
    super({ database });
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** SQLite ends one itself where the disk is full or broken: why is what is told, and not that it was over. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

/** SQLite's schema changes are part of the transaction: a migration is done wholly or not at all. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export function immediateDialect(database: SqliteHandle.Database): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ImmediateDriver(database),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Compiles queries, and has nothing to run them on. */
export const wordsOnlyDialect: Dialect = {
  createAdapter: () => new TransactionalAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
};
