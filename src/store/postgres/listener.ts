/** Hears of writes by LISTEN, on a connection of its own; the log is asked now and then all the same. */
import { setTimeout as pause } from 'node:timers/promises';
import { schemaName } from './schema.ts';
import type { PostgresSession } from './session.ts';

const reconnectMs = 1_000;

export class PostgresListener {
  readonly #connect: () => PostgresSession;
  readonly #heard: (revision: number) => void;
  readonly #closed = new AbortController();
  #session: PostgresSession | null = null;
  #isLive = false;

  /** @param heard is given the log's revision after the write */
  constructor(connect: () => PostgresSession, heard: (revision: number) => void) {
    this.#connect = connect;
    this.#heard = heard;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  start(): void {
    if (this.#session !== null || this.#closed.signal.aborted) return;
    this.#session = this.#connect();
    void this.#listen(this.#session);
  }

  async #listen(session: PostgresSession): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        const client = await session.connected();
        const ended = new Promise<void>((resolve) => client.once('end', resolve));
        client.on('notification', ({ payload }) => this.#heard(Number(payload)));
        await client.query(`listen ${schemaName}`);
        this.#isLive = true;
        await ended;
      } catch {
        // Not heard for a while: the polling behind it goes on.
        session.drop();
      }
      this.#isLive = false;
      await pause(reconnectMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#session?.close();
  }
}
