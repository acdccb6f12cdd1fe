/** A log that was changed behind its back: at which place a read says so, and in which words, a change a row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/store/hash-chain.ts';
import { LogFault } from '../../src/store/log.ts';
import type { EventRow } from '../../src/store/tables.ts';
import { failureOf } from '../effects/lockstep-error.ts';
import { emptyLog, type Inside, openBytes } from './attacks/inside.ts';
import { put } from './attacks/tampered-log.ts';
import { events } from './events.ts';

let inside: Inside;
/** Positions 1 to 8: a@1 b@1 a@2 b@2 a@3 b@3 a@4 b@4, a second apart. */
let rows: readonly EventRow[];

beforeAll(async () => {
  let now = Date.UTC(2026, 0, 5);
  inside = openBytes(await emptyLog(), { now: () => now });
  for (let n = 0; n < 8; n++) {
    now += 1_000;
    await inside.log.append([{ stream: 'ab'[n % 2] ?? '', expected: 'any', events: events(1) }]);
  }
  const { handle } = inside.connection;
  // Whoever can write the file can have it without its guards.
  handle.exec(
    'create table loose as select * from events; drop table events; alter table loose rename to events',
  );
  rows = handle.prepare<[], EventRow>('select * from events order by position').all();
});
afterAll(() => inside.log.close());

type Change = (rows: readonly EventRow[]) => readonly EventRow[];

const edit =
  (position: number, more: Partial<EventRow>): Change =>
  (all) =>
    all.map((row) => (row.position === position ? { ...row, ...more } : row));
/** As one who knows how the hash is made. */
const resigned =
  (position: number, more: Partial<EventRow>): Change =>
  (all) =>
    all.map((row) => {
      if (row.position !== position) return row;
      const made = { ...row, ...more };
      return { ...made, hash: hashOf(made) };
    });
const without =
  (...positions: number[]): Change =>
  (all) =>
    all.filter(({ position }) => !positions.includes(position));

async function faultOf(change: Change, read: () => Promise<unknown>) {
  put(inside, change(rows));
  const error = await failureOf(read());
  expect(error).toBeInstanceOf(LogFault);
  const { position, stream, reason } = error as LogFault;
  return `${position} (${stream}): ${reason}`;
}

const changed = 'what is stored is not what was recorded';
const missing = (position: number, next: number) =>
  `position ${position} is missing: ${next} comes next`;
const apart = 'it does not follow the event before it in its stream';
const early = '2000-01-01T00:00:00.000Z';
const noType = 'its type is no text that a log keeps';

describe('a stream that is read', () => {
  const read =
    (options = {}) =>
    () =>
      inside.log.readStream('a', options);

  it('is as it was recorded, from any version on', async () => {
    put(inside, rows);
    const versions = async (options = {}) =>
      (await inside.log.readStream('a', options)).map(({ version }) => version);
    expect(await versions()).toEqual([1, 2, 3, 4]);
    expect(await versions({ fromVersion: -1 })).toEqual([1, 2, 3, 4]);
    expect(await versions({ fromVersion: 3 })).toEqual([3, 4]);
    expect(await versions({ fromVersion: 3, limit: 1 })).toEqual([3]);
    expect(await versions({ fromVersion: 4, limit: 9 })).toEqual([4]);
    expect(await versions({ fromVersion: 5 })).toEqual([]);
    expect(await versions({ limit: 0 })).toEqual([]);
    expect(await versions({ fromLast: 'thing.happened' })).toEqual([4]);
    expect(await versions({ fromLast: 'nothing.happened' })).toEqual([1, 2, 3, 4]);
    expect(await versions({ fromLast: 'nothing.happened', fromVersion: 2 })).toEqual([2, 3, 4]);
  });

  it.each<[string, Change, string, object?]>([
    ['data', edit(3, { data: '{"n":9}' }), `3 (a): ${changed}`],
    [
      'data before what is read',
      edit(3, { data: '{"n":9}' }),
      `3 (a): ${changed}`,
      { fromVersion: 3 },
    ],
    ['data and its hash', resigned(3, { data: '{"n":9}' }), `5 (a): ${apart}`],
    [
      'data and its hash before what is read',
      resigned(3, { data: '{"n":9}' }),
      `5 (a): ${apart}`,
      { fromVersion: 3 },
    ],
    ['the hash before it', edit(5, { previous_hash: 'f'.repeat(64) }), `5 (a): ${apart}`],
    [
      'its last time, signed',
      resigned(7, { time: early }),
      '7 (a): it is older than the event before it',
    ],
    [
      'its last place, signed',
      resigned(7, { position: 2 }),
      '2 (a): it stands before the event that it follows',
    ],
    ['what no log records, signed', resigned(7, { type: '' }), `7 (a): ${noType}`],
    ['an event taken out', without(3), `4 (b): ${missing(3, 4)}`],
    ['its first event taken out', without(1), `2 (b): ${missing(1, 2)}`],
    ['several taken out, all that were between', without(3, 4), `5 (a): ${missing(3, 5)}`],
    [
      'an event before it taken out as well',
      without(2, 3),
      `4 (b): ${missing(2, 4)}`,
      { fromVersion: 2 },
    ],
    ['an event given to another stream', edit(3, { stream: 'b' }), `3 (b): ${changed}`],
    [
      'an event given to another stream, signed, as it cannot be',
      resigned(3, { stream: 'b', type: '' }),
      `3 (b): ${noType}`,
    ],
    [
      'an event given to another stream, signed',
      resigned(3, { stream: 'c' }),
      '5 (a): version 2 of the stream is missing: 3 comes next',
    ],
    [
      'an event given another version, signed',
      resigned(3, { version: 9 }),
      '5 (a): version 2 of the stream is missing: 3 comes next',
    ],
  ])('tells of %s', async (_, change, fault, options) => {
    expect(await faultOf(change, read(options))).toBe(fault);
  });

  it('does not tell of what is in another one', async () => {
    put(inside, edit(4, { data: '{"n":9}' })(rows));
    expect(await inside.log.readStream('a')).toHaveLength(4);
  });
});

