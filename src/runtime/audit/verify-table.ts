/** The tables that are made of events, row by row, beside what the events say. */
import { type EventLog, LogFault } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { deployStream, laneStream } from '../log/streams.ts';
import { type DeploysTable, deploysProjection } from './deploys-table.ts';
import { allMarks, type LaneMarksTable } from './lane-marks.ts';
import { type Finding, type LogVerifier, markName } from './verify.ts';

const page = 1_000;

/** @param head the last position that the verifier has taken in */
export async function verifyTables(
  log: EventLog,
  { rows, marks }: Pick<LogVerifier, 'rows' | 'marks'>,
  head: number,
): Promise<Finding[]> {
  return [...(await verifyTable(log, rows, head)), ...(await verifyMarks(log, marks, head))];
}

/** The index of lanes. */
async function verifyMarks(
  log: EventLog,
  marks: ReadonlyMap<string, LaneMarksTable>,
  head: number,
): Promise<Finding[]> {
  const kept = new Map((await allMarks(log)).map((mark) => [markName(mark), mark]));
  return [...new Set([...kept.keys(), ...marks.keys()])].flatMap((name): Finding[] => {
    const [has, told] = [kept.get(name), marks.get(name)];
    const isNewer = has !== undefined && has.position > head;
    if (isNewer || (has?.version === told?.version && has?.position === told?.position)) return [];
    const { lane, mark, position } = (told ?? has) as LaneMarksTable;
    const reason = `the index of lanes has another last ${mark}`;
    return [{ kind: 'table', stream: laneStream(lane), position, reason }];
  });
}

/**
 * @param rows by stream, as the events up to `head` make them; a row that moved on since is not compared
 */
async function verifyTable(
  log: EventLog,
  rows: ReadonlyMap<string, DeploysTable>,
  head: number,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const find = (stream: string, position: number, reason: string) =>
    findings.push({ kind: 'table', stream, position, reason: `the table of deploys ${reason}` });
  const seen = new Set<string>();
  try {
    for await (const row of tableOf(log)) {
      const stream = deployStream(row.deploy);
      seen.add(stream);
      const told = rows.get(stream);
      if (row.position > head) continue;
      if (told === undefined) find(stream, 0, 'has a row of no deploy');
      const column = (Object.keys(row) as (keyof DeploysTable)[]).find(
        (name) => told !== undefined && row[name] !== told[name],
      );
      if (column !== undefined) find(stream, told?.position ?? 0, `has another ${column}`);
    }
  } catch (error) {
    // The table cannot be read, or made, from events that are broken.
    if (!(error instanceof LogFault)) throw error;
    find(error.stream, error.position, `cannot be compared: ${error.reason}`);
    return findings;
  }
  for (const [stream, { position }] of rows) {
    if (!seen.has(stream)) find(stream, position, 'has no row');
  }
  return findings;
}

async function* tableOf(log: EventLog): AsyncGenerator<DeploysTable> {
  for (let after = 0; ; ) {
    const from = after;
    const rows = await projected(log).query(deploysProjection, (db) =>
      db
        .selectFrom('deploys')
        .selectAll()
        .where('requested_position', '>', from)
        .orderBy('requested_position')
        .limit(page),
    );
    yield* rows;
    if (rows.length < page) return;
    after = rows.at(-1)?.requested_position ?? after;
  }
}
