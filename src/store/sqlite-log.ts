/** The log's contract kept by one SQLite file (or by memory, for tests and trials). */
import type { Compilable, Kysely } from 'kysely';
import { Changes } from './changes.ts';
import { verifyRows } from './hash-chain.ts';
import type {
  Appended,
  AppendOptions,
  Checkpoint,
  EventLog,
  Fence,
  JsonObject,
  Lease,
  RecordedEvent,
  StreamAppend,
  Verification,
} from './log.ts';
import type { ProjectedLog, Projection } from './projection.ts';
import type { Sleep, SqliteConnection, Statement } from './sqlite-connection.ts';
import { isBusy } from './sqlite-errors.ts';
import { SqliteEvents } from './sqlite-events.ts';
import { SqliteLeases } from './sqlite-leases.ts';
import { SqliteProjections } from './sqlite-projections.ts';
import type { EventRow, LogTables } from './sqlite-schema.ts';
import { type BatchDraft, draftBatch, toRecorded } from './stored-event.ts';

export interface SqliteLogOptions {
  readonly projections: readonly Projection[];
  /** Milliseconds since 1970: the log's clock. */
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly readOnly: boolean;
  /** Whether other connections can write to it: not to a log in memory. */
  readonly shared: boolean;
}

const readAllLimit = 1_000;
const pollMs = 30;
const verifyPage = 1_000;
const noLimit = -1;

type CheckpointRow = LogTables['checkpoints'];

export class SqliteLog implements ProjectedLog {
  readonly engine = 'sqlite';
  readonly #connection: SqliteConnection;
  readonly #events: SqliteEvents;
  readonly #leases: SqliteLeases;
  readonly #projections: SqliteProjections;
  readonly #changes: Changes;
  readonly #checkpoint: Statement<{ consumer: string }, CheckpointRow>;
  readonly #putCheckpoint: Statement<CheckpointRow, unknown>;

