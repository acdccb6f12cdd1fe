/** The table of events in SQLite: appending to it and reading it. Every function runs inside the caller's transaction. */
import { sql } from 'kysely';
import { hashOf, noHash } from './hash-chain.ts';
import { EventIdReused, type ExpectedVersion, VersionConflict } from './log.ts';
import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import type { EventRow } from './sqlite-schema.ts';
import { type BatchDraft, type EventDraft, isSameEvent } from './stored-event.ts';

type Range = { readonly after: number; readonly limit: number };
type PrefixRange = Range & { readonly prefix: string; readonly length: number };
type StreamHead = Pick<EventRow, 'version' | 'hash'>;

export class SqliteEvents {
  readonly #now: () => number;
  readonly #insert: Statement<EventRow, unknown>;
  readonly #byId: Statement<{ id: string }, EventRow>;
  readonly #last: Statement<object, Pick<EventRow, 'position' | 'time'>>;
  readonly #streamHead: Statement<{ stream: string }, StreamHead>;
  readonly #stream: Statement<{ stream: string; from: number; limit: number }, EventRow>;
  readonly #all: Statement<Range, EventRow>;
  readonly #allWithPrefix: Statement<PrefixRange, EventRow>;

  /** @param now milliseconds since 1970: the log's clock */
  constructor(connection: SqliteConnection, now: () => number) {
    this.#now = now;
    const { db } = connection;
    const events = db.selectFrom('events').selectAll();
    this.#insert = connection.prepare((value: EventRow) => {
      const { position, stream, version, id, type, schema, data, metadata, time } = value;
      const { hash, previous_hash } = value;
      const place = { position, stream, version, id, type, schema };
      return db
        .insertInto('events')
        .values({ ...place, data, metadata, time, hash, previous_hash });
    });
    this.#byId = connection.prepare((value: { id: string }) => events.where('id', '=', value.id));
    this.#last = connection.prepare(() =>
      db.selectFrom('events').select(['position', 'time']).orderBy('position', 'desc').limit(1),
    );
    this.#streamHead = connection.prepare((value: { stream: string }) =>
      db
        .selectFrom('events')
        .select(['version', 'hash'])
        .where('stream', '=', value.stream)
        .orderBy('version', 'desc')
        .limit(1),
    );
    this.#stream = connection.prepare((value: { stream: string; from: number; limit: number }) =>
      events
        .where('stream', '=', value.stream)
        .where('version', '>=', value.from)
        .orderBy('version')
        .limit(value.limit),
    );
    const inOrder = (value: Range) =>
      events.where('position', '>', value.after).orderBy('position').limit(value.limit);
    this.#all = connection.prepare(inOrder);
    this.#allWithPrefix = connection.prepare((value: PrefixRange) =>
      inOrder(value).where(sql<boolean>`substr(stream, 1, ${value.length}) = ${value.prefix}`),
    );
  }

  head(): number {
    return this.#last.get({})?.position ?? 0;
  }

  readStream(stream: string, from: number, limit: number): EventRow[] {
    return this.#stream.all({ stream, from, limit });
  }

  readAll(after: number, limit: number, prefix = ''): EventRow[] {
    if (prefix === '') return this.#all.all({ after, limit });
    return this.#allWithPrefix.all({ after, limit, prefix, length: [...prefix].length });
  }

  /**
   * The rows of these events if they are in the log already; null if none of them is.
   *
   * @throws EventIdReused one is there with other content, or only some are there
   */
  findAppended(batches: readonly BatchDraft[]): EventRow[] | null {
    const rows: EventRow[] = [];
    let isMissing = false;
    for (const { stream, events } of batches) {
      for (const draft of events) {
        const row = this.#byId.get({ id: draft.id });
        if (row === undefined) {
          isMissing = true;
        } else if (isSameEvent(row, stream, draft)) {
          rows.push(row);
        } else {
          throw new EventIdReused(row.id, placeOf(row));
        }
      }
    }
    const [first] = rows;
    if (first === undefined) return null;
    if (isMissing) throw new EventIdReused(first.id, placeOf(first));
    return rows;
  }

  /** @throws VersionConflict */
  assertExpected(batches: readonly BatchDraft[]): void {
    const versions = new Map<string, number>();
    for (const { stream, expected, events } of batches) {
      const actual = versions.get(stream) ?? this.#streamHead.get({ stream })?.version ?? 0;
      if (!isExpected(expected, actual)) throw new VersionConflict(stream, expected, actual);
      versions.set(stream, actual + events.length);
    }
  }

  /** Writes the events at the log's end, all of them at one time that is never before the last event's. */
  append(batches: readonly BatchDraft[]): EventRow[] {
    const last = this.#last.get({});
    const now = new Date(this.#now()).toISOString();
    const time = last !== undefined && last.time > now ? last.time : now;
    let position = last?.position ?? 0;
    const rows: EventRow[] = [];
    const heads = new Map<string, StreamHead>();
    for (const { stream, events } of batches) {
      let head = heads.get(stream) ?? this.#streamHead.get({ stream }) ?? noHead;
      for (const draft of events) {
        assertNew(draft, rows);
        position++;
        const place = { position, stream, version: head.version + 1, previous_hash: head.hash };
        const unhashed = { ...draft, ...place, time };
        const row = { ...unhashed, hash: hashOf(unhashed) };
        this.#insert.run(row);
        rows.push(row);
        head = row;
      }
      heads.set(stream, head);
    }
    return rows;
  }
}

const noHead: StreamHead = { version: 0, hash: noHash };

const placeOf = ({ stream, version }: EventRow) => ({ stream, version });

/** The same id twice in one append can only be a mistake. */
function assertNew({ id }: EventDraft, rows: readonly EventRow[]): void {
  const twin = rows.find((row) => row.id === id);
  if (twin !== undefined) throw new EventIdReused(id, placeOf(twin));
}

function isExpected(expected: ExpectedVersion, actual: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'none') return actual === 0;
  if (expected === 'exists') return actual > 0;
  return actual === expected;
}
