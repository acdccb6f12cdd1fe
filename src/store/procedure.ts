/**
 * What a log does, apart from how an engine does it. A procedure yields one query at a time and is
 * given its result: SQLite carries it out at once, PostgreSQL over the network, and the rules of the
 * log are written once.
 */
import type { Compilable, Kysely } from 'kysely';
import type { LogTables } from './tables.ts';

/** A statement that is compiled once, a query built for this one time, or a look at the log's clock. */
export type DatabaseStep =
  | { readonly statement: Statement<never, unknown>; readonly values: object }
  | { readonly query: Compilable }
  | { readonly clock: true };

export type QueryStep = Exclude<DatabaseStep, { readonly clock: true }>;

export interface DatabaseResult {
  readonly rows: readonly unknown[];
  /** How many rows a statement that writes has changed; 1 where the schema was. */
  readonly changes: number;
}

export type Procedure<T> = Generator<DatabaseStep, T, DatabaseResult>;

export class Statement<Values extends object, Row> {
  readonly build: (db: Kysely<LogTables>, value: Values) => Compilable<Row>;

  constructor(build: (db: Kysely<LogTables>, value: Values) => Compilable<Row>) {
    this.build = build;
  }

  *all(values: Values): Procedure<Row[]> {
    return (yield this.#step(values)).rows as Row[];
  }

  *first(values: Values): Procedure<Row | undefined> {
    return (yield this.#step(values)).rows[0] as Row | undefined;
  }

  /** How many rows it changed. */
  *run(values: Values): Procedure<number> {
    return (yield this.#step(values)).changes;
  }

  #step(values: Values): DatabaseStep {
    return { statement: this as unknown as Statement<never, unknown>, values };
  }
}

/** The log's clock: milliseconds since 1970. */
export function* clock(): Procedure<number> {
  const [row] = (yield { clock: true }).rows as { now: number }[];
  if (row === undefined) throw new TypeError('the clock has no answer');
  return row.now;
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
) as never;

export interface CompiledStatement {
  readonly sql: string;
  bind(values: object): unknown[];
}

export function compile(
  db: Kysely<LogTables>,
  { build }: Statement<never, unknown>,
): CompiledStatement {
  const { sql, parameters } = build(db, placeholders).compile();
  return {
    sql,
    bind: (values) =>
      parameters.map((parameter) =>
        parameter instanceof Placeholder
          ? values[parameter.name as keyof typeof values]
          : parameter,
      ),
  };
}

/** One engine's connection to a log. */
export interface Database {
  readonly engine: 'sqlite' | 'postgres';
  /** How messages name the log. */
  readonly shown: string;
  /** For building queries; they are run by the methods below. */
  readonly db: Kysely<LogTables>;
  /** Where tables are: those that are kept, and those that a transaction has for itself. */
  readonly schemas: { readonly kept: string; readonly own: string };
  /** Whether the log is locked against writing for everybody who has it open here. */
  readonly isReadOnly: boolean;

  /** Carries out queries that write nothing, each on its own. */
  read<T>(procedure: () => Procedure<T>): Promise<T>;
  /**
   * Carries it out alone: no other connection writes to the log meanwhile, and if it throws, nothing
   * of it is left. It may be begun again from its start while nothing of it was kept, or, where the
   * reply to a commit was lost, after it: `again` is then true.
   */
  write<T>(procedure: (again: boolean) => Procedure<T>): Promise<T>;
  /** Carries it out in a transaction of which nothing is left. */
  discard<T>(procedure: () => Procedure<T>): Promise<T>;

  /** What the engine finds wrong with its own files, where it can tell; null: nothing. */
  damage(): Promise<string | null>;
  /** What was dropped or changed of what keeps events as they were written; null: nothing. */
  lostGuard(): Promise<string | null>;
  /** Resolves when anything was written since the call, or a little before it; at `timeoutMs` or abort at the latest. */
  changed(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
