/** Whatever was set on the file before, a log is durable or is not opened; each append is synced before it is acknowledged. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { openLog } from '../../../src/store/open.ts';
import { durability } from '../../../src/store/sqlite/file.ts';
import { sqliteStore } from '../events.ts';
import { storeFixture } from '../fixture.ts';
import { openInside } from './inside.ts';
import { skipBecauseOf } from './skip.ts';
import { type FileCall, straceProblem, traceFiles } from './strace.ts';

const { open, store } = storeFixture(sqliteStore);

const appends = 50;
const durable = { journalMode: 'wal', synchronous: 2 };

function weaken(journalMode: string, synchronous: string): Database.Database {
  const handle = new Database(store().file);
  expect(handle.pragma(`journal_mode = ${journalMode}`, { simple: true })).toBe(journalMode);
  handle.pragma(`synchronous = ${synchronous}`);
  handle.prepare('select count(*) from events').get();
  return handle;
}

for (const journalMode of ['delete', 'truncate', 'persist', 'memory']) {
  for (const synchronous of ['off', 'normal']) {
    it(`a file left with ${journalMode} and ${synchronous} is set right, and read back after a write`, async () => {
      await (await open()).close();
      weaken(journalMode, synchronous).close();
      const { connection, log } = await openInside(store().file);
      expect(durability(connection.handle)).toEqual(durable);
      await log.append([{ stream: 'a', expected: 0, events: [] }]);
      await log.take('r', {}, 1);
      expect(durability(connection.handle)).toEqual(durable);
      await log.close();
    });
  }
}

it('a file that another program keeps from being set right is not opened', async () => {
  await (await open()).close();
  const handle = weaken('delete', 'normal');
  handle.exec('begin');
  handle.prepare('select * from leases').all();
  await expect(openLog(store().url, { busyTimeoutMs: 50 })).rejects.toMatchObject({
    code: expect.stringMatching(/^E_STORE_(BUSY|NOT_DURABLE)$/),
  });
  expect(handle.pragma('journal_mode', { simple: true })).toBe('delete');
  handle.exec('commit');
  handle.close();
  await open();
});

/** For each line that was printed: was everything written to the WAL before it synced by then? */
function syncedBefore(calls: readonly FileCall[]): boolean[] {
  const acknowledged: boolean[] = [];
  let isWritten = false;
  let isSynced = false;
  for (const call of calls) {
    if (call.kind === 'printed') {
      acknowledged.push(isWritten && isSynced);
      isWritten = false;
      isSynced = false;
    } else if (call.path.endsWith('-wal')) {
      isWritten ||= call.kind === 'write';
      isSynced = call.kind === 'sync';
    }
  }
  return acknowledged;
}

const appendsTraced = async (script: string, ...args: readonly string[]) =>
  syncedBefore(await traceFiles(dirname(store().file), [script, ...args]));

it('each append is synced before it is acknowledged', async (test) => {
  skipBecauseOf(straceProblem(), test);
  const writer = join(import.meta.dirname, '../writer.ts');
  const synced = await appendsTraced(writer, store().url, 'w', 'pair', String(appends));
  expect(synced).toEqual(Array.from({ length: appends }, () => true));

  const control = join(import.meta.dirname, 'power-writer.ts');
  await rm(store().file);
  const unsynced = await appendsTraced(control, store().file, String(appends), 'normal');
  expect(unsynced).toHaveLength(appends);
  expect(unsynced.filter((isSynced) => !isSynced).length).toBeGreaterThan(appends / 2);
});
