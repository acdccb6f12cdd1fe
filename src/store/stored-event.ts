/** Events on their way into the log and out of it: text for the database, JSON for everybody else. */
import { LockstepError } from '../errors/error.ts';
import {
  type ExpectedVersion,
  type JsonObject,
  LogFault,
  type NewEvent,
  type RecordedEvent,
  StoreUnavailable,
  type StreamAppend,
} from './log.ts';
import type { EventRow } from './tables.ts';

/** How long the data and metadata of one event may be together, in UTF-16 units: a log is no file store. */
const eventLengthMax = 1_048_576;

/** An event as it will be stored, before the log gives it its place. */
export type EventDraft = Pick<EventRow, 'id' | 'type' | 'schema' | 'data' | 'metadata'>;

export interface BatchDraft {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly events: readonly EventDraft[];
}

/** @throws LockstepError E_EVENT_TOO_LARGE */
export function draftBatch({ stream, expected, events }: StreamAppend): BatchDraft {
  assertText('stream', stream);
  return { stream, expected, events: events.map(draftEvent) };
}

function draftEvent(event: NewEvent): EventDraft {
  const { id, type, schema = 1 } = event;
  assertText('id', id);
  assertText('type', type);
  if (!Number.isSafeInteger(schema) || schema < 1) {
    throw new TypeError(`event ${id}: schema ${schema} is not a positive whole number`);
  }
  const data = JSON.stringify(event.data);
  const metadata = JSON.stringify(event.metadata);
  const length = data.length + metadata.length;
  if (length > eventLengthMax) {
    throw new LockstepError(
      'E_EVENT_TOO_LARGE',
      `event ${type} is ${length} characters long, more than the ${eventLengthMax} that the log takes`,
      { details: { id, type, length, limit: eventLengthMax } },
    );
  }
  return { id, type, schema, data, metadata };
}

/** Text that the database gives back exactly as it was. */
function assertText(what: string, text: string): void {
  if (!isText(text)) {
    throw new TypeError(`${JSON.stringify(text)} cannot be the ${what} of an event`);
  }
}

const isText = (text: unknown): boolean =>
  typeof text === 'string' && text !== '' && text.isWellFormed() && !text.includes('\0');

/** @throws LogFault its data or metadata is no JSON object */
export function toRecorded(row: EventRow): RecordedEvent {
  const { position, stream, version, id, type, schema, time, hash } = row;
  return {
    position,
    stream,
    version,
    id,
    type,
    schema,
    data: objectIn(row, 'data'),
    metadata: objectIn(row, 'metadata'),
    time,
    hash,
    previousHash: row.previous_hash,
  };
}

function objectIn(row: EventRow, column: 'data' | 'metadata'): JsonObject {
  const value = parsed(row[column]);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LogFault({ ...row, reason: `its ${column} is no JSON object` });
  }
  if (isTooDeep(row[column])) {
    throw new LogFault({ ...row, reason: `its ${column} is ${tooDeep}` });
  }
  return value as JsonObject;
}

/** How deep JSON may be nested: what goes through a value calls itself at every level, and the stack has an end. */
const depthMax = 1_100;
const tooDeep = "nested deeper than any event's";

function isTooDeep(json: string): boolean {
  if (json.length <= depthMax) return false;
  if (json.split('{').length + json.split('[').length <= depthMax) return false;
  let depth = 0;
  // Whole strings are passed over: brackets in them nest nothing.
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > depthMax) return true;
  }
  return false;
}

/** Undefined where the text is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The JSON object that another table of the log keeps.
 *
 * @param what names it: `the owner of the lease lane/acme-web`
 * @throws StoreUnavailable E_STORE_CORRUPT
 */
export function storedObject(text: string, what: string): JsonObject {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new StoreUnavailable('E_STORE_CORRUPT', `${what} in the log is no JSON object`, {
    hint: 'Somebody changed the store: restore the log from a backup, or import an export into a new store.',
  });
}

/** The other way round: the text that the log wrote is the one that JSON gives again. */
export function toRow(event: RecordedEvent): EventRow {
  const { position, stream, version, id, type, schema, time, hash, previousHash } = event;
  const [data, metadata] = [JSON.stringify(event.data), JSON.stringify(event.metadata)];
  const place = { position, stream, version, id, type, schema };
  return { ...place, data, metadata, time, hash, previous_hash: previousHash };
}

/** Why no log can have recorded such an event; null: it can. */
export function whatNoLogRecords(row: EventRow): string | null {
  const { position, version, schema, time, hash, previous_hash } = row;
  if (!isCount(position)) return 'its position is no whole number from 1';
  if (!isCount(version)) return 'its version is no whole number from 1';
  if (!isCount(schema)) return 'its schema is no whole number from 1';
  for (const name of ['stream', 'id', 'type'] as const) {
    if (!isText(row[name])) return `its ${name} is no text that a log keeps`;
  }
  for (const name of ['data', 'metadata'] as const) {
    if (!row[name]?.startsWith('{')) return `its ${name} is no JSON object`;
    if (isTooDeep(row[name])) return `its ${name} is ${tooDeep}`;
  }
  if (!isTime(time)) return 'its time is none like 2026-01-05T13:00:00.000Z';
  if (!isHash(hash)) return 'its hash is no SHA-256 in lower-case hex';
  if (!isHash(previous_hash)) return 'its previousHash is no SHA-256 in lower-case hex';
  const isTooLong = row.data.length + row.metadata.length > eventLengthMax;
  return isTooLong ? `it is longer than the ${eventLengthMax} characters that a log takes` : null;
}

const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 1;

const isHash = (text: unknown): boolean => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/** The hour of the last time that was one: most events of a log share theirs with the event before. */
let knownHour = '';

function isTime(text: unknown): boolean {
  if (typeof text !== 'string' || !timeForm.test(text)) return false;
  const hour = text.slice(0, 13);
  if (hour === knownHour) return true;
  const date = new Date(text);
  const isOne = !Number.isNaN(date.getTime()) && date.toISOString() === text;
  if (isOne) knownHour = hour;
  return isOne;
}

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** Whether the event in the log is the one that its writer appends again. */
export function isSameEvent(row: EventRow, stream: string, draft: EventDraft): boolean {
  return row.stream === stream && row.type === draft.type && isSameJson(row.data, draft.data);
}

/** The order of keys says nothing. */
function isSameJson(a: string, b: string): boolean {
  return a === b || inKeyOrder(a) === inKeyOrder(b);
}

function inKeyOrder(text: string): string {
  return JSON.stringify(parsed(text), (_key, value: unknown) =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}
