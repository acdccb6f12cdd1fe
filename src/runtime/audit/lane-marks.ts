/**
 * Where in a lane's stream the last event of each kind stands. It is only an index: what a lane is now is read from the
 * events themselves, in as many steps after a million of them as after ten.
 */
import { sql } from 'kysely';
import type { LaneEvent, LaneEventType } from '../../machine/lane.ts';
import { type EventLog, type Json, LogFault, type RecordedEvent } from '../../store/log.ts';
import { type BoundStatement, Statement } from '../../store/procedure.ts';
import { asKept, type Projection, projected } from '../../store/projection.ts';
import { laneEvent, unlessUnreadable } from '../log/recorded.ts';
import { laneStream } from '../log/streams.ts';

export interface LaneMarksTable {
  lane: string;
  /** The type of the event. */
  mark: string;
  /** The id of the release that it is about; empty: the last of its type, whatever it is about. */
  subject: string;
  version: number;
  position: number;
}

export interface LaneMarksTables {
  lane_marks: LaneMarksTable;
}

const streamPrefix = laneStream('');

export const laneMarksProjection: Projection<LaneMarksTables> = {
  name: 'lane_marks',
  version: 3,
  tables: ['lane_marks'],

  create({ db, run }) {
    const columns = (...names: (keyof LaneMarksTable)[]) => names.map((name) => sql.ref(name));
    let table = db.schema.createTable('lane_marks');
    for (const name of ['lane', 'mark', 'subject'] as const) {
      table = table.addColumn(name, 'text', (column) => column.notNull());
    }
    for (const name of ['version', 'position'] as const) {
      table = table.addColumn(name, 'bigint', (column) => column.notNull());
    }
    run(
      table
        .addUniqueConstraint('lane_marks_last', columns('lane', 'mark', 'subject'))
        .addUniqueConstraint('lane_marks_order', columns('lane', 'mark', 'version', 'subject')),
    );
  },

  apply(events) {
    const last = new Map<string, LaneMarksTable>();
    for (const row of events.flatMap(marksOf)) {
      last.set(JSON.stringify([row.lane, row.mark, row.subject]), row);
    }
    return [...last.values()].map((row): BoundStatement => put.with(row));
  },
};

/** The rows as the event leaves them; none: it is of no lane. */
export function marksOf(event: RecordedEvent): LaneMarksTable[] {
  if (!event.stream.startsWith(streamPrefix)) return [];
  const { type: mark, version, position, data } = event;
  const lane = event.stream.slice(streamPrefix.length);
  const subject = releaseIn(data.release) ?? releaseIn(ranIn(data));
  const about = subject === null ? [''] : ['', asKept(subject)];
  return about.map((one) => ({ lane, mark, subject: one, version, position }));
}

/** Every row of the index, in no order. */
export function allMarks(log: EventLog): Promise<readonly LaneMarksTable[]> {
  return projected(log).query(laneMarksProjection, (db) => db.selectFrom('lane_marks').selectAll());
}

/** A release as lane events have it: its id, or its id and its version. */
function releaseIn(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
  return typeof id === 'string' ? id : null;
}

/** The release that a rollback made and that came to run, though the rollback failed. */
function ranIn({ made }: RecordedEvent['data']): Json | undefined {
  if (typeof made !== 'object' || made === null || !('runs' in made)) return undefined;
  return made.runs === true ? made.release : undefined;
}

const put = new Statement<LaneMarksTable, unknown, LaneMarksTables>((db, row) => {
  const { lane, mark, subject, version, position } = row;
  return db
    .insertInto('lane_marks')
    .values({ lane, mark, subject, version, position })
    .onConflict((conflict) =>
      conflict.columns(['lane', 'mark', 'subject']).doUpdateSet((eb) => ({
        version: eb.ref('excluded.version'),
        position: eb.ref('excluded.position'),
      })),
    );
});

type OfType<T extends LaneEventType> = Extract<LaneEvent, { type: T }>['data'];

/** An event of a lane, with when and by whom it was recorded. */
export interface Marked<T extends LaneEventType> {
  readonly data: OfType<T>;
  readonly record: RecordedEvent;
}

/** The last event of each type; none where there never was one. */
export type LaneMarks = { readonly [T in LaneEventType]?: Marked<T> };

