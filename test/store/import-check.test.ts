/** Whether events can be imported is told before anything is written, in the words that the import itself has for it. */
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../src/store/hash-chain.ts';
import { ImportCheck } from '../../src/store/import-check.ts';
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { toRow } from '../../src/store/stored-event.ts';
import { failureOf } from '../effects/lockstep-error.ts';
import { events } from './events.ts';

const hashed = (event: RecordedEvent): RecordedEvent => ({ ...event, hash: hashOf(toRow(event)) });

/** Streams a and b in turn. */
async function recorded(count: number): Promise<readonly RecordedEvent[]> {
  const log = await openLog('sqlite::memory:');
  for (let n = 0; n < count; n++) {
    await log.append([{ stream: 'ab'[n % 2] ?? '', expected: 'any', events: events(1) }]);
  }
  const all = await log.readAll({ limit: count });
  await log.close();
  return all;
}

async function withTarget<T>(
  all: readonly RecordedEvent[],
  use: (target: EventLog) => Promise<T>,
): Promise<T> {
  const log = await openLog('sqlite::memory:');
  try {
    await log.importEvents(all);
    return await use(log);
  } finally {
    await log.close();
  }
}

/** How many events the target has, and what is given after that. */
interface Given {
  readonly has: readonly RecordedEvent[] | null;
  readonly batches: readonly (readonly RecordedEvent[])[];
}

async function check({ has, batches }: Given) {
  const all = batches.flat();
  const positionOf = async (id: string) => all.find((event) => event.id === id)?.position ?? null;
  const take = async (target: EventLog | null, head: number) => {
    const checked = new ImportCheck(target, head, positionOf);
    for (const batch of batches) await checked.take(batch);
    const { read, streams, last, present } = checked;
    return { read, streams, last, present, digest: checked.headDigest() };
  };
  return has === null ? take(null, 0) : withTarget(has, (log) => take(log, has.length));
}

const digestOf = (all: readonly RecordedEvent[]) =>
  withTarget(all, async (log) => (await log.headDigest()).digest);

describe('events that can be imported', () => {
  it('are counted, with what of them the target has, in however many batches', async () => {
    const all = await recorded(7);
    const [digest, first] = [await digestOf(all), all.slice(0, 3)];
    const whole = { read: 7, streams: 2, last: 7, digest };
    expect(await check({ has: null, batches: [all] })).toEqual({ ...whole, present: 0 });
    expect(await check({ has: [], batches: [all] })).toEqual({ ...whole, present: 0 });
    expect(await check({ has: first, batches: [all] })).toEqual({ ...whole, present: 3 });
    expect(await check({ has: all, batches: [all] })).toEqual({ ...whole, present: 7 });
    const batches = [[], all.slice(0, 2), [], all.slice(2, 5), all.slice(5)];
    expect(await check({ has: first, batches })).toEqual({ ...whole, present: 3 });
    // What goes on where the target is, or a little before its end.
    expect(await check({ has: first, batches: [all.slice(3)] })).toEqual({
      ...{ ...whole, read: 4, present: 0 },
    });
    expect(await check({ has: first, batches: [all.slice(1, 2), all.slice(2)] })).toEqual({
      ...{ ...whole, read: 6, present: 2 },
    });
    expect(await check({ has: all, batches: [all.slice(2, 4)] })).toEqual({
      ...{ read: 2, streams: 2, last: 4, present: 2, digest: await digestOf(all.slice(0, 4)) },
    });
  });

  it('go on behind more of the target than is read at once', async () => {
    const source = await openLog('sqlite::memory:');
    await source.append([{ stream: 'a', expected: 0, events: events(2_100) }]);
    const all = await source.readAll({ limit: 2_100 });
    const { digest } = await source.headDigest();
    await source.close();
    const has = all.slice(0, 2_050);
    const told = { read: 50, streams: 1, last: 2_100, present: 0, digest };
    expect(await check({ has, batches: [all.slice(2_050)] })).toEqual(told);
    expect(await check({ has: all.slice(0, 2_060), batches: [all.slice(2_050)] })).toEqual({
      ...{ ...told, present: 10 },
    });
    for (const position of [1, 1_000, 1_001, 2_001, 2_050]) {
      const again = { ...(all[2_060] as RecordedEvent), id: all[position - 1]?.id ?? '' };
      const batches = [all.slice(2_050, 2_060), [hashed(again)]];
      expect(await failureOf(check({ has, batches }))).toMatchObject({
        reason: `its id is that of the event at position ${position}`,
      });
    }
  });

  it('may have ids of which the same is made: only the same ids are the same', async () => {
    const all = await recorded(2);
    // `SeenIds` keeps 64 bits of each; here the place of an id is told wrongly: as of no other, or as its own.
    const twice = all.map((event) => hashed({ ...event, id: 'same' }));
    for (const place of [null, 2]) {
      const checked = new ImportCheck(null, 0, async () => place);
      await checked.take(twice);
      expect(checked.read).toBe(2);
    }
  });
});

