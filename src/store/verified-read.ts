/** Reading events so that each is shown to be what was recorded, by the bytes that are stored. */
import { firstEvents, lastVersionOf, readAll, readStream } from './event-table.ts';
import { type Flaw, flawInStream, flawInside, noHead } from './hash-chain.ts';
import { LogFault, type ReadStreamOptions } from './log.ts';
import type { Database } from './procedure.ts';
import { whatNoLogRecords } from './stored-event.ts';
import type { EventRow } from './tables.ts';

/** How many events one query reads: memory holds what is asked for, not what the store says there is. */
const page = 1_000;

const faultOf = (row: EventRow, { reason }: Pick<Flaw, 'reason'>): LogFault =>
  new LogFault({ ...row, reason });

function whatIsWrongInside(row: EventRow): Pick<Flaw, 'reason'> | null {
  return flawInside(row) ?? whatNobodyRecords(row);
}

/** An event whose hash is right may still be none that a log writes. */
function whatNobodyRecords(row: EventRow): Pick<Flaw, 'reason'> | null {
  const reason = whatNoLogRecords(row);
  return reason === null ? null : { reason };
}

/**
 * A stream's rows from a version on, or from its last event of a type, which have to follow each other from the stream's
 * first event or from the one before those.
 *
 * @throws LogFault
 */
export async function verifiedStream(
  database: Database,
  stream: string,
  {
    fromVersion,
    fromLast,
    limit,
  }: Required<Pick<ReadStreamOptions, 'fromVersion' | 'limit'>> &
    Pick<ReadStreamOptions, 'fromLast'>,
): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  let last: EventRow | null = null;
  for (let from: number | null = fromLast === undefined ? fromVersion : null; ; ) {
    const known: number | null = from;
    const { start, first, most, found } = await database.read(function* () {
      const start =
        known ?? (yield* lastVersionOf(stream, fromLast ?? '', fromVersion)) ?? fromVersion;
      // From the event on that the first one has to follow: its hash is believed once it was computed.
      const first = Math.max(1, start - 1);
      const most = Math.min(page, limit + (start - first) - rows.length);
      const found = most <= 0 ? [] : yield* readStream(stream, first + rows.length, most);
      return { start, first, most, found };
    });
    from = start;
    for (const row of found) {
      const unknown = { version: first - 1, hash: row.previous_hash };
      const flaw = flawInStream(row, last ?? (first === 1 ? noHead : unknown));
      if (flaw?.kind === 'version') {
        throw (await whatIsInPlace(database, last, row)) ?? faultOf(row, flaw);
      }
      const wrong = flaw ?? whatNobodyRecords(row) ?? whatIsOutOfOrder(row, last);
      if (wrong !== null) throw faultOf(row, wrong);
      last = row;
      rows.push(row);
    }
    const isAll = found.length < most || rows.length >= limit + (start - first);
    if (isAll) return rows.slice(start - first);
  }
}

/**
 * The first events of streams whose names begin so, in the order of names, behind that one.
 *
 * @throws LogFault one of them is not what was recorded, or missing
 */
export async function verifiedFirsts(
  database: Database,
  { prefix, after, limit }: { prefix: string; after: string; limit: number },
): Promise<readonly EventRow[]> {
  const found = await database.read(() => firstEvents(prefix, after, limit));
  return found.map(({ name, row }) => {
    if (row === null) throw new LogFault({ position: 0, stream: name, reason: noFirst });
    const wrong = flawInStream(row, noHead) ?? whatNobodyRecords(row);
    if (wrong !== null) throw faultOf(row, wrong);
    return row;
  });
}

const noFirst = 'the first event of the stream is missing';

function whatIsOutOfOrder(row: EventRow, last: EventRow | null): Pick<Flaw, 'reason'> | null {
  if (last === null) return null;
  if (row.position <= last.position)
    return { reason: 'it stands before the event that it follows' };
  return row.time < last.time ? { reason: 'it is older than the event before it' } : null;
}

/**
 * An event is missing in a stream, after `last` and before `row`: the first place between them where
 * the log does not add up. It was deleted, or is another stream's or another version's now.
 */
async function whatIsInPlace(
  database: Database,
  last: EventRow | null,
  row: EventRow,
): Promise<LogFault | null> {
  for (let at = last?.position ?? 0; at < row.position - 1; ) {
    const after = at;
    const limit = Math.min(page, row.position - 1 - after);
    const between = await database.read(() => readAll(after, limit));
    for (const other of between) {
      if (other.position !== at + 1) return faultOf(other, missing(at + 1, other));
      const wrong = whatIsWrongInside(other);
      if (wrong !== null) return faultOf(other, wrong);
      at = other.position;
    }
    if (between.length < limit) return faultOf(row, missing(at + 1, row));
  }
  return null;
}

const missing = (position: number, { position: next }: EventRow): Pick<Flaw, 'reason'> => ({
  reason: `position ${position} is missing: ${next} comes next`,
});

/**
 * What is wrong with rows that were read by position, one after the other from `after` on.
 *
 * @param isWhole no stream is left out, so that positions follow each other
 */
export function* faultsOf(
  rows: readonly EventRow[],
  { after, isWhole }: { after: number; isWhole: boolean },
): Generator<LogFault> {
  let [position, time] = [after, ''];
  for (const row of rows) {
    const wrong =
      isWhole && row.position !== position + 1
        ? missing(position + 1, row)
        : (whatIsWrongInside(row) ??
          (row.time < time ? { reason: 'it is older than the event before it' } : null));
    if (wrong !== null) yield faultOf(row, wrong);
    [position, time] = [row.position, row.time];
  }
}