  /** @param connection to a file whose tables are there */
  constructor(connection: SqliteConnection, options: SqliteLogOptions) {
    const { projections, now, sleep, readOnly, shared } = options;
    this.#connection = connection;
    this.#events = new SqliteEvents(connection, now);
    this.#leases = new SqliteLeases(connection, now);
    this.#projections = new SqliteProjections(connection, this.#events, { projections, readOnly });
    const version = shared ? dataVersion(connection) : null;
    this.#changes = new Changes({ version, pollMs, now, sleep });
    const { db } = connection;
    this.#checkpoint = connection.prepare((value: { consumer: string }) =>
      db.selectFrom('checkpoints').selectAll().where('consumer', '=', value.consumer),
    );
    this.#putCheckpoint = connection.prepare(({ consumer, position, state }: CheckpointRow) =>
      db
        .insertInto('checkpoints')
        .values({ consumer, position, state })
        .onConflict((conflict) =>
          conflict.column('consumer').doUpdateSet((eb) => ({
            position: eb.ref('excluded.position'),
            state: eb.ref('excluded.state'),
          })),
        ),
    );
  }

  /** Read models that are missing, old or behind are made before anything else. */
  catchUp(): Promise<void> {
    return this.#projections.catchUp();
  }

  async append(batches: readonly StreamAppend[], options: AppendOptions = {}): Promise<Appended> {
    const drafts = batches.map(draftBatch);
    const appended = await this.#connection.write(() => this.#append(drafts, options));
    if (appended.outcome === 'appended') this.#changes.wrote();
    return appended;
  }

  #append(drafts: readonly BatchDraft[], { fence, grant, release }: AppendOptions): Appended {
    const there = this.#events.findAppended(drafts);
    if (there !== null) return { outcome: 'alreadyAppended', events: there.map(toRecorded) };
    if (fence !== undefined) this.#leases.assertHeld(fence);
    // Before the grant: of two that read the same lane and want the same token, the later is
    // told that the stream moved on, as any writer is.
    this.#events.assertExpected(drafts);
    if (release !== undefined) {
      this.#leases.assertHeld(release);
      this.#leases.release(release);
    }
    if (grant !== undefined) this.#leases.grant(grant);
    const events = this.#events.append(drafts).map(toRecorded);
    this.#projections.feed(events);
    return { outcome: 'appended', events };
  }

  async readStream(
    stream: string,
    { fromVersion = 1, limit = noLimit }: { fromVersion?: number; limit?: number } = {},
  ): Promise<readonly RecordedEvent[]> {
    const rows = await this.#connection.read(() =>
      this.#events.readStream(stream, fromVersion, limit),
    );
    return rows.map(toRecorded);
  }

  async readAll({
    after = 0,
    limit = readAllLimit,
    streamPrefix = '',
  }: {
    after?: number;
    limit?: number;
    streamPrefix?: string;
  } = {}): Promise<readonly RecordedEvent[]> {
    const rows = await this.#connection.read(() =>
      this.#events.readAll(after, limit, streamPrefix),
    );
    return rows.map(toRecorded);
  }

  head(): Promise<number> {
    return this.#connection.read(() => this.#events.head());
  }

  lease(resource: string): Promise<Lease | null> {
    return this.#connection.read(() => this.#leases.find(resource));
  }

  leases(prefix: string): Promise<readonly Lease[]> {
    return this.#connection.read(() => this.#leases.list(prefix));
  }

  async take(resource: string, owner: JsonObject, ttlMs: number): Promise<Lease | null> {
    const lease = await this.#connection.write(() => this.#leases.take(resource, owner, ttlMs));
    if (lease !== null) this.#changes.wrote();
    return lease;
  }

  async renew(fence: Fence, ttlMs: number): Promise<boolean> {
    const kept = await this.#connection.write(() => this.#leases.renew(fence, ttlMs));
    if (kept) this.#changes.wrote();
    return kept;
  }

  async release(fence: Fence): Promise<boolean> {
    const released = await this.#connection.write(() => this.#leases.release(fence));
    if (released) this.#changes.wrote();
    return released;
  }

  async checkpoint(consumer: string): Promise<Checkpoint> {
    const row = await this.#connection.read(() => this.#checkpoint.get({ consumer }));
    if (row === undefined) return { position: 0, state: {} };
    return { position: row.position, state: JSON.parse(row.state) as JsonObject };
  }

  async saveCheckpoint(
    consumer: string,
    { position, state }: Checkpoint,
    fence?: Fence,
  ): Promise<void> {
    await this.#connection.write(() => {
      if (fence !== undefined) this.#leases.assertHeld(fence);
      this.#putCheckpoint.run({ consumer, position, state: JSON.stringify(state) });
    });
    this.#changes.wrote();
  }

  changed({ timeoutMs, signal }: Parameters<EventLog['changed']>[0]): Promise<void> {
    return this.#changes.wait(timeoutMs, signal);
  }

  async verify(): Promise<Verification> {
    return verifyRows(this.#pages(await this.head()));
  }

  /** Everything up to a position; between two pages this process goes on with other things. */
  async *#pages(head: number): AsyncGenerator<readonly EventRow[]> {
    for (let after = 0; after < head; ) {
      const limit = verifyPage;
      const rows = await this.#connection.read(() => this.#events.readAll(after, limit));
      if (rows.length === 0) return;
      yield rows.filter(({ position }) => position <= head);
      after = rows.at(-1)?.position ?? head;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  query<Tables, Row>(
    projection: Projection<Tables>,
    build: (db: Kysely<Tables>) => Compilable<Row>,
  ): Promise<readonly Row[]> {
    return this.#projections.query(projection, build);
  }

  rebuildProjections(): Promise<void> {
    return this.#projections.rebuild();
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#connection.close();
  }
}

/** SQLite's number that another connection's commit changes; it costs a look into shared memory. */
function dataVersion({ handle }: SqliteConnection): () => number {
  const statement = handle.prepare<[], number>('pragma data_version').pluck();
  let last = 0;
  return () => {
    try {
      last = statement.get() ?? last;
    } catch (error) {
      // The file is locked for a moment (its last writer is closing it): the next look will tell.
      if (!isBusy(error)) throw error;
    }
    return last;
  };
}
