/** One connection to a PostgreSQL server: made when it is needed, and made anew after it was lost. */
import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { Client, type ClientConfig, types } from 'pg';
import { canBeReadOnTheWay } from './address.ts';
import { cleartextAsked } from './errors.ts';

/** The OID of `bigint`; positions and versions stay far below 2^53. */
const bigint = 20;

/** A reply that takes longer than this, in milliseconds, will not come: the connection is given up. */
const replyTimeoutMs = 45_000;

/** How long the server may take to say goodbye, in milliseconds. */
const goodbyeMs = 1_000;

const settings: ClientConfig = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  query_timeout: replyTimeoutMs,
  /** What is asked in one go is sent in one go. */
  pipeline: true,
  types: {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === bigint ? Number : types.getTypeParser(oid, format as 'text'),
  },
};

/** How long a statement waits for a lock: for all of the session, where nothing stands in between. */
const limitsWaits = `select set_config('lock_timeout', $1, false) where pg_backend_pid() = $2`;

export class PostgresSession {
  readonly #config: ClientConfig;
  readonly #lockMs: number;
  #client: Client | null = null;
  /** The connection's, also while it is being made. */
  #socket: Socket | null = null;
  #isClosed = false;
  #isDirect = false;

  /** @param lockMs how long a statement waits for a lock, in milliseconds */
  constructor(config: ClientConfig, lockMs: number) {
    this.#config = config;
    this.#lockMs = lockMs;
  }

  /**
   * No pooler stands in between, which would give each transaction another session of the server: what is set for a session, and
   * what it hears, is then this client's own.
   */
  get isDirect(): boolean {
    return this.#isDirect;
  }

  /** Called once at a time. @throws whatever the network or the server says */
  async connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    if (this.#isClosed) throw new Error('Connection terminated: it is closed');
    const socket = new Socket();
    this.#socket = socket;
    const client = new Client({ ...settings, ...this.#config, stream: () => socket });
    if (canBeReadOnTheWay(this.#config)) refuseCleartextPassword(client, socket);
    const gone = () => {
      socket.destroy();
      if (this.#client === client) this.#client = null;
    };
    client.on('error', gone).on('end', gone);
    try {
      await client.connect();
      // PgBouncer gives a number of its own to its clients.
      const { processID } = client as Client & { readonly processID?: number };
      const limited = await client.query(limitsWaits, [String(this.#lockMs), processID]);
      this.#isDirect = limited.rowCount === 1;
    } catch (error) {
      gone();
      throw error;
    }
    if (this.#isClosed) {
      await client.end();
      throw new Error('Connection terminated: it was closed while it was made');
    }
    this.#client = client;
    return client;
  }

  /** Gives the connection up without a word: at the server it is over before the next one is there. */
  drop(): void {
    this.#client = null;
    this.#socket?.destroy();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const goodbye = this.#client?.end().catch(() => {});
    if (goodbye !== undefined) await atMost(goodbyeMs, goodbye);
    this.drop();
  }
}

/**
 * A server asks for the password as it is with `AuthenticationCleartextPassword` (PostgreSQL's manual,
 * 54.2.1); whoever stands in between can ask so too. The socket is gone before the answer is written.
 */
function refuseCleartextPassword(client: Client, socket: Socket): void {
  const { connection } = client as unknown as { connection: EventEmitter };
  connection.on('authenticationCleartextPassword', () => {
    socket.destroy(
      Object.assign(new Error('asked for the password in the clear'), { code: cleartextAsked }),
    );
  });
}

/** What is asked from here to the end of this turn is sent in one go: the server would wake up for the first of it, and answer each. */
export function sendTogether(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: Socket } };
  const { stream } = connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Resolves when the work is over, after that many milliseconds, or at the signal. */
export async function atMost(
  ms: number,
  work: Promise<unknown>,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const over = () => resolve();
  signal?.addEventListener('abort', over, { once: true });
  if (signal?.aborted === true) resolve();
  void work.then(over, over);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', over);
}
