/** The table of events: appending to it and reading it. */
import { type Kysely, sql } from 'kysely';
import { hashOf, noHead } from './hash-chain.ts';
import {
  EventIdReused,
  type ExpectedVersion,
  type StreamBeginning,
  VersionConflict,
} from './log.ts';
import type { Head } from './log-heads.ts';
import { clock, type Procedure, Statement } from './procedure.ts';
import { type BatchDraft, type EventDraft, isSameEvent } from './stored-event.ts';
import { type EventRow, type LogTables, lastCharacter } from './tables.ts';

type Range = { readonly after: number; readonly limit: number };
type PrefixRange = Range & { readonly prefix: string; readonly length: number };

/**
 * A value that SQLite cannot look at while it plans: it would plan the query anew for each value, which
 * takes longer than the query (sqlite.org/c3ref/prepare.html: a change to the bindings that might influence the plan).
 */
const text = (value: string) => sql<string>`cast(${value} as text)`;
const whole = (value: number) => sql<number>`cast(${value} as bigint)`;
const one = sql.lit(1);

const columns = [
  ...(['position', 'stream', 'version', 'id', 'type', 'schema'] as const),
  ...(['data', 'metadata', 'time', 'hash', 'previous_hash'] as const),
];
const all = (db: Kysely<LogTables>) => db.selectFrom('events').select(columns);
const inOrder = (db: Kysely<LogTables>, { after, limit }: Range) =>
  all(db).where('position', '>', after).orderBy('position').limit(whole(limit));

const allInOrder = new Statement(inOrder);
const withPrefix = new Statement((db, value: PrefixRange) =>
  inOrder(db, value).where(sql<boolean>`substr(stream, 1, ${value.length}) = ${value.prefix}`),
);
const byId = new Statement((db, { id }: { id: string }) => all(db).where('id', '=', id));
const hashAt = new Statement((db, { position }: { position: number }) =>
  db.selectFrom('events').select('hash').where('position', '=', position),
);
const hashesAfter = new Statement((db, { after, limit }: Range) =>
  db
    .selectFrom('events')
    .select('hash')
    .where('position', '>', after)
    .orderBy('position')
    .limit(whole(limit)),
);
const last = new Statement((db, _value: object) =>
  db
    .selectFrom('events')
    .select(['position', 'time', 'hash'])
    .orderBy('position', 'desc')
    .limit(one),
);
const streamHead = new Statement((db, { stream }: { stream: string }) =>
  db
    .selectFrom('events')
    .select(['version', 'hash'])
    .where('stream', '=', text(stream))
    .orderBy('version', 'desc')
    .limit(one),
);
const ofStream = new Statement((db, value: { stream: string; from: number; limit: number }) =>
  all(db)
    .where('stream', '=', text(value.stream))
    .where('version', '>=', whole(value.from))
    .orderBy('version')
    .limit(whole(value.limit)),
);
/** From the stream's end on: it is soon done where such events are never far apart. */
const lastOfType = new Statement((db, value: { stream: string; from: number; type: string }) =>
  db
    .selectFrom('events')
    .select('version')
    .where('stream', '=', text(value.stream))
    .where('version', '>=', whole(value.from))
    .where('type', '=', text(value.type))
    .orderBy('version', 'desc')
    .limit(one),
);
/** Of the log's last thousand events: enough where most streams are of the kind, and few of them are wanted. */
const newestBeginnings = new Statement(
  (db, value: { prefix: string; length: number; limit: number }) =>
    db
      .selectFrom('events')
      .select(['stream', 'type', 'position'])
      .where('position', '>', (eb) =>
        eb.selectFrom('events').select(sql<number>`max(position) - 1000`.as('from')),
      )
      .where('version', '=', whole(1))
      .where(sql<boolean>`substr(stream, 1, ${value.length}) = ${value.prefix}`)
      .orderBy('position', 'desc')
      .limit(whole(value.limit)),
);
const leastName = sql<string>`min(stream)`.as('name');
/** The name of a stream behind the one in `names`; null: there is none. */
const nextName = (db: Kysely<LogTables>) =>
  sql<string>`${db
    .selectFrom('events')
    .select(leastName)
    .where('stream', '>', sql.ref<string>('names.name'))}`.as('name');

