/** One connection to a PostgreSQL server: made when it is needed, and made anew after it was lost. */
import { Client, type ClientConfig, types } from 'pg';

/** The OID of `bigint`; positions and versions stay far below 2^53. */
const bigint = 20;

/** A reply that takes longer than this, in milliseconds, will not come: the connection is given up. */
const replyTimeoutMs = 45_000;

const settings: ClientConfig = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  query_timeout: replyTimeoutMs,
  types: {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === bigint ? Number : types.getTypeParser(oid, format as 'text'),
  },
};

export class PostgresSession {
  readonly #config: ClientConfig;
  #client: Client | null = null;
  #isClosed = false;

  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /** @throws whatever the network or the server says */
  async connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = new Client({ ...settings, ...this.#config });
    const gone = () => {
      if (this.#client === client) this.#client = null;
    };
    client.on('error', gone).on('end', gone);
    try {
      await client.connect();
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    if (this.#isClosed) {
      await client.end();
      throw new Error('Connection terminated: it was closed while it was made');
    }
    this.#client = client;
    return client;
  }

  /** Gives the connection up without waiting for the server. */
  drop(): void {
    const client = this.#client;
    this.#client = null;
    void client?.end().catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }
}
