/** How a connection to a log in PostgreSQL carries out procedures: within a transaction that holds the log's lock, or outside of one. */
import type { Client, QueryResult } from 'pg';
import { StoreUnavailable } from '../log.ts';
import type {
  BoundStatement,
  CompiledStatements,
  DatabaseResult,
  DatabaseStep,
  Procedure,
} from '../procedure.ts';
import { firstsIn, Looks } from './looks.ts';
import { schemaName } from './schema.ts';
import { sendTogether } from './session.ts';

/**
 * A process that is stopped in the middle of a transaction holds everybody up: after this long, in
 * milliseconds, the server ends it for it, and nothing of it is kept.
 */
export const idleInTransactionMs = 5_000;
const statementMs = 30_000;

export interface ProceduresOptions {
  readonly compiled: CompiledStatements;
  /** How messages name the log. */
  readonly shown: string;
  /** How long a statement waits for a lock, in milliseconds. */
  readonly lockMs: number;
  /** What was prepared once is known to every transaction. */
  readonly isDirect: () => boolean;
  /** The log's clock, in milliseconds since 1970; undefined: the server's. */
  readonly now: (() => number) | undefined;
  /** A transaction has the log's lock: it reads what was written up to this revision. */
  readonly locked: (revision: number) => void;
}

export class PostgresProcedures {
  readonly #compiled: CompiledStatements;
  readonly #shown: string;
  readonly #now: (() => number) | undefined;
  readonly #locked: (revision: number) => void;
  readonly #looks = new Looks();
  readonly #isDirect: () => boolean;
  /** Begins a transaction; how long it may wait holds before it asks for the first lock. One message, however many words. */
  readonly #begins: string;
  /** Likewise, one that reads. */
  readonly #beginsReading: string;
  /** The names of prepared statements, by their words. */
  readonly #names = new Map<string, string>();

  constructor({ compiled, shown, lockMs, isDirect, now, locked }: ProceduresOptions) {
    this.#compiled = compiled;
    this.#shown = shown;
    this.#now = now;
    this.#locked = locked;
    this.#isDirect = isDirect;
    this.#beginsReading = `begin; set local lock_timeout = ${lockMs}`;
    this.#begins = `begin isolation level read committed;
      set local idle_in_transaction_session_timeout = ${idleInTransactionMs};
      set local lock_timeout = ${lockMs};
      set local statement_timeout = ${statementMs}`;
  }

  /** What is asked in it need not wait until it is begun. */
  begin(client: Client): Transaction {
    sendTogether(client);
    return new Transaction(this.#begin(client));
  }

  /** Ends with the log's lock in hand; what it set is over with the transaction. In one round trip. */
  async #begin(client: Client): Promise<Begun> {
    const [, locking] = await Promise.all([
      client.query(this.#begins),
      this.#prepared(client, lock),
    ]);
    const [locked] = locking.rows as Begun[];
    if (locked === undefined)
      throw new StoreUnavailable(
        'E_STORE_CORRUPT',
        `the log ${this.#shown} has lost its row in the table log`,
      );
    this.#locked(locked.revision - 1);
    return locked;
  }