describe('the whole log that is read', () => {
  it.each<[string, Change, string]>([
    ['data', edit(3, { data: '{"n":9}' }), `3 (a): ${changed}`],
    ['a time, signed', resigned(4, { time: early }), '4 (b): it is older than the event before it'],
    ['what no log records, signed', resigned(4, { type: '' }), `4 (b): ${noType}`],
    ['an event taken out', without(3), `4 (b): ${missing(3, 4)}`],
    ['its first event taken out', without(1), `2 (b): ${missing(1, 2)}`],
    ['an event given to another stream', edit(3, { stream: 'b' }), `3 (b): ${changed}`],
  ])('tells of %s', async (_, change, fault) => {
    expect(await faultOf(change, () => inside.log.readAll())).toBe(fault);
  });

  it('tells of each place, and gives the rest, where it is asked to', async () => {
    put(inside, edit(6, { data: '{"n":9}' })(without(3)(rows)));
    const told: string[] = [];
    const onFault = ({ position, reason }: LogFault) => void told.push(`${position}: ${reason}`);
    const read = await inside.log.readAll({ onFault });
    expect(told).toEqual([`4: ${missing(3, 4)}`, `6: ${changed}`]);
    expect(read.map(({ position }) => position)).toEqual([1, 2, 4, 5, 6, 7, 8]);
    const behind = await inside.log.readAll({ after: 3, limit: 2 });
    expect(behind.map(({ position }) => position)).toEqual([4, 5]);
  });

  it('of some streams has no gaps to tell of', async () => {
    put(inside, without(3)(rows));
    expect(await inside.log.readAll({ streamPrefix: 'b' })).toHaveLength(4);
    const read = () => inside.log.readAll({ streamPrefix: 'b' });
    expect(await faultOf(edit(4, { data: '{}' }), read)).toBe(`4 (b): ${changed}`);
  });
});

describe('the first events of streams', () => {
  const read = () => inside.log.firsts({ prefix: '', after: '', limit: 9 });

  it('are as they were recorded', async () => {
    put(inside, rows);
    expect((await read()).map(({ position }) => position)).toEqual([1, 2]);
    const behind = await inside.log.firsts({ prefix: '', after: 'a', limit: 9 });
    expect(behind.map(({ position }) => position)).toEqual([2]);
  });

  it.each<[string, Change, string]>([
    ['one that was taken out', without(1), '0 (a): the first event of the stream is missing'],
    ['data', edit(2, { data: '{"n":9}' }), `2 (b): ${changed}`],
    ['what it would follow', edit(2, { previous_hash: 'f'.repeat(64) }), `2 (b): ${apart}`],
    ['what no log records, signed', resigned(2, { type: '' }), `2 (b): ${noType}`],
  ])('tell of %s', async (_, change, fault) => {
    expect(await faultOf(change, read)).toBe(fault);
  });
});

describe('what verify tells', () => {
  it.each<[string, Change, object | null]>([
    ['nothing', (all) => all, null],
    ['data', edit(3, { data: '{"n":9}' }), { position: 3, stream: 'a', reason: changed }],
    ['the first of two', edit(6, { data: '{}' }), { position: 6, stream: 'b', reason: changed }],
    ['a gap', without(3), { position: 4, stream: 'b', reason: missing(3, 4) }],
    [
      'an event and its hash',
      resigned(3, { data: '{}' }),
      { position: 5, stream: 'a', reason: apart },
    ],
    [
      'a version, signed',
      resigned(3, { version: 9 }),
      { position: 3, stream: 'a', reason: 'version 2 of the stream is missing: 9 comes next' },
    ],
    [
      'a time, signed',
      resigned(8, { time: early }),
      { position: 8, stream: 'b', reason: 'it is older than the event before it' },
    ],
  ])('of %s', async (_, change, fault) => {
    put(inside, change(rows));
    expect((await inside.log.verify()).fault).toEqual(fault);
  });
});
