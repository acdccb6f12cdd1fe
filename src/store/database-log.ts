/** The log's contract, kept on whatever database it is opened on. */
import { isDeepStrictEqual } from 'node:util';
import type { Compilable, Kysely } from 'kysely';
import { moveCheckpoints, putCheckpoint, readCheckpoint } from './checkpoint-table.ts';
import { importRows, toRows } from './event-import.ts';
import {
  assertExpected,
  findAppended,
  headLook,
  headPosition,
  insertion,
  lastMark,
  type Mark,
  markLook,
  placed,
  readAll,
  standingLooks,
  streamBeginnings,
} from './event-table.ts';
import { verifyRows } from './hash-chain.ts';
import { headOfLog } from './head-of-log.ts';
import {
  assertHeld,
  findLease,
  grantedLease,
  leaseLook,
  leaseRelease,
  listLeases,
  putLease,
  releaseLease,
  renewLease,
  standing,
  takeLease,
} from './lease-table.ts';
import type {
  Appended,
  AppendOptions,
  Checkpoint,
  EventLog,
  Fence,
  Imported,
  JsonObject,
  Lease,
  LogFault,
  LogHead,
  ReadStreamOptions,
  RecordedEvent,
  StreamAppend,
  Verification,
} from './log.ts';
import { StoreReplaced } from './log.ts';
import { type BoundStatement, type Database, lookUp, type Procedure } from './procedure.ts';
import type { ProjectedLog, Projection } from './projection.ts';
import { ReadModels } from './read-models.ts';
import { type BatchDraft, draftBatch, toRecorded } from './stored-event.ts';
import type { EventRow } from './tables.ts';
import { faultsOf, verifiedFirsts, verifiedStream } from './verified-read.ts';

const readAllLimit = 1_000;
/** How many events one query reads for whoever goes through a whole log: memory holds them, and a server takes a way for each query. */
const verifyPage = { sqlite: 250, postgres: 1_000 };
const noLimit = Number.MAX_SAFE_INTEGER;

/** @throws StoreReplaced the log has another event at the mark's place, or none */
function assertMark(mark: Mark, found: { readonly hash: string } | undefined, shown: string): void {
  if (found?.hash === mark.hash) return;
  throw new StoreReplaced(shown, `it has another event at position ${mark.position}, or none`);
}

const refuse = (fault: LogFault): never => {
  throw fault;
};

/** Makes a JSON value fit to be kept, whatever it holds. It gives the same again for what it gave. */
export type Clean = <T extends JsonObject>(value: T) => T;

export class DatabaseLog implements ProjectedLog {
  readonly engine: Database['engine'];
  readonly #database: Database;
  readonly #models: ReadModels;
  readonly #clean: Clean;
  /** The newest event that this process wrote or read. */
  #lastSeen: Mark | null = null;

  /** @param database one whose tables are there */
  constructor(
    database: Database,
    projections: readonly Projection[],
    clean: Clean = (value) => value,
  ) {
    this.#clean = clean;
    this.engine = database.engine;
    this.#database = database;
    this.#models = new ReadModels(database, projections);
  }

  /** Read models that are missing, old or behind are made before anything else. */
  async catchUp(): Promise<void> {
    await this.#models.catchUp();
    this.#lastSeen = await this.#database.read(lastMark);
  }