  /** @param transaction null: outside of one */
  async carryOut<T>(
    client: Client,
    procedure: Procedure<T>,
    transaction: Transaction | null,
  ): Promise<T> {
    for (let next = procedure.next(); ; ) {
      if (next.done === true) return next.value;
      next = procedure.next(await this.#run(client, next.value, transaction));
    }
  }

  async #run(
    client: Client,
    step: DatabaseStep,
    transaction: Transaction | null,
  ): Promise<DatabaseResult> {
    if ('clock' in step) return clockResult(await this.#clock(client, transaction));
    if ('looks' in step)
      return { rows: [], changes: 0, firsts: await this.#firsts(client, step.looks, transaction) };
    if ('writes' in step) return this.#written(client, step, transaction);
    if ('statement' in step) return this.#bound(client, step, transaction);
    await transaction?.begun;
    const { sql, parameters } = step.query.compile();
    return counted(await client.query(sql, [...parameters]), transaction);
  }

  async #firsts(
    client: Client,
    looks: readonly BoundStatement[],
    transaction: Transaction | null,
  ): Promise<unknown[]> {
    const parts = looks.map((one) => {
      const { sql, bind } = this.#compiled.get(one, undefined);
      return { sql, values: bind(one.values) };
    });
    const sent = this.#looks
      .together(parts)
      .map(({ sql, values }) => this.#ask(client, transaction, sql, values));
    const answers = await Promise.all(sent);
    return answers.flatMap(({ rows }) => firstsIn(rows));
  }

  /** In one round trip: each is sent without waiting for the answer to the one before. */
  async #written(
    client: Client,
    { writes, schema }: Extract<DatabaseStep, { readonly writes: unknown }>,
    transaction: Transaction | null,
  ): Promise<DatabaseResult> {
    sendTogether(client);
    await Promise.all(writes.map((one) => this.#bound(client, one, transaction, schema)));
    return { rows: [], changes: 0 };
  }

  async #bound(
    client: Client,
    one: BoundStatement,
    transaction: Transaction | null,
    schema?: string,
  ): Promise<DatabaseResult> {
    const { sql, isLook, bind } = this.#compiled.get(one, schema);
    // A look need not wait to hear that the transaction was begun: it is answered after that, or not at all.
    if (transaction !== null && !(isLook || transaction.hasBegun)) await transaction.begun;
    return counted(await this.#ask(client, transaction, sql, bind(one.values)), transaction);
  }

  #ask(
    client: Client,
    transaction: Transaction | null,
    sql: string,
    values: readonly unknown[],
  ): Promise<QueryResult> {
    return transaction === null
      ? client.query(sql, [...values])
      : this.#prepared(client, sql, values);
  }

  /**
   * What every transaction asks is parsed and planned by the server once a connection; a pooler gives each transaction
   * another connection, which does not know the name.
   */
  #prepared(client: Client, sql: string, values: readonly unknown[] = []): Promise<QueryResult> {
    if (!this.#isDirect()) return client.query(sql, [...values]);
    const name = this.#names.get(sql) ?? `lockstep_${this.#names.size}`;
    this.#names.set(sql, name);
    return client.query({ name, text: sql, values: [...values] });
  }

  /** Carries out work that reads in a transaction of which nothing is left. */
  async discard<T>(client: Client, work: () => Promise<T>): Promise<T> {
    sendTogether(client);
    const [, result] = await Promise.all([client.query(this.#beginsReading), work()]);
    await client.query('rollback');
    return result;
  }

  async commit(client: Client): Promise<void> {
    const { command } = await client.query('commit');
    // A transaction that failed is rolled back by COMMIT, without an error.
    if (command !== 'COMMIT') throw new Error(`PostgreSQL answered COMMIT with ${command}`);
  }

  async #clock(client: Client, transaction: Transaction | null): Promise<number> {
    if (this.#now !== undefined) return Math.round(this.#now());
    if (transaction !== null) return (await transaction.begun).now;
    const { rows } = await client.query(`select ${serverClock} as now`);
    return (rows[0] as { now: number }).now;
  }
}

interface Begun {
  readonly revision: number;
  /** The log's clock. */
  readonly now: number;
}

/** One that the server was asked to begin. */
export class Transaction {
  readonly begun: Promise<Begun>;
  hasBegun = false;
  /** How many rows it has changed. */
  changes = 0;

  constructor(begun: Promise<Begun>) {
    this.begun = begun;
    begun.then(
      () => (this.hasBegun = true),
      () => {}, // told to whoever waits for it
    );
  }
}

function counted(
  { rows, rowCount, command }: QueryResult,
  transaction: Transaction | null,
): DatabaseResult {
  const changes = command === 'SELECT' ? 0 : (rowCount ?? 1);
  if (transaction !== null) transaction.changes += changes;
  return { rows, changes };
}

const clockResult = (now: number): DatabaseResult => ({ rows: [{ now }], changes: 0 });

const serverClock = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** Takes the log's lock. Listeners are told when the transaction commits, and of one that is rolled back nothing. */
const lock = `update ${schemaName}.log set revision = revision + 1
  returning revision, ${serverClock} as now, pg_notify('${schemaName}', revision::text),
    case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', true) end`;
