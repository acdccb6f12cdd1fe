/**
 * One process's connection to a log in PostgreSQL. It relies on nothing that a session keeps between
 * transactions, so that a pooler may stand in between (PgBouncer's transaction mode), and it goes on
 * after the server was restarted or failed over.
 */
import { performance } from 'node:perf_hooks';
import { Kysely, PostgresDialect } from 'kysely';
import type { Client, QueryResult } from 'pg';
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
import type { PostgresAddress } from './address.ts';
import { inUse, isLocked, isUnknownHost, mayPass } from './errors.ts';
import { PostgresListener } from './listener.ts';
import { type PostgresTables, schemaName } from './schema.ts';
import { lostGuard } from './schema-check.ts';
import { atMost, PostgresSession } from './session.ts';

/**
 * A process that is stopped in the middle of a transaction holds everybody up: after this long, in
 * milliseconds, the server ends it for it, and nothing of it is kept.
 */
export const idleInTransactionMs = 5_000;
const statementMs = 30_000;

/** How often the log is looked at for what others wrote, in milliseconds: seldom while LISTEN works. */
const pollMs = { listening: 5_000, alone: 250 };

/** A look that takes longer is not waited for: whoever waits for a change has an end of their own. */
const lookMs = 1_000;

/** How long a call under way may still take when the log is closed, in milliseconds. */
const closingMs = 3_000;

const pauseMs = { first: 50, most: 1_000 };

const defaultPatienceMs = 60_000;

export interface PostgresConnectionOptions {
  /** The log's clock, in milliseconds since 1970; left out, the server's. */
  readonly now?: (() => number) | undefined;
  readonly sleep: Sleep;
  readonly readOnly: boolean;
  /** Makes the tables where there are none. */
  readonly create: boolean;
  /** How long a write waits for others. */
  readonly busyTimeoutMs: number;
  /** How long a call goes on trying while the server does not answer; 60 seconds when left out. */
  readonly patienceMs?: number | undefined;
  /** How long a reply is waited for before the connection is given up; 45 seconds when left out. */
  readonly replyTimeoutMs?: number | undefined;
}

export class PostgresConnection implements Database {
  readonly engine = 'postgres';
  readonly schemas = { kept: schemaName, own: 'pg_temp' };
  readonly isReadOnly: boolean;
  readonly db: Kysely<LogTables>;
  readonly #address: PostgresAddress;
  readonly #options: PostgresConnectionOptions;
  readonly #session: PostgresSession;
  readonly #listener: PostgresListener;
  readonly #changes: Changes;
  readonly #compiled: CompiledStatements;
  /** What a transaction sets for itself. */
  readonly #limits: readonly string[];
  /** The names of prepared statements, by their words. */
  readonly #names = new Map<string, string>();
  /** One call at a time: the connection is one. */
  #turn: Promise<void> = Promise.resolve();
  #isOpen = false;
  #isClosed = false;
  /** The last revision of the log that is known of. */
  #told = 0;
  /** The revision that the last call is sure to have read: a write after it is one to wake up for. */
  #seen = 0;
  #looking: Promise<void> | null = null;
  /** No pooler stands in between, which would not pass on what LISTEN hears. */
  #isDirect = false;

  constructor(address: PostgresAddress, options: PostgresConnectionOptions) {
    const { sleep } = options;
    this.#address = address;
    this.#options = options;
    this.isReadOnly = options.readOnly;
    const { replyTimeoutMs } = options;
    const config =
      replyTimeoutMs === undefined
        ? address.config
        : { ...address.config, query_timeout: replyTimeoutMs };
    this.#session = new PostgresSession(config);
    this.#listener = new PostgresListener(config, (revision) => this.#heard(revision));
    this.db = kyselyOn(() => this.#session.connected()).withSchema(schemaName);
    this.#compiled = new CompiledStatements(this.db);
    const lockMs = Math.max(1, Math.ceil(options.busyTimeoutMs));
    this.#limits = [idleInTransactionMs, lockMs, statementMs].map(String);
    this.#changes = new Changes({
      look: (signal) => this.#look(signal),
      seen: () => this.#seen,
      pollMs: () => (this.#listener.isLive ? pollMs.listening : pollMs.alone),
      sleep,
    });
  }