/** From one name to the next by the index of streams: as many steps as there are such streams, however many events they have. */
const beginningsByName = new Statement((db, value: { from: string; to: string; limit: number }) => {
  // There is none behind the last one; `where` leaves that out.
  return db
    .withRecursive('names(name)', (one) =>
      one
        .selectFrom('events')
        .select(leastName)
        .where('stream', '>=', text(value.from))
        .unionAll(
          one.selectFrom('names').select(nextName(db)).where('names.name', '<', text(value.to)),
        ),
    )
    .selectFrom('names')
    .innerJoin('events', 'events.stream', 'names.name')
    .select(['events.stream', 'events.type', 'events.position'])
    .where('names.name', '<', text(value.to))
    .where('events.version', '=', whole(1))
    .orderBy('events.position', 'desc')
    .limit(whole(value.limit));
});
/** Likewise, in the order of their names: as many steps as are asked for. Of a stream that has lost its first event there is only the name. */
const firstsByName = new Statement((db, value: { after: string; to: string; limit: number }) => {
  return db
    .withRecursive('names(name, nth)', (one) =>
      one
        .selectFrom('events')
        .select([leastName, sql<number>`1`.as('nth')])
        .where('stream', '>', text(value.after))
        .unionAll(
          one
            .selectFrom('names')
            .select([nextName(db), sql<number>`nth + 1`.as('nth')])
            .where('names.name', '<', text(value.to))
            .where('names.nth', '<', whole(value.limit)),
        ),
    )
    .selectFrom('names')
    .leftJoin('events', (join) =>
      join.onRef('events.stream', '=', 'names.name').on('events.version', '=', whole(1)),
    )
    .select(['names.name as name', ...columns.map((column) => `events.${column}` as const)])
    .where('names.name', '<', text(value.to))
    .orderBy('names.nth');
});
const insert = new Statement((db, value: EventRow) => {
  const { position, stream, version, id, type, schema, data, metadata, time } = value;
  const { hash, previous_hash } = value;
  const place = { position, stream, version, id, type, schema };
  return db.insertInto('events').values({ ...place, data, metadata, time, hash, previous_hash });
});

export function* headPosition(): Procedure<number> {
  return (yield* last.first({}))?.position ?? 0;
}

export function* hashOfEvent(position: number): Procedure<string | null> {
  return (yield* hashAt.first({ position }))?.hash ?? null;
}

/** Of the events after a position, in their order. */
export function* hashes(after: number, limit: number): Procedure<string[]> {
  return (yield* hashesAfter.all({ after, limit })).map((row) => row.hash);
}

/** The log's last event; null while there is none. */
export function* lastEvent(): Procedure<Pick<EventRow, 'position' | 'time'> | null> {
  return (yield* last.first({})) ?? null;
}

/** Where an event stands, and what it says. */
export interface Mark {
  readonly position: number;
  readonly hash: string;
}

/** The log's last event as a mark; null while there is none. */
export function* lastMark(): Procedure<Mark | null> {
  const { position, hash } = (yield* last.first({})) ?? { position: 0, hash: '' };
  return position === 0 ? null : { position, hash };
}

/** The look for the event that should be at the mark's place. */
export const markLook = ({ position }: Mark) => hashAt.with({ position });

export const headLook = (stream: string) => streamHead.with({ stream });

export function* headOf(stream: string): Procedure<Head> {
  return (yield* streamHead.first({ stream })) ?? noHead;
}

export function readStream(stream: string, from: number, limit: number): Procedure<EventRow[]> {
  return ofStream.all({ stream, from, limit });
}

/** The version of the last event of a type, from a version on; null where there is none. */
export function* lastVersionOf(
  stream: string,
  type: string,
  from: number,
): Procedure<number | null> {
  return (yield* lastOfType.first({ stream, type, from }))?.version ?? null;
}

export function readAll(after: number, limit: number, prefix = ''): Procedure<EventRow[]> {
  if (prefix === '') return allInOrder.all({ after, limit });
  return withPrefix.all({ after, limit, prefix, length: [...prefix].length });
}