  /**
   * A write to the log that this process knows: what it wrote or read last is there still. A server
   * that lost what it acknowledged, a restored copy, an emptied schema: none of them is that log.
   *
   * @throws StoreReplaced
   */
  #write<T>(procedure: (again: boolean) => Procedure<T>): Promise<T> {
    const mark = this.#lastSeen;
    if (mark === null) return this.#database.write(procedure);
    const { shown } = this.#database;
    return this.#database.write(function* (again) {
      const { marks } = yield* lookUp({ marks: [markLook(mark)] });
      assertMark(mark, marks[0], shown);
      return yield* procedure(again);
    });
  }

  #saw(events: readonly Mark[]): void {
    for (const { position, hash } of events) {
      if (position > (this.#lastSeen?.position ?? 0)) this.#lastSeen = { position, hash };
    }
  }

  async append(batches: readonly StreamAppend[], options: AppendOptions = {}): Promise<Appended> {
    const clean = this.#clean;
    const drafts = batches.map(({ events, ...batch }) =>
      draftBatch({
        ...batch,
        events: events.map((event) => ({
          ...event,
          data: clean(event.data),
          metadata: clean(event.metadata),
        })),
      }),
    );
    const { grant } = options;
    const cleaned =
      grant === undefined
        ? options
        : { ...options, grant: { ...grant, owner: clean(grant.owner) } };
    const mark = this.#lastSeen;
    const appended = await this.#database.write((again) =>
      this.#append(drafts, cleaned, { mark, again }),
    );
    this.#saw(appended.events);
    return appended;
  }

  *#append(
    drafts: readonly BatchDraft[],
    { fence, grant, release }: AppendOptions,
    { mark, again }: { readonly mark: Mark | null; readonly again: boolean },
  ): Procedure<Appended> {
    const look = (one: Fence | undefined) => (one === undefined ? [] : [leaseLook(one.resource)]);
    const found = yield* lookUp({
      marks: mark === null ? [] : [markLook(mark)],
      ...standingLooks(drafts),
      ...{ held: look(fence), released: look(release), granted: look(grant) },
      fed: this.#models.looks(),
    });
    if (mark !== null) assertMark(mark, found.marks[0], this.#database.shown);
    const there = findAppended(drafts, found);
    if (there !== null) {
      return { outcome: again ? 'appended' : 'alreadyAppended', events: there.map(toRecorded) };
    }
    if (fence !== undefined) assertHeld(fence, found.held[0]);
    // Before the grant: of two that read the same lane and want the same token, the later is
    // told that the stream moved on, as any writer is.
    const heads = assertExpected(drafts, found);
    const writes: BoundStatement[] = [];
    if (release !== undefined) {
      assertHeld(release, found.released[0]);
      writes.push(yield* leaseRelease(release));
    }
    if (grant !== undefined) writes.push(putLease(yield* grantedLease(grant, found.granted[0])));
    const rows = yield* placed(drafts, heads, { end: found.ends[0] });
    writes.push(...rows.map(insertion));
    const events = rows.map(toRecorded);
    yield* this.#models.feed(events, writes, found.fed);
    return { outcome: 'appended', events };
  }

  async importEvents(events: readonly RecordedEvent[]): Promise<Imported> {
    const rows = toRows(events);
    const { db } = this.#database;
    const models = this.#models;
    // By a try whose reply was lost: if they are there, they are ours.
    let tried = 0;
    const counts = await this.#write(function* (again) {
      const taken = new Set<EventRow | undefined>(yield* importRows(db, rows));
      const imported = events.filter((_, index) => taken.has(rows[index]));
      const last = imported.at(-1);
      if (last === undefined) {
        const count = again ? tried : 0;
        return { imported: count, present: rows.length - count };
      }
      tried = imported.length;
      yield* moveCheckpoints(last.position);
      const { fed } = yield* lookUp({ fed: models.looks() });
      yield* models.feed(imported, [], fed);
      return { imported: imported.length, present: rows.length - imported.length };
    });
    this.#saw(events);
    return counts;
  }

  async readStream(
    stream: string,
    { fromVersion = 1, fromLast, limit = noLimit }: ReadStreamOptions = {},
  ): Promise<readonly RecordedEvent[]> {
    const rows = await verifiedStream(this.#database, stream, {
      ...{ fromVersion: Math.max(1, fromVersion), limit },
      ...(fromLast !== undefined && { fromLast }),
    });
    this.#saw(rows);
    return rows.map(toRecorded);
  }

  async readWithLeases(
    stream: string,
    resources: readonly string[],
    options: Omit<ReadStreamOptions, 'limit'> = {},
  ): Promise<{ events: readonly RecordedEvent[]; leases: readonly (Lease | null)[] }> {
    // Of a stream that is known as far as that there is mostly nothing new: who waits looks whenever anything was written.
    const isFirst = options.fromVersion === undefined || options.fromLast !== undefined;
    for (let events = isFirst ? await this.readStream(stream, options) : []; ; ) {
      const { leases, version } = await this.#database.read(() =>
        standing(resources, headLook(stream)),
      );
      const fromVersion = (events.at(-1)?.version ?? (options.fromVersion ?? 1) - 1) + 1;
      if (version < fromVersion) return { events, leases };
      // Somebody wrote since then.
      events = [...events, ...(await this.readStream(stream, { fromVersion }))];
    }
  }

  async readAll({
    after = 0,
    limit = readAllLimit,
    streamPrefix = '',
    onFault = refuse,
  }: Parameters<EventLog['readAll']>[0] = {}): Promise<readonly RecordedEvent[]> {
    const rows = await this.#database.read(() => readAll(after, limit, streamPrefix));
    for (const fault of faultsOf(rows, { after, isWhole: streamPrefix === '' })) onFault(fault);
    this.#saw(rows);
    return rows.map(toRecorded);
  }

  streams({ prefix, limit }: { prefix: string; limit: number }) {
    return this.#database.read(() => streamBeginnings(prefix, limit));
  }

  async firsts({
    prefix,
    after = prefix,
    limit,
  }: Parameters<EventLog['firsts']>[0]): Promise<readonly RecordedEvent[]> {
    const rows = await verifiedFirsts(this.#database, { prefix, after, limit });
    return rows.map(toRecorded);
  }

  head(): Promise<number> {
    return this.#database.read(headPosition);
  }

  headDigest(): Promise<LogHead> {
    return headOfLog(this.#database);
  }

  lease(resource: string): Promise<Lease | null> {
    return this.#database.read(() => findLease(resource));
  }

  leases(prefix: string, { held } = { held: false }): Promise<readonly Lease[]> {
    return this.#database.read(() => listLeases(prefix, held));
  }

  take(resource: string, by: JsonObject, ttlMs: number): Promise<Lease | null> {
    const owner = this.#clean(by);
    // The token of a try whose reply was lost: if it stands, it is ours.
    let tried = 0;
    return this.#write(function* (again) {
      const last = yield* findLease(resource);
      if (again && last?.token === tried && isDeepStrictEqual(last.owner, owner)) return last;
      tried = (last?.token ?? 0) + 1;
      return yield* takeLease({ resource, owner, ttlMs }, last);
    });
  }

  renew(fence: Fence, ttlMs: number): Promise<boolean> {
    return this.#write(() => renewLease(fence, ttlMs));
  }

  release(fence: Fence): Promise<boolean> {
    return this.#write(function* (again) {
      const released = yield* releaseLease(fence);
      if (released || !again) return released;
      const left = yield* findLease(fence.resource);
      return left?.token === fence.token;
    });
  }

  checkpoint(consumer: string): Promise<Checkpoint> {
    return this.#database.read(() => readCheckpoint(consumer));
  }

  saveCheckpoint(consumer: string, checkpoint: Checkpoint, fence?: Fence): Promise<void> {
    const kept = { ...checkpoint, state: this.#clean(checkpoint.state) };
    return this.#write(function* () {
      if (fence !== undefined) {
        const { held } = yield* lookUp({ held: [leaseLook(fence.resource)] });
        assertHeld(fence, held[0]);
      }
      yield* putCheckpoint(consumer, kept);
    });
  }

  changed({ timeoutMs, signal }: Parameters<EventLog['changed']>[0]): Promise<void> {
    return this.#database.changed(timeoutMs, signal);
  }

  async verify(): Promise<Verification> {
    const verified = await verifyRows(this.stored());
    const reason = verified.fault === null ? await this.damage() : null;
    return reason === null ? verified : { ...verified, fault: { position: 0, stream: '', reason } };
  }

  damage(): Promise<string | null> {
    return this.#database.damage();
  }

  /** Between two pages this process goes on with other things. */
  async *stored(): AsyncGenerator<readonly EventRow[]> {
    const head = await this.head();
    for (let after = 0; after < head; ) {
      const from = after;
      const rows = await this.#database.read(() => readAll(from, verifyPage[this.engine]));
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
    return this.#models.query(projection, build);
  }

  rebuildProjections(): Promise<void> {
    return this.#models.rebuild();
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
