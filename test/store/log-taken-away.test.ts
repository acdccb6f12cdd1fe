/** A log's file is taken away, put back older or changed under a process that has it open: its next write is refused. */
import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreReplaced } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
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

const ways: Readonly<Record<string, () => Promise<unknown> | unknown>> = {
  'it is moved': move,
  'it is deleted': () => rmSync(store().file),
  'its WAL is deleted': () => rmSync(`${store().file}-wal`),
  'an empty log stands in its place': async () => {
    move();
    await startAgain(0);
  },
  'another log stands in its place': async () => {
    move();
    await startAgain(5);
  },
  'a copy of it stands in its place': () => {
    for (const part of parts) copyFileSync(store().file + part, `${store().file}.copy${part}`);
    move();
    for (const part of parts) renameSync(`${store().file}.copy${part}`, store().file + part);
  },
  'it is cut short': () => truncateSync(store().file, 100),
  'its last event is lost': () => forget('position = 3'),
  'its last events are lost, and others took their places': async () => {
    forget('position >= 2');
    await startAgain(4);
  },
  'all its events are lost': () => forget('true'),
};

describe.each(Object.entries(ways))('where %s,', (_, take) => {
  it.each(writes)('%s is refused, and so is all after it', async (write) => {
    const log = await open();
    const { [write]: work } = await writesTo(log);
    await take();
    await expect(work()).rejects.toBeInstanceOf(StoreReplaced);
    await expect(work()).rejects.toBeInstanceOf(StoreReplaced);
  });
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
