/** A log's file is taken away, put back older or changed under a process that has it open: its next write is refused. */
import {
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type EventLog, StoreReplaced } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { failureOf } from '../effects/lockstep-error.ts';
import { events, sqliteStore } from './events.ts';
import { storeFixture } from './fixture.ts';
import { writes, writesTo } from './writes.ts';

const { open, store } = storeFixture(sqliteStore);

const parts = ['', '-wal', '-shm'];
const move = () => {
  for (const part of parts) renameSync(store().file + part, `${store().file}.old${part}`);
};
const startAgain = async (count: number) => {
  const log = await openLog(store().url);
  if (count > 0) {
    await log.append([{ stream: 'lane/a', expected: 'any', events: events(count) }]);
  }
  await log.close();
};
/** By another program, with the triggers out of its way. */
const forget = (condition: string) => {
  const other = new Database(store().file);
  const guard = other
    .prepare("select sql from sqlite_schema where name = 'events_no_delete'")
    .pluck()
    .get();
  other.exec(`drop trigger events_no_delete; delete from events where ${condition}`);
  other.exec(String(guard));
  other.close();
};

/** Everything that was committed is in the file, and nothing in the WAL. */
const writtenBack = () => {
  const third = new Database(store().file);
  third.pragma('wal_checkpoint(truncate)');
  third.close();
};
/** The bytes of another log with as many events. */
const bytesOfAnother = async (): Promise<Buffer> => {
  const file = `${store().file}.another`;
  const log = await openLog(`sqlite:${file}`);
  await writesTo(log);
  await log.close();
  return readFileSync(file);
};

const gone = (what: string) => `its ${what} was moved or deleted`;
const otherEvent = 'it has another event at position 3, or none';

const ways: readonly (readonly [string, () => Promise<unknown> | unknown, string])[] = [
  ['it is moved', move, gone('file')],
  ['it is deleted', () => rmSync(store().file), gone('file')],
  ['its WAL is deleted', () => rmSync(`${store().file}-wal`), gone('-wal file')],
  ['the index of its WAL is deleted', () => rmSync(`${store().file}-shm`), gone('-shm file')],
  [
    'another file stands in place of its WAL',
    () => {
      copyFileSync(`${store().file}-wal`, `${store().file}.copy`);
      renameSync(`${store().file}.copy`, `${store().file}-wal`);
    },
    'another file stands in place of its -wal file',
  ],
  [
    'an empty log stands in its place',
    async () => {
      move();
      await startAgain(0);
    },
    gone('-wal file'),
  ],
  [
    'another log stands in its place',
    async () => {
      move();
      await startAgain(5);
    },
    gone('-wal file'),
  ],
  [
    'a copy of it stands in its place',
    () => {
      for (const part of parts) copyFileSync(store().file + part, `${store().file}.copy${part}`);
      move();
      for (const part of parts) renameSync(`${store().file}.copy${part}`, store().file + part);
    },
    'another file stands in place of its file',
  ],
  ['it is cut short', () => truncateSync(store().file, 100), 'its file was cut short'],
  [
    'another log is written over it',
    async () => {
      const bytes = await bytesOfAnother();
      writtenBack();
      writeFileSync(store().file, bytes, { flag: 'r+' });
    },
    otherEvent,
  ],
  [
    'another log is written over it below its WAL',
    async () => writeFileSync(store().file, await bytesOfAnother(), { flag: 'r+' }),
    'its file was overwritten',
  ],
  ['its last event is lost', () => forget('position = 3'), otherEvent],
  [
    'its last events are lost, and others took their places',
    async () => {
      forget('position >= 2');
      await startAgain(4);
    },
    otherEvent,
  ],
  ['all its events are lost', () => forget('true'), otherEvent],
];

describe.each(ways)('where %s,', (_, take, what) => {
  it.each(writes)('%s is refused, and so is all after it', async (write) => {
    const log = await open();
    const { [write]: work } = await writesTo(log);
    await take();
    for (let n = 0; n < 2; n++) {
      const error = await failureOf(work());
      expect(error).toBeInstanceOf(StoreReplaced);
      expect({ message: error.message, hint: error.hint }).toEqual({
        message: `the log ${store().file} is not the one that this run opened: ${what}`,
        hint: 'Nothing more was written anywhere. Put the log back as it was (its -wal file too) and run the same command again; without it, nobody knows what is held or under way.',
      });
    }
  });
});