describe('what cannot be imported is refused', () => {
  const id = 'its id is that of the event at position';
  const other = 'the log has another event there: the two have gone different ways before or at it';
  const changed = 'it says something else than what was recorded: its hash is not over this';

  it.each<
    [
      what: string,
      flaw: string,
      at: readonly [index: number, position: number],
      reason: string,
      given: (all: readonly RecordedEvent[]) => Given,
    ]
  >([
    [
      'with an id twice',
      'id',
      [4, 5],
      `${id} 2`,
      (all) => ({ has: null, batches: [withId(all, 5, all[1]?.id ?? '')] }),
    ],
    [
      'with an id twice, of another batch',
      'id',
      [1, 5],
      `${id} 2`,
      (all) => {
        const given = withId(all, 5, all[1]?.id ?? '');
        return { has: null, batches: [given.slice(0, 3), given.slice(3)] };
      },
    ],
    [
      'with an id that the target has before what is given',
      'id',
      [1, 5],
      `${id} 2`,
      (all) => ({
        has: all.slice(0, 3),
        batches: [withId(all, 5, all[1]?.id ?? '').slice(3)],
      }),
    ],
    [
      'with an id twice, behind what the target has',
      'id',
      [1, 5],
      `${id} 4`,
      (all) => ({
        has: all.slice(0, 3),
        batches: [withId(all, 5, all[3]?.id ?? '').slice(3)],
      }),
    ],
    [
      'with another event where the target has one',
      'other',
      [2, 3],
      other,
      (all) => ({
        has: all.slice(0, 4),
        batches: [rechained(all, 3)],
      }),
    ],
    [
      'with other data under the old hash',
      'hash',
      [0, 1],
      changed,
      (all) => ({ has: null, batches: [all.map((event) => ({ ...event, data: { n: 9 } }))] }),
    ],
    [
      'with a gap before it',
      'position',
      [0, 5],
      'position 4 is missing: 5 comes next',
      (all) => ({ has: all.slice(0, 3), batches: [all.slice(4)] }),
    ],
    [
      'with a beginning that nobody has',
      'position',
      [0, 2],
      'position 1 is missing: 2 comes next',
      (all) => ({ has: null, batches: [all.slice(1)] }),
    ],
    [
      'with what no log records',
      'event',
      [1, 2],
      'its type is no text that a log keeps',
      (all) => ({
        has: null,
        batches: [all.map((one) => (one.position === 2 ? hashed({ ...one, type: '' }) : one))],
      }),
    ],
  ])('%s', async (_, flaw, [index, position], reason, given) => {
    const error = await failureOf(check(given(await recorded(6))));
    expect(error).toMatchObject({ flaw, index, position, reason });
    expect(error.message).toBe(`the event at position ${position} cannot be imported: ${reason}`);
  });

  /** The event at a position has this id, and everything follows from it. */
  function withId(all: readonly RecordedEvent[], position: number, to: string): RecordedEvent[] {
    return followed(
      all.map((event) => (event.position === position ? { ...event, id: to } : event)),
    );
  }

  function rechained(all: readonly RecordedEvent[], from: number): RecordedEvent[] {
    return followed(
      all.map((event) => (event.position === from ? { ...event, data: { other: true } } : event)),
    );
  }

  function followed(all: readonly RecordedEvent[]): RecordedEvent[] {
    const last = new Map<string, string>();
    return all.map((event) => {
      const previousHash = last.get(event.stream) ?? event.previousHash;
      const made = hashed({ ...event, previousHash });
      last.set(event.stream, made.hash);
      return made;
    });
  }
});
