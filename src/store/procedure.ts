/**
 * What a log does, apart from how an engine does it. A procedure yields one query at a time and is
 * given its result: SQLite carries it out at once, PostgreSQL over the network, and the rules of the
 * log are written once.
 */
import type { Compilable, Kysely } from 'kysely';
import type { LogTables } from './tables.ts';

/** A statement with its values, several that look or write, a query built for this one time, or a look at the log's clock. */
export type DatabaseStep =
  | BoundStatement
  | { readonly looks: readonly BoundStatement[] }
  | { readonly writes: readonly BoundStatement[]; readonly schema?: string }
  | { readonly query: Compilable }
  | { readonly clock: true };

export interface DatabaseResult {
  readonly rows: readonly unknown[];
  /** How many rows a statement that writes has changed; 1 where the schema was. */
  readonly changes: number;
  /** Of looks: the first row of each; undefined where it has none. */
  readonly firsts?: readonly unknown[];
}

export type Procedure<T> = Generator<DatabaseStep, T, DatabaseResult>;

/** A query that is written once, in Kysely, and compiled once. */
export class Statement<Values extends object, Row, Tables = LogTables> {
  readonly build: (db: Kysely<Tables>, value: Values) => Compilable<Row>;

  /** @param build is given placeholders in place of values: it puts them into a query, and looks at none */
  constructor(build: (db: Kysely<Tables>, value: Values) => Compilable<Row>) {
    this.build = build;
  }

  with(values: Values): BoundStatement<Row> {
    return { statement: this as unknown as AnyStatement, values };
  }

  *all(values: Values): Procedure<Row[]> {
    return (yield this.with(values)).rows as Row[];
  }

  *first(values: Values): Procedure<Row | undefined> {
    return (yield this.with(values)).rows[0] as Row | undefined;
  }

  /** How many rows it changed. */
  *run(values: Values): Procedure<number> {
    return (yield this.with(values)).changes;
  }
}

export type AnyStatement = Statement<never, unknown>;

export interface BoundStatement<Row = unknown> {
  readonly statement: AnyStatement;
  readonly values: object;
  /** Never there: it says what a row is. */
  readonly row?: Row;
}

/** For each group the first row of each of its statements, where it has one. */
type FirstRows<Groups> = {
  readonly [Name in keyof Groups]: Groups[Name] extends readonly BoundStatement<infer Row>[]
    ? readonly (Row | undefined)[]
    : never;
};

/** Looks up one row by each of these statements, all of them at once. */
export function* lookUp<Groups extends Record<string, readonly BoundStatement[]>>(
  groups: Groups,
): Procedure<FirstRows<Groups>> {
  const { firsts = [] } = yield { looks: Object.values(groups).flat() };
  let at = 0;
  const found = Object.entries(groups).map(([name, { length }]) => {
    at += length;
    return [name, firsts.slice(at - length, at)];
  });
  return Object.fromEntries(found);
}

/**
 * Carries them out one after the other, without a look at what each has done.
 *
 * @param schema where their tables are; left out: where the log's own are
 */
export function* runAll(statements: readonly BoundStatement[], schema?: string): Procedure<void> {
  if (statements.length === 0) return;
  yield { writes: statements, ...(schema !== undefined && { schema }) };
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
  /** Whether it only reads. */
  readonly isLook: boolean;
  bind(values: object): unknown[];
}

/** Statements as they were compiled for a connection, or for all of an engine whose tables have the same names. */
export class CompiledStatements {
  readonly #db: Kysely<LogTables>;
  readonly #bySchema = new Map<string | undefined, WeakMap<AnyStatement, CompiledStatement>>();

  constructor(db: Kysely<LogTables>) {
    this.#db = db;
  }

  /** @param schema where its tables are; undefined: where the log's own are */
  get({ statement }: BoundStatement, schema: string | undefined): CompiledStatement {
    const known = this.#bySchema.get(schema) ?? new WeakMap<AnyStatement, CompiledStatement>();
    this.#bySchema.set(schema, known);
    let compiled = known.get(statement);
    if (compiled === undefined) {
      compiled = compile(schema === undefined ? this.#db : this.#db.withSchema(schema), statement);
      known.set(statement, compiled);
    }
    return compiled;
  }
}

function compile(db: Kysely<LogTables>, { build }: AnyStatement): CompiledStatement {
  const { sql, parameters, query } = build(db, placeholders).compile();
  return {
    sql,
    isLook: query.kind === 'SelectQueryNode',
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
