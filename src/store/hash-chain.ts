/** The hash chain: what an event's hash is over, and the check that a whole log still adds up. */
import { hash } from 'node:crypto';
import { HeadChain, headMark } from './head-chain.ts';
import type { LogHead, Verification } from './log.ts';
import { canonical, type Head, LogHeads } from './log-heads.ts';
import type { EventRow } from './tables.ts';

/** What stands before the first event of a stream. */
export const noHash = '0'.repeat(64);

/** SHA-256 (hex) over the hash before and every stored byte of the event. */
export function hashOf(event: Omit<EventRow, 'hash'>): string {
  const { previous_hash, position, stream, version, id, type, schema, time } = event;
  const fields = [previous_hash, position, stream, version, id, type, schema, time];
  return hash('sha256', canonical([...fields, event.data, event.metadata]));
}

/** What stands before a stream's first event. */
export const noHead: Head = { version: 0, hash: noHash };

/** What about an event does not follow from those before it. */
export interface Flaw {
  readonly kind: 'position' | 'version' | 'chain' | 'hash' | 'time';
  readonly reason: string;
}

/** A log event by event, in the order of their positions: does each follow from those before it? */
export class Chain {
  readonly #heads = new LogHeads();
  readonly #digests = new HeadChain();
  #last: EventRow | null = null;

  get streams(): number {
    return this.#heads.size;
  }

  /** Takes the next event in, whatever is wrong with it. */
  add(row: EventRow): Flaw | null {
    const flaw = flawOf(row, this.#last, this.#heads.get(row.stream) ?? noHead);
    this.#heads.set(row.stream, row, row.position);
    this.#digests.add(row.hash);
    this.#last = row;
    return flaw;
  }

  /** Of the log up to the event that was taken in last. */
  digest(): string {
    return this.#digests.digest();
  }

  /** Whether the log was the one of that head when it ended there; false, too, where that is too long ago. */
  isHead({ digest, position }: LogHead): boolean {
    const own = digest.startsWith(headMark) ? this.#digests : this.#heads;
    return own.digestAt(position) === digest;
  }
}

/**
 * Recomputes a log from its stored rows, in the order of their positions.
 *
 * Every position, version, time and hash has to follow from the ones before. A log whose last
 * events were cut off still adds up: `headDigest`, kept somewhere else, is what shows it.
 */
export async function verifyRows(pages: AsyncIterable<readonly EventRow[]>): Promise<Verification> {
  const chain = new Chain();
  let fault: Verification['fault'] = null;
  let events = 0;
  for await (const page of pages) {
    for (const row of page) {
      const flaw = chain.add(row);
      if (fault === null && flaw !== null) {
        fault = { position: row.position, stream: row.stream, reason: flaw.reason };
      }
      events++;
    }
  }
  return { events, streams: chain.streams, headDigest: chain.digest(), fault };
}

/**
 * @param last the log's event before
 * @param head the event before in its stream
 */
export function flawOf(
  row: EventRow,
  last: Pick<EventRow, 'position' | 'time'> | null,
  head: Head,
): Flaw | null {
  const position = (last?.position ?? 0) + 1;
  if (row.position !== position) {
    const reason = `position ${position} is missing: ${row.position} comes next`;
    return { kind: 'position', reason };
  }
  const flaw = flawInStream(row, head);
  if (flaw !== null) return flaw;
  if (last !== null && row.time < last.time) {
    return { kind: 'time', reason: 'it is older than the event before it' };
  }
  return null;
}

/** What a stream alone shows of an event. @param head the event before in its stream */
export function flawInStream(row: EventRow, head: Head): Flaw | null {
  if (row.version !== head.version + 1) {
    const reason = `version ${head.version + 1} of the stream is missing: ${row.version} comes next`;
    return { kind: 'version', reason };
  }
  if (row.previous_hash !== head.hash) {
    return { kind: 'chain', reason: 'it does not follow the event before it in its stream' };
  }
  return flawInside(row);
}

/** What an event alone shows: its hash is over its own bytes and its place. */
export function flawInside(row: EventRow): Flaw | null {
  if (row.hash === hashOf(row)) return null;
  return { kind: 'hash', reason: 'what is stored is not what was recorded' };
}