export function* streamBeginnings(prefix: string, limit: number): Procedure<StreamBeginning[]> {
  if (prefix.endsWith('/') && limit <= fewStreams) {
    const length = [...prefix].length;
    const newest = yield* newestBeginnings.all({ prefix, length, limit });
    if (newest.length === limit) return newest;
  }
  return yield* beginningsByName.all({ from: prefix, to: prefix + lastCharacter, limit });
}

/** The first events of the streams whose names begin so, by their names; null where a stream has lost it. */
export function* firstEvents(
  prefix: string,
  after: string,
  limit: number,
): Procedure<{ readonly name: string; readonly row: EventRow | null }[]> {
  const found = yield* firstsByName.all({ after, to: prefix + lastCharacter, limit });
  return found.map(({ name, ...row }) => ({
    name,
    row: row.position === null ? null : (row as EventRow),
  }));
}

/** So many may be among the log's last thousand events. */
const fewStreams = 100;

/** What an append goes by, looked up at once and under the log's lock. */
export interface Standing {
  /** Of each event of the batches: the row that has its id. */
  readonly there: readonly (EventRow | undefined)[];
  /** Of each batch: the last event of its stream. */
  readonly heads: readonly (Head | undefined)[];
  /** The log's last event. */
  readonly end: Pick<EventRow, 'position' | 'time'> | undefined;
}

/** The looks for a `Standing`, as `lookUp` takes them. */
export const standingLooks = (batches: readonly BatchDraft[]) => ({
  there: batches.flatMap(({ events }) => events.map(({ id }) => byId.with({ id }))),
  heads: batches.map(({ stream }) => streamHead.with({ stream })),
  ends: [last.with({})],
});

/**
 * The rows of these events if they are in the log already; null if none of them is.
 *
 * @throws EventIdReused one is there with other content, or only some are there
 */
export function findAppended(
  batches: readonly BatchDraft[],
  { there }: Pick<Standing, 'there'>,
): readonly EventRow[] | null {
  const drafts = batches.flatMap(({ stream, events }) =>
    events.map((draft) => ({ stream, draft })),
  );
  const rows: EventRow[] = [];
  for (const [at, { stream, draft }] of drafts.entries()) {
    const row = there[at];
    if (row === undefined) continue;
    if (!isSameEvent(row, stream, draft)) throw new EventIdReused(row.id, placeOf(row));
    rows.push(row);
  }
  const [first] = rows;
  if (first === undefined) return null;
  if (rows.length < drafts.length) throw new EventIdReused(first.id, placeOf(first));
  return rows;
}

export type StreamHeads = ReadonlyMap<string, Head>;

/** The heads of the streams, before the append. @throws VersionConflict */
export function assertExpected(
  batches: readonly BatchDraft[],
  { heads: found }: Pick<Standing, 'heads'>,
): StreamHeads {
  const heads = new Map<string, Head>();
  const versions = new Map<string, number>();
  for (const [at, { stream, expected, events }] of batches.entries()) {
    const head = found[at] ?? noHead;
    heads.set(stream, head);
    const actual = versions.get(stream) ?? head.version;
    if (!isExpected(expected, actual)) throw new VersionConflict(stream, expected, actual);
    versions.set(stream, actual + events.length);
  }
  return heads;
}

/** The events at the log's end, all of them at one time that is never before the last event's. */
export function* placed(
  batches: readonly BatchDraft[],
  before: StreamHeads,
  { end }: Pick<Standing, 'end'>,
): Procedure<EventRow[]> {
  const now = new Date(yield* clock()).toISOString();
  const time = end !== undefined && end.time > now ? end.time : now;
  let position = end?.position ?? 0;
  const rows: EventRow[] = [];
  const heads = new Map(before);
  for (const { stream, events } of batches) {
    let head = heads.get(stream) ?? noHead;
    for (const draft of events) {
      assertNew(draft, rows);
      position++;
      const place = { position, stream, version: head.version + 1, previous_hash: head.hash };
      const unhashed = { ...draft, ...place, time };
      const row = { ...unhashed, hash: hashOf(unhashed) };
      rows.push(row);
      head = row;
    }
    heads.set(stream, head);
  }
  return rows;
}

export const insertion = (row: EventRow) => insert.with(row);

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
