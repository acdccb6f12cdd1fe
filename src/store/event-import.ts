/** Taking in events of another log exactly as they were recorded there. */
import type { Kysely } from 'kysely';
import { headOf, insertion, lastEvent } from './event-table.ts';
import { type Flaw, flawOf } from './hash-chain.ts';
import { type ImportFlaw, ImportRefused, type RecordedEvent } from './log.ts';
import type { Head } from './log-heads.ts';
import { type Procedure, runAll } from './procedure.ts';
import { toRow, whatNoLogRecords } from './stored-event.ts';
import type { EventRow, LogTables } from './tables.ts';

/** Engines take some ten thousand values in one statement; an event has eleven. */
const rowsPerStatement = 500;

/** @throws ImportRefused one is none that a log can have recorded */
export function toRows(events: readonly RecordedEvent[]): EventRow[] {
  return events.map((event, index) => {
    const row = rowOf(event, index);
    const reason = whatNoLogRecords(row);
    if (reason !== null) throw refused('event', event, index, reason);
    return row;
  });
}

function rowOf(event: RecordedEvent, index: number): EventRow {
  try {
    return toRow(event);
  } catch {
    throw refused('event', event, index, 'its data or metadata cannot be written as JSON');
  }
}

/**
 * Writes the events that the log does not have, and gives those.
 *
 * @throws ImportRefused
 */
export function* importRows(
  db: Kysely<LogTables>,
  rows: readonly EventRow[],
): Procedure<readonly EventRow[]> {
  let last = yield* lastEvent();
  const known = yield* hashesOf(db, rows, last?.position ?? 0);
  const ids = yield* placesOf(db, rows);
  const heads = new Map<string, Head>();
  const imported: EventRow[] = [];
  for (const [index, row] of rows.entries()) {
    const { position, stream, id, hash } = row;
    const there = known.get(position);
    if (there !== undefined) {
      if (there !== hash) throw refused('other', row, index, otherEvent);
      continue;
    }
    const flaw = flawOf(row, last, heads.get(stream) ?? (yield* headOf(stream)));
    if (flaw !== null) throw refused(flaw.kind, row, index, inWords(flaw));
    const holder = ids.get(id);
    if (holder !== undefined) throw refused('id', row, index, idOf(holder));
    known.set(position, hash);
    ids.set(id, position);
    heads.set(stream, row);
    last = row;
    imported.push(row);
  }
  yield* runAll(imported.map(insertion));
  return imported;
}

export const otherEvent =
  'the log has another event there: the two have gone different ways before or at it';
export const idOf = (position: number): string =>
  `its id is that of the event at position ${position}`;

/** What is imported was not stored here before. */
export const inWords = ({ kind, reason }: Flaw): string =>
  kind === 'hash'
    ? 'it says something else than what was recorded: its hash is not over this'
    : reason;

export function refused(
  flaw: ImportFlaw,
  { position }: Pick<EventRow, 'position'>,
  index: number,
  reason: string,
): ImportRefused {
  return new ImportRefused(flaw, { index, position, reason });
}

/** By position, of those that are not behind the log's end. */
function* hashesOf(
  db: Kysely<LogTables>,
  rows: readonly EventRow[],
  end: number,
): Procedure<Map<number, string>> {
  const found = new Map<number, string>();
  for (const chunk of chunks(rows.filter(({ position }) => position <= end))) {
    const positions = chunk.map(({ position }) => position);
    const query = db
      .selectFrom('events')
      .select(['position', 'hash'])
      .where('position', 'in', positions);
    for (const row of (yield { query }).rows as EventRow[]) found.set(row.position, row.hash);
  }
  return found;
}

/** Which positions these ids have in the log, where they are there. */
function* placesOf(
  db: Kysely<LogTables>,
  rows: readonly EventRow[],
): Procedure<Map<string, number>> {
  const found = new Map<string, number>();
  for (const chunk of chunks(rows)) {
    const ids = chunk.map(({ id }) => id);
    const query = db.selectFrom('events').select(['id', 'position']).where('id', 'in', ids);
    for (const row of (yield { query }).rows as EventRow[]) found.set(row.id, row.position);
  }
  return found;
}

function* chunks(rows: readonly EventRow[]): Generator<EventRow[]> {
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    yield rows.slice(from, from + rowsPerStatement);
  }
}