  /** How messages name the log. */
  get shown(): string {
    return this.#address.shown;
  }

  read<T>(procedure: () => Procedure<T>): Promise<T> {
    return this.persist((client) => {
      this.#seen = this.#told;
      return this.#carryOut(client, procedure(), null);
    });
  }

  async write<T>(procedure: (again: boolean) => Procedure<T>): Promise<T> {
    if (this.isReadOnly && !this.#isClosed) throw readOnly(this.shown);
    let isUnknown = false;
    const transact = async (client: Client): Promise<T> => {
      const transaction = new Transaction(this.#begin(client));
      const result = await this.#carryOut(client, procedure(isUnknown), transaction).catch(
        async (error: unknown) => {
          // Of a transaction that could not be begun, all that was asked in it only says that.
          await transaction.begun;
          throw error;
        },
      );
      const { revision } = await transaction.begun;
      if (transaction.changes === 0) {
        await client.query('rollback');
        return result;
      }
      isUnknown = true;
      await this.#commit(client, revision);
      this.#tell(revision);
      this.#seen = revision;
      return result;
    };
    return this.persist(transact, { isUnknown: () => isUnknown });
  }

  discard<T>(procedure: () => Procedure<T>): Promise<T> {
    return this.persist(async (client) => {
      await client.query('begin');
      const result = await this.#carryOut(client, procedure(), null);
      await client.query('rollback');
      return result;
    });
  }

  /**
   * Carries out work on the connection, and again from its start for as long as what stopped it may
   * pass. Work that throws leaves no transaction open.
   */
  async persist<T>(
    work: (client: Client) => Promise<T>,
    options: { patienceMs?: number; isUnknown?: () => boolean } = {},
  ): Promise<T> {
    const { patienceMs = this.#options.patienceMs ?? defaultPatienceMs } = options;
    const startedAt = performance.now();
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.most)) {
      if (this.#isClosed) throw closed(this.shown, options.isUnknown?.());
      try {
        return await this.#alone(() => this.#try(work));
      } catch (error) {
        const { busyTimeoutMs } = this.#options;
        const mostMs = isLocked(error) ? Math.min(busyTimeoutMs, patienceMs) : patienceMs;
        const isOver = performance.now() - startedAt >= mostMs;
        if (isOver || !(mayPass(error) || (this.#isOpen && isUnknownHost(error)))) {
          throw inUse(error, this.shown, options.isUnknown?.());
        }
      }
      await this.#options.sleep(pause * (0.5 + Math.random() / 2));
    }
  }

  async #try<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#session.connected();
    try {
      return await work(client);
    } catch (error) {
      if (mayPass(error)) this.#session.drop();
      else await client.query('rollback').catch(() => this.#session.drop());
      throw error;
    }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      return await work();
    } finally {
      resolve();
    }
  }

  /** Ends with the log's lock in hand; what it set is over with the transaction. In one round trip. */
  async #begin(client: Client): Promise<Begun> {
    const [, , locking] = await Promise.all([
      client.query('begin isolation level read committed'),
      this.#prepared(client, limit, this.#limits),
      this.#prepared(client, lock),
    ]);
    const [locked] = locking.rows as Begun[];
    if (locked === undefined)
      throw new StoreUnavailable(
        'E_STORE_CORRUPT',
        `the log ${this.shown} has lost its row in the table log`,
      );
    this.#tell(locked.revision - 1);
    this.#seen = locked.revision - 1;
    return locked;
  }

  async #carryOut<T>(
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
    if ('clock' in step) return clockResult(await this.#now(client, transaction));
    if ('together' in step) return this.#together(client, step, transaction);
    if ('statement' in step) return this.#bound(client, step, transaction);
    await transaction?.begun;
    const { sql, parameters } = step.query.compile();
    return counted(await client.query(sql, [...parameters]), transaction);
  }

  /** In one round trip: each is sent without waiting for the answer to the one before. */
  async #together(
    client: Client,
    { together, schema }: Extract<DatabaseStep, { readonly together: unknown }>,
    transaction: Transaction | null,
  ): Promise<DatabaseResult> {
    const sent = together.map((one) => this.#bound(client, one, transaction, schema));
    return { rows: [], changes: 0, each: await Promise.all(sent) };
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
    const values = bind(one.values);
    const found =
      transaction === null ? client.query(sql, values) : this.#prepared(client, sql, values);
    return counted(await found, transaction);
  }

  /**
   * What every transaction asks is parsed and planned by the server once a connection; a pooler gives each transaction
   * another connection, which does not know the name.
   */
  #prepared(client: Client, sql: string, values: readonly unknown[] = []): Promise<QueryResult> {
    if (!this.#isDirect) return client.query(sql, [...values]);
    const name = this.#names.get(sql) ?? `lockstep_${this.#names.size}`;
    this.#names.set(sql, name);
    return client.query({ name, text: sql, values: [...values] });
  }

  async #commit(client: Client, revision: number): Promise<void> {
    const [, { command }] = await Promise.all([
      this.#prepared(client, notify, [`${revision}`]),
      client.query('commit'),
    ]);
    // A transaction that failed is rolled back by COMMIT, without an error.
    if (command !== 'COMMIT') throw new Error(`PostgreSQL answered COMMIT with ${command}`);
  }