it('also where what was put away is put back: nobody knows what happened meanwhile', async () => {
  const log = await open();
  const { append } = await writesTo(log);
  move();
  await expect(append()).rejects.toBeInstanceOf(StoreReplaced);
  for (const part of parts) renameSync(`${store().file}.old${part}`, store().file + part);
  await expect(append()).rejects.toThrow('its file was moved or deleted');
  const again = await open();
  expect(await again.head()).toBe(3);
});

it.each(writes)('where its WAL is cut short, %s is refused', async (write) => {
  const log = await open();
  const { [write]: work } = await writesTo(log);
  truncateSync(`${store().file}-wal`, 0);
  for (let n = 0; n < 2; n++) await expect(work()).rejects.toMatchObject({ code: 'E_STORE_IO' });
});

it('what was written counts as seen, also once something older was read', async () => {
  const log = await open();
  const { take } = await writesTo(log);
  await log.readStream('lane/a', { limit: 1 });
  await log.readAll({ limit: 1 });
  forget('position = 3');
  await expect(take()).rejects.toThrow(otherEvent);
});

it.each<[string, (log: EventLog) => Promise<unknown>]>([
  ['in its stream', (log) => log.readStream('lane/a')],
  ['with leases', (log) => log.readWithLeases('lane/a', [], { fromVersion: 3 })],
  ['among all', (log) => log.readAll()],
])('an event that was only read, %s, counts as seen', async (_, read) => {
  const [log, other] = [await open(), await open()];
  const { take } = await writesTo(log);
  await other.append([{ stream: 'lane/a', expected: 3, events: events(1) }]);
  await read(log);
  forget('position = 4');
  await expect(take()).rejects.toThrow('it has another event at position 4, or none');
});

it('its head is told of no log that was replaced', async () => {
  const log = await open();
  await log.append([{ stream: 'lane/a', expected: 'none', events: events(1_300) }]);
  move();
  await expect(log.headDigest()).rejects.toBeInstanceOf(StoreReplaced);
});

it('what was there when it was opened counts as seen, too', async () => {
  await writesTo(await open());
  const log = await open();
  forget('position = 3');
  await expect(log.take('run/b', {}, 60_000)).rejects.toThrow(otherEvent);
});

it('what was imported counts as seen, too', async () => {
  const [log, source] = [await open(), await openLog('sqlite::memory:')];
  await source.append([{ stream: 'lane/a', expected: 'none', events: events(3) }]);
  await log.importEvents(await source.readAll());
  await source.close();
  forget('position = 3');
  await expect(log.take('run/b', {}, 60_000)).rejects.toThrow(otherEvent);
});

it('what is no database any more is not written to', async () => {
  const log = await open({ busyTimeoutMs: 40, sleep: async () => {} });
  const { append } = await writesTo(log);
  writtenBack();
  writeFileSync(store().file, 'no database'.repeat(10_000));
  await expect(append()).rejects.toMatchObject({ code: 'E_STORE_BUSY' });
});

it('a file that has nothing yet but its WAL, and that only seems to be written, is no loss', async () => {
  const log = await open();
  utimesSync(store().file, new Date(), new Date(0));
  await log.append([{ stream: 'lane/a', expected: 'none', events: events(1) }]);
  expect(await log.head()).toBe(1);
});

it('a file that is larger than memory may hold is not read as a whole', async () => {
  const log = await open();
  // What lies beyond its last page is no page of the database; here it is a hole that takes no room.
  truncateSync(store().file, 2 ** 31 + 4_096);
  await log.append([{ stream: 'lane/a', expected: 'none', events: events(1) }]);
  expect(await log.head()).toBe(1);
});

it('what its own writes and those of others do to the file is no loss', async () => {
  const [log, other] = [await open(), await open()];
  for (let n = 0; n < 20; n++) {
    const writer = n % 2 === 0 ? log : other;
    await writer.append([{ stream: 'lane/a', expected: n, events: events(1) }]);
    if (n % 7 === 0) {
      const third = new Database(store().file);
      third.pragma('wal_checkpoint(truncate)');
      third.close();
    }
  }
  expect(await log.readStream('lane/a')).toHaveLength(20);
});
