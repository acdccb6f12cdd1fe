/** What no log records, and what a log is told that holds it: a row a reason. */
import { describe, expect, it } from 'vitest';
import { LogFault, StoreUnavailable } from '../../src/store/log.ts';
import {
  draftBatch,
  isSameEvent,
  storedObject,
  toRecorded,
  whatNoLogRecords,
} from '../../src/store/stored-event.ts';
import type { EventRow } from '../../src/store/tables.ts';

const row: EventRow = {
  ...{ position: 1, stream: 'a', version: 1, id: 'id-1', type: 'thing.happened', schema: 1 },
  ...{ data: '{"n":1}', metadata: '{}', time: '2026-01-05T13:00:00.000Z' },
  ...{ hash: 'a'.repeat(64), previous_hash: '0'.repeat(64) },
};
/** So many lists in one another, in a field. */
const nested = (depth: number): string => `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
const long = (length: number): string => JSON.stringify({ x: 'x'.repeat(length - 8) });

describe('an event that no log records', () => {
  it.each<[what: string, over: Partial<EventRow>]>([
    ['its position is no whole number from 1', { position: 0 }],
    ['its position is no whole number from 1', { position: 1.5 }],
    ['its version is no whole number from 1', { version: 0 }],
    ['its schema is no whole number from 1', { schema: 0 }],
    ['its stream is no text that a log keeps', { stream: '' }],
    ['its stream is no text that a log keeps', { stream: 'a\0' }],
    ['its id is no text that a log keeps', { id: '\ud800' }],
    ['its type is no text that a log keeps', { type: 7 as unknown as string }],
    ['its data is no JSON object', { data: '[]' }],
    ['its metadata is no JSON object', { metadata: '7' }],
    ['its metadata is no JSON object', { metadata: undefined as unknown as string }],
    ["its data is nested deeper than any event's", { data: nested(1_100) }],
    ["its metadata is nested deeper than any event's", { metadata: nested(1_100) }],
    ['its time is none like 2026-01-05T13:00:00.000Z', { time: '2026-01-05' }],
    ['its time is none like 2026-01-05T13:00:00.000Z', { time: 'x2026-01-05T13:00:00.000Z' }],
    ['its time is none like 2026-01-05T13:00:00.000Z', { time: '2026-01-05T13:00:00.000Zx' }],
    ['its time is none like 2026-01-05T13:00:00.000Z', { time: '2026-02-30T13:00:00.000Z' }],
    ['its time is none like 2026-01-05T13:00:00.000Z', { time: '2026-01-05T24:00:00.000Z' }],
    ['its hash is no SHA-256 in lower-case hex', { hash: 'A'.repeat(64) }],
    ['its hash is no SHA-256 in lower-case hex', { hash: 'a'.repeat(65) }],
    ['its previousHash is no SHA-256 in lower-case hex', { previous_hash: '' }],
    ['it is longer than the 1048576 characters that a log takes', { data: long(1_048_575) }],
  ])('%s', (what, over) => {
    expect(whatNoLogRecords({ ...row, ...over })).toBe(what);
  });

  it.each<[string, Partial<EventRow>]>([
    ['is like any', {}],
    ['is nested as deep as may be', { data: nested(1_099) }],
    ['has brackets in its texts', { data: JSON.stringify({ x: '[{"'.repeat(1_500) }) }],
    ['has many lists beside one another', { data: JSON.stringify({ x: Array(900).fill([[]]) }) }],
    ['is as long as may be', { data: long(1_048_574) }],
    ['is of the last moment of its hour', { time: '2026-01-05T13:59:59.999Z' }],
  ])('is none that %s', (_, over) => {
    expect(whatNoLogRecords({ ...row, ...over })).toBeNull();
  });
});

describe('what is read', () => {
  it('has its data and metadata as JSON', () => {
    const { data, metadata, previous_hash: previousHash, ...rest } = row;
    const read = { data: JSON.parse(data), metadata: JSON.parse(metadata), previousHash };
    expect(toRecorded(row)).toEqual({ ...rest, ...read });
  });

  it.each<[string, string]>([
    ...['[]', 'null', '7', '{', ''].map((text): [string, string] => [text, 'is no JSON object']),
    [nested(1_100), "is nested deeper than any event's"],
  ])('is a fault where it says %.10s', (text, what) => {
    for (const column of ['data', 'metadata']) {
      const reason = `its ${column} ${what}`;
      const read = () => toRecorded({ ...row, [column]: text });
      expect(read).toThrow(LogFault);
      expect(read).toThrow(reason);
    }
  });

  it.each(['[]', 'null', '7', '{'])('of another table is a fault where it says %s', (text) => {
    const read = () => storedObject(text, 'the owner of the lease lane/acme-web');
    expect(read).toThrow(StoreUnavailable);
    expect(read).toThrow(
      expect.objectContaining({
        code: 'E_STORE_CORRUPT',
        message: 'the owner of the lease lane/acme-web in the log is no JSON object',
        hint: 'Somebody changed the store: restore the log from a backup, or import an export into a new store.',
      }),
    );
    expect(storedObject('{"run":"1"}', 'it')).toEqual({ run: '1' });
  });
});

describe('what is appended', () => {
  const event = { id: 'id-1', type: 'thing.happened', data: { n: 1 }, metadata: {} };
  const draft = (over: object, stream = 'a') =>
    draftBatch({ stream, expected: 'any', events: [{ ...event, ...over }] });

  it('is text, under schema 1 where none is named', () => {
    const { id, type } = event;
    const drafted = { id, type, data: '{"n":1}', metadata: '{}' };
    expect(draft({}).events).toEqual([{ ...drafted, schema: 1 }]);
    expect(draft({ schema: 3 }).events).toEqual([{ ...drafted, schema: 3 }]);
  });

  it.each([0, 1.5, -1])('is under no schema %s', (schema) => {
    expect(() => draft({ schema })).toThrow(
      new TypeError(`event id-1: schema ${schema} is not a positive whole number`),
    );
  });

  it('has names that come back as they were', () => {
    expect(() => draft({}, '')).toThrow(new TypeError('"" cannot be the stream of an event'));
    expect(() => draft({ id: 'a\0' })).toThrow('cannot be the id of an event');
    expect(() => draft({ type: '\udc00' })).toThrow('cannot be the type of an event');
  });

  it('is refused above the most that a log takes, and not at it', () => {
    const text = (length: number) => ({ data: JSON.parse(long(length)) });
    expect(draft(text(1_048_574)).events).toHaveLength(1);
    expect(() => draft(text(1_048_575))).toThrow(
      expect.objectContaining({
        code: 'E_EVENT_TOO_LARGE',
        message:
          'event thing.happened is 1048577 characters long, more than the 1048576 that the log takes',
        details: { id: 'id-1', type: 'thing.happened', length: 1_048_577, limit: 1_048_576 },
      }),
    );
  });

  it.each<[boolean, Partial<EventRow>]>([
    [true, {}],
    [true, { data: '{"a":[1,{"y":null,"z":2}],"b":2}' }],
    [false, { data: '{"b":2,"a":[{"z":2,"y":null},1]}' }],
    [false, { data: '{"b":2,"a":[1,{"z":2,"y":3}]}' }],
    [false, { stream: 'b' }],
    [false, { type: 'other' }],
  ])('a second time is the same one: %s', (isSame, over) => {
    const again = { b: 2, a: [1, { z: 2, y: null }] };
    const [drafted] = draft({ data: again }).events;
    if (drafted === undefined) throw new Error('one event');
    expect(isSameEvent({ ...row, data: drafted.data, ...over }, 'a', drafted)).toBe(isSame);
  });
});