  async #now(client: Client, transaction: Transaction | null): Promise<number> {
    const { now } = this.#options;
    if (now !== undefined) return Math.round(now());
    if (transaction !== null) return (await transaction.begun).now;
    const { rows } = await client.query(`select ${serverClock} as now`);
    return (rows[0] as { now: number }).now;
  }

  /** Its files are the server's to look after. */
  async damage(): Promise<string | null> {
    return null;
  }

  lostGuard(): Promise<string | null> {
    return this.persist(lostGuard);
  }

  changed(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    // Only who waits needs the second connection.
    if (this.#isDirect) this.#listener.start();
    return this.#changes.wait(timeoutMs, signal);
  }

  /** The log as it was found. */
  opened({ revision, isDirect }: { revision: number; isDirect: boolean }): void {
    this.#isOpen = true;
    this.#told = revision;
    this.#seen = revision;
    this.#isDirect = isDirect;
  }

  async #look(signal: AbortSignal): Promise<number> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = null;
    });
    await atMost(lookMs, this.#looking, signal);
    return this.#told;
  }

  async #ask(): Promise<void> {
    const query = `select revision from ${schemaName}.log`;
    try {
      const { rows } = await this.#alone(() => this.#try((client) => client.query(query)));
      const { revision } = rows[0] as { revision: number };
      this.#tell(revision);
      this.#seen = revision;
    } catch {
      // The server is away: the next look, or the next call, will tell.
    }
  }

  #heard(revision: number): void {
    if (revision > this.#told) this.#tell(revision);
  }

  /** The log is at this revision; everybody who waits for another one is woken. */
  #tell(revision: number): void {
    if (revision === this.#told) return;
    this.#told = revision;
    this.#changes.wrote();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#changes.close();
    await this.#listener.close();
    await atMost(closingMs, this.#turn);
    await this.#session.close();
  }
}

interface Begun {
  readonly revision: number;
  /** The log's clock. */
  readonly now: number;
}

/** One that the server was asked to begin. */
class Transaction {
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

const limit = `select
  set_config('idle_in_transaction_session_timeout', $1, true),
  set_config('lock_timeout', $2, true),
  set_config('statement_timeout', $3, true),
  case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', true) end`;

const lock = `update ${schemaName}.log set revision = revision + 1
  returning revision, ${serverClock} as now`;

const notify = `select pg_notify('${schemaName}', $1)`;

/** Builds queries, and makes the tables; it is given the one connection that there is. */
export function kyselyOn(connect: () => Promise<Client>): Kysely<PostgresTables> {
  const pool = {
    options: {},
    async connect() {
      const client = await connect();
      const query = client.query.bind(client);
      return { query, release() {} } as never;
    },
    async end() {},
  };
  return new Kysely<PostgresTables>({ dialect: new PostgresDialect({ pool }) });
}

function closed(store: string, unknown = false): StoreUnavailable {
  return new StoreUnavailable('E_STORE_CLOSED', `the log ${store} was closed`, {
    details: { store },
    unknown,
  });
}

function readOnly(store: string): StoreUnavailable {
  return new StoreUnavailable('E_STORE_READ_ONLY', `the log ${store} was opened for reading only`, {
    details: { store },
  });
}
