/** The hash chain: what an event's hash is over, and the check that a whole log still adds up. */
import { createHash, hash } from 'node:crypto';
import type { Verification } from './log.ts';
import type { EventRow } from './tables.ts';

/** What stands before the first event of a stream. */
export const noHash = '0'.repeat(64);

/** Each field with its length in bytes before it, so that no two different events read the same. */
function canonical(fields: readonly (string | number)[]): string {
  return fields.map((field) => `${Buffer.byteLength(String(field))}:${field},`).join('');
}

/** SHA-256 (hex) over the hash before and every stored byte of the event. */
export function hashOf(event: Omit<EventRow, 'hash'>): string {
  const { previous_hash, position, stream, version, id, type, schema, time } = event;
  const fields = [previous_hash, position, stream, version, id, type, schema, time];
  return hash('sha256', canonical([...fields, event.data, event.metadata]));
}

interface Head {
  readonly version: number;
  readonly hash: string;
}

/**
 * Recomputes a log from its stored rows, in the order of their positions.
 *
 * Every position, version, time and hash has to follow from the ones before. A log whose last
 * events were cut off still adds up: `headDigest`, kept somewhere else, is what shows it.
 */
export async function verifyRows(pages: AsyncIterable<readonly EventRow[]>): Promise<Verification> {
  const heads = new Map<string, Head>();
  let fault: Verification['fault'] = null;
  let last: EventRow | null = null;
  let events = 0;
  for await (const page of pages) {
    for (const row of page) {
      const head = heads.get(row.stream) ?? { version: 0, hash: noHash };
      if (fault === null) {
        const reason = whatIsWrong(row, last, head);
        if (reason !== null) fault = { position: row.position, stream: row.stream, reason };
      }
      heads.set(row.stream, { version: row.version, hash: row.hash });
      last = row;
      events++;
    }
  }
  return { events, streams: heads.size, headDigest: digest(heads), fault };
}

function whatIsWrong(row: EventRow, last: EventRow | null, head: Head): string | null {
  const position = (last?.position ?? 0) + 1;
  if (row.position !== position) {
    return `position ${position} is missing: ${row.position} comes next`;
  }
  if (row.version !== head.version + 1) {
    return `version ${head.version + 1} of the stream is missing: ${row.version} comes next`;
  }
  if (row.previous_hash !== head.hash) {
    return 'it does not follow the event before it in its stream';
  }
  if (row.hash !== hashOf(row)) return 'what is stored is not what was recorded';
  if (last !== null && row.time < last.time) return 'it is older than the event before it';
  return null;
}

function digest(heads: ReadonlyMap<string, Head>): string {
  const sum = createHash('sha256');
  const byName = [...heads].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const [stream, head] of byName) sum.update(canonical([stream, head.version, head.hash]));
  return sum.digest('hex');
}
