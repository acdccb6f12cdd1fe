/** Hears of writes by LISTEN, on a connection of its own; the log is asked now and then all the same. */
import { setTimeout as pause } from 'node:timers/promises';
import { schemaName } from './schema.ts';
import type { PostgresSession } from './session.ts';

const reconnectMs = 1_000;

interface ListenerTells {
  /** The log's revision after a write. */
  readonly heard: (revision: number) => void;
  /** It hears of writes from now on, or no more: of those before, some may not have been heard of. */
  readonly turned: () => void;
}

export class PostgresListener {
  readonly #connect: () => PostgresSession;
  readonly #tells: ListenerTells;
  readonly #closed = new AbortController();
  #session: PostgresSession | null = null;
  #isLive = false;

  constructor(connect: () => PostgresSession, tells: ListenerTells) {
    this.#connect = connect;
    this.#tells = tells;
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
        client.on('notification', ({ payload }) => this.#tells.heard(Number(payload)));
        await client.query(`listen ${schemaName}`);
        this.#turn(true);
        await ended;
      } catch {
        // Not heard for a while: the polling behind it goes on.
        session.drop();
      }
      this.#turn(false);
      await pause(reconnectMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #turn(isLive: boolean): void {
    if (this.#isLive === isLive) return;
    this.#isLive = isLive;
    this.#tells.turned();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#session?.close();
  }
}
