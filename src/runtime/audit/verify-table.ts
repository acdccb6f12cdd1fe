/** The table of deploys, row by row, beside what the events say. */
import { type EventLog, LogFault } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { deployStream } from '../log/streams.ts';
import { type DeploysTable, deploysProjection } from './deploys.ts';
import type { Finding } from './verify.ts';

const page = 1_000;

/**
 * @param rows by stream, as the events up to `head` make them; a row that moved on since is not compared
 */
export async function verifyTable(
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
