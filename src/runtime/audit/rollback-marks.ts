/** What people took production back by with `pipeline rollback`, found by the index of lanes. */
import type { Kysely } from 'kysely';
import { oneLine } from '../../format/text.ts';
import { type TakenBack, takenBackBy } from '../../machine/taken-back.ts';
import type { EventLog } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { laneEvent } from '../log/recorded.ts';
import { beginningOfRollback } from '../log/rollback-beginning.ts';
import {
  type LaneMarksTable,
  type LaneMarksTables,
  laneMarksProjection,
  type Marked,
  marked,
} from './lane-marks.ts';

/** With when it was so: ISO 8601, and the global position. */
export interface MarkedBack extends TakenBack {
  /** The version that ran before; null: the lane's stream does not have its beginning. */
  readonly from: string | null;
  /** Why it is not verified; null: it is. */
  readonly why: string | null;
  readonly time: string;
  readonly position: number;
}

/** How many are told of. More rollbacks in a row, with no deploy between them, are not to be expected. */
const backsMax = 5;

/** What people's rollbacks left production as: the last that came to run, the newest first. */
export async function readTakenBack(log: EventLog, lane: string): Promise<readonly MarkedBack[]> {
  const rows = await projected(log).query(laneMarksProjection, (db) =>
    endsOf(db, lane).orderBy('version', 'desc').limit(backsMax),
  );
  return Promise.all(rows.map((row) => markedBack(log, row)));
}

/** Where a rollback by which production came to run something else ended, in the log and in the lane's stream. */
export type BackMark = LaneMarksTable;

/** Those of a lane that ended after a global position, the first one first: people make few. */
export async function backsAfter(
  log: EventLog,
  lane: string,
  position: number,
): Promise<readonly BackMark[]> {
  const rows = await projected(log).query(laneMarksProjection, (db) =>
    endsOf(db, lane).where('position', '>', position),
  );
  return rows.toSorted((a, b) => a.position - b.position);
}

const ends = ['rollback.done', 'rollback.failed'] as const;

const endsOf = (db: Kysely<LaneMarksTables>, lane: string) =>
  db
    .selectFrom('lane_marks')
    .selectAll()
    .where('lane', '=', lane)
    .where('mark', 'in', ends)
    .where('subject', '!=', '');

/** @throws LogFault */
export async function markedBack(log: EventLog, row: BackMark): Promise<MarkedBack> {
  const { record } = await marked(log, row);
  const event = laneEvent(record);
  // The index has the release of a rollback's end only where that came to run.
  const back = takenBackBy(event) as TakenBack;
  const { rollback } = back;
  const begins = await beginningOfRollback(log, row.lane, { rollback, end: row.version });
  const begun = begins && laneEvent(begins);
  return {
    ...back,
    ...{ time: record.time, position: record.position },
    from: begun?.type === 'rollback.begun' ? begun.data.from.version : null,
    why:
      event.type === 'rollback.failed'
        ? `${event.data.code}, ${oneLine(event.data.message)}`
        : null,
  };
}

/** How many of the last rollbacks are told of. */
const rollbacksMax = 50;

/** What people took production back by, oldest first: the last that came to run, that was begun, and that failed. */
export async function readRollbacks(
  log: EventLog,
  lane: string,
): Promise<readonly Marked<'rollback.begun' | 'rollback.done' | 'rollback.failed'>[]> {
  const rows = await projected(log).query(laneMarksProjection, (db) =>
    db
      .selectFrom('lane_marks')
      .selectAll()
      .where('lane', '=', lane)
      .where((eb) =>
        eb.or([
          eb('mark', 'in', ends).and('subject', '!=', ''),
          eb('mark', 'in', ['rollback.begun', 'rollback.failed']).and('subject', '=', ''),
        ]),
      )
      .orderBy('version', 'desc')
      .limit(rollbacksMax),
  );
  // One that failed though its release runs may stand there twice: as the last that failed, and by its release.
  const each = [...new Map(rows.map((row) => [row.version, row])).values()];
  const found = await Promise.all(each.map((row) => marked(log, row)));
  return found.reverse() as Marked<'rollback.begun' | 'rollback.done' | 'rollback.failed'>[];
}
