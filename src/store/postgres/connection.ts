/**
 * One process's connection to a log in PostgreSQL. It goes on after the server was restarted or failed
 * over. A pooler may stand in between (PgBouncer's transaction mode): then it relies on nothing that a
 * session keeps between transactions.
 */
import { performance } from 'node:perf_hooks';
import { Kysely, PostgresDialect } from 'kysely';
import type { Client } from 'pg';
import { Changes, type Sleep } from '../changes.ts';
import { StoreUnavailable } from '../log.ts';
import { CompiledStatements, type Database, type Procedure } from '../procedure.ts';
import type { LogTables } from '../tables.ts';
import type { PostgresAddress } from './address.ts';
import { inUse, isLocked, isUnknownHost, mayPass } from './errors.ts';
import { PostgresListener } from './listener.ts';
import { PostgresProcedures } from './procedures.ts';
import { type PostgresTables, schemaName } from './schema.ts';
import { lostGuard } from './schema-check.ts';
import { atMost, PostgresSession } from './session.ts';

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
  /** How long a write, or a read, waits for others. */
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
  readonly #procedures: PostgresProcedures;
  /** One call at a time: the connection is one. */
  #turn: Promise<void> = Promise.resolve();
  #isOpen = false;
  #isClosed = false;
  /** The last revision of the log that is known of. */
  #told = 0;
  /** The revision that the last call is sure to have read: a write after it is one to wake up for. */
  #seen = 0;
  #looking: Promise<void> | null = null;

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
    const lockMs = Math.max(1, Math.ceil(options.busyTimeoutMs));
    const session = () => new PostgresSession(config, lockMs);
    this.#session = session();
    this.#listener = new PostgresListener(session, {
      heard: (revision) => this.#heard(revision),
      turned: () => this.#changes.mayHaveWritten(),
    });
    this.db = kyselyOn(() => this.#session.connected()).withSchema(schemaName);
    this.#procedures = new PostgresProcedures({
      compiled: new CompiledStatements(this.db),
      shown: address.shown,
      lockMs,
      isDirect: () => this.#session.isDirect,
      now: options.now,
      locked: (revision) => {
        this.#tell(revision);
        this.#seen = revision;
      },
    });
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
      return this.reading(client, () => this.#procedures.carryOut(client, procedure(), null));
    });
  }

  /** Carries out work that reads, which waits for a lock no longer than it may, whoever stands in between. */
  reading<T>(client: Client, work: () => Promise<T>): Promise<T> {
    return this.#session.isDirect ? work() : this.#procedures.discard(client, work);
  }

  async write<T>(procedure: (again: boolean) => Procedure<T>): Promise<T> {
    if (this.isReadOnly && !this.#isClosed) throw readOnly(this.shown);
    let isUnknown = false;
    const transact = async (client: Client): Promise<T> => {
      const transaction = this.#procedures.begin(client);
      const carriedOut = this.#procedures.carryOut(client, procedure(isUnknown), transaction);
      const result = await carriedOut.catch(async (error: unknown) => {
        // Of a transaction that could not be begun, all that was asked in it only says that.
        await transaction.begun;
        throw error;
      });
      const { revision } = await transaction.begun;
      if (transaction.changes === 0) {
        await client.query('rollback');
        return result;
      }
      isUnknown = true;
      await this.#procedures.commit(client);
      this.#tell(revision);
      this.#seen = revision;
      return result;
    };
    return this.persist(transact, { isUnknown: () => isUnknown });
  }

  discard<T>(procedure: () => Procedure<T>): Promise<T> {
    return this.persist((client) => {
      const work = () => this.#procedures.carryOut(client, procedure(), null);
      return this.#procedures.discard(client, work);
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

  /** Its files are the server's to look after. */
  async damage(): Promise<string | null> {
    return null;
  }

  lostGuard(): Promise<string | null> {
    return this.persist(lostGuard);
  }

  changed(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    // Only who waits needs the second connection.
    if (this.#session.isDirect) this.#listener.start();
    return this.#changes.wait(timeoutMs, signal);
  }

  /** The log as it was found. */
  opened(revision: number): void {
    this.#isOpen = true;
    this.#told = revision;
    this.#seen = revision;
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
      const look = (client: Client) => this.reading(client, () => client.query(query));
      const { rows } = await this.#alone(() => this.#try(look));
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