/**
 * What a newer version wrote is left out: of that nothing is known here.
 *
 * @throws LogFault the index is not what the lane's events say, or they are not what was recorded
 */
export async function readLaneMarks(log: EventLog, lane: string): Promise<LaneMarks> {
  const rows = await projected(log).query(laneMarksProjection, (db) =>
    db.selectFrom('lane_marks').selectAll().where('lane', '=', lane).where('subject', '=', ''),
  );
  const found = await Promise.all(
    rows.map(async (row) => {
      const mark = await marked(log, row).catch(unlessUnreadable);
      return mark === null ? [] : [[row.mark, mark] as const];
    }),
  );
  const newest = Math.max(0, ...rows.map(({ version }) => version));
  const [last, more] = await log.readStream(laneStream(lane), {
    fromVersion: Math.max(1, newest),
    limit: 2,
  });
  // Written to since the index was read: it knows of it by now.
  if (more !== undefined || (newest === 0 && last !== undefined)) {
    if (await isBehind(log, lane, newest))
      throw fault(lane, newest, 'has no mark of its last event');
    return readLaneMarks(log, lane);
  }
  return Object.fromEntries(found.flat()) as LaneMarks;
}

async function isBehind(log: EventLog, lane: string, newest: number): Promise<boolean> {
  const [row] = await projected(log).query(laneMarksProjection, (db) =>
    db
      .selectFrom('lane_marks')
      .select(({ fn }) => fn.max('version').as('version'))
      .where('lane', '=', lane),
  );
  return Number(row?.version ?? 0) <= newest;
}

/** The last event of that type about a release, by its id; null where there is none. */
export async function readLaneMark<T extends LaneEventType>(
  log: EventLog,
  lane: string,
  type: T,
  release: string,
): Promise<Marked<T> | null> {
  const [row] = await projected(log).query(laneMarksProjection, (db) =>
    db
      .selectFrom('lane_marks')
      .selectAll()
      .where('lane', '=', lane)
      .where('mark', '=', type)
      .where('subject', '=', asKept(release)),
  );
  return row === undefined ? null : ((await marked(log, row)) as unknown as Marked<T>);
}

/** Whether an event of one of those types came after that position. @param lane null: in any lane */
export async function isMarkedAfter(
  log: EventLog,
  { lane, types, after }: { lane: string | null; types: readonly LaneEventType[]; after: number },
): Promise<boolean> {
  const [row] = await projected(log).query(laneMarksProjection, (db) => {
    const marks = db
      .selectFrom('lane_marks')
      .select('mark')
      .where('mark', 'in', types)
      .where('subject', '=', '')
      .where('position', '>', after)
      .limit(1);
    return lane === null ? marks : marks.where('lane', '=', lane);
  });
  return row !== undefined;
}

/** What the lane verified in production, each release once, the last first; at most `limit`. */
export async function readShipped(
  log: EventLog,
  lane: string,
  limit: number,
): Promise<readonly Marked<'lane.shipped'>[]> {
  const rows = await projected(log).query(laneMarksProjection, (db) =>
    db
      .selectFrom('lane_marks')
      .selectAll()
      .where('lane', '=', lane)
      .where('mark', '=', 'lane.shipped')
      .where('subject', '!=', '')
      .orderBy('version', 'desc')
      .limit(limit),
  );
  return Promise.all(
    rows.map(async (row) => (await marked(log, row)) as unknown as Marked<'lane.shipped'>),
  );
}

/** The event that a row stands for. @throws LogFault the row is not what it says */
export async function marked(log: EventLog, row: LaneMarksTable): Promise<Marked<LaneEventType>> {
  const { lane, mark, subject, version } = row;
  const [record] = await log.readStream(laneStream(lane), { fromVersion: version, limit: 1 });
  const isIt =
    record?.version === version &&
    record.type === mark &&
    (subject === '' || marksOf(record).some((one) => one.subject === subject));
  if (record === undefined || !isIt) throw fault(lane, version, `has another event for ${mark}`);
  return { data: laneEvent(record).data, record };
}

function fault(lane: string, version: number, what: string): LogFault {
  const reason = `the index of lanes ${what} (version ${version}); the events themselves add up`;
  return new LogFault({ stream: laneStream(lane), position: 0, reason });
}
