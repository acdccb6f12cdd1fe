/** A log's file that was cut, emptied or taken away: whoever opens it is told in so many words, and what is left stays as it is. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogVerifier } from '../../src/runtime/audit/verify.ts';
import { type EventLog, StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { damageOf } from '../../src/store/sqlite/file-check.ts';
import { events, sqliteStore } from './events.ts';
import { storeFixture } from './fixture.ts';

const { open, store } = storeFixture(sqliteStore);

const ends = ['', '-wal', '-shm'];
const ways = {
  'to read': { readOnly: true },
  'to write': { create: false },
  'to begin it': {},
};

/** A log whose events are in the WAL, as it would be after the process was killed. */
async function killed(count = 3): Promise<void> {
  const log = await open();
  await log.append([{ stream: 'a', expected: 0, events: events(count) }]);
  const folder = dirname(store().file);
  mkdirSync(join(folder, 'kept'));
  for (const end of ends) copyFileSync(store().file + end, join(folder, 'kept', `log.db${end}`));
  await log.close();
  for (const end of ends) {
    rmSync(store().file + end, { force: true });
    renameSync(join(folder, 'kept', `log.db${end}`), store().file + end);
  }
}

const leftOf = () =>
  ends.map((end) => (existsSync(store().file + end) ? readFileSync(store().file + end) : null));

describe.each([
  ['emptied', (file: string) => truncateSync(file, 0), 'empty'],
  ['cut to a byte', (file: string) => truncateSync(file, 1), 'empty'],
  ['taken away', (file: string) => rmSync(file), 'gone'],
])('a file that was %s beside its WAL', (_, take, what) => {
  it.each(Object.entries(ways))('is not opened %s, and the WAL stays', async (_, options) => {
    const { file, url } = store();
    await killed();
    const whole = readFileSync(file);
    take(file);
    const before = leftOf();
    const error = await openLog(url, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error).toMatchObject({
      code: 'E_STORE_CORRUPT',
      message: `the log ${file} cannot be opened: its file is ${what}, and its -wal file is there still`,
      hint: `Put the file back, where there is a copy of it: events are in its -wal file, too. Where there is none, restore the log from a backup or an export, and move ${file}-wal away.`,
    });
    expect(leftOf()).toEqual(before);
    writeFileSync(file, whole);
    expect(await (await open()).head()).toBe(3);
  });
});

it('an empty file beside an empty WAL is a log that is not there yet', async () => {
  for (const end of ['', '-wal']) writeFileSync(store().file + end, '');
  const log = await open();
  expect((await log.append([{ stream: 'a', expected: 0, events: events(1) }])).outcome).toBe(
    'appended',
  );
});

it('a file that was cut anywhere is told of in words, or gives whole events', async () => {
  const { file, url } = store();
  const log = await open();
  const long = events(40).map((event) => ({ ...event, data: { text: 'x'.repeat(600) } }));
  for (const event of long) await log.append([{ stream: 'a', expected: 'any', events: [event] }]);
  await log.close();
  const whole = readFileSync(file);
  const page = 4096;
  for (let start = 0; start < whole.length; start += page) {
    for (const length of [start, start + 100, start + page / 2, start + page - 1]) {
      for (const options of Object.values(ways)) {
        for (const end of ends) rmSync(file + end, { force: true });
        writeFileSync(file, whole.subarray(0, length));
        await useAll(url, options).catch((error: unknown) => {
          const isTold = error instanceof StoreUnusable || error instanceof StoreUnavailable;
          if (!isTold) throw new Error(`cut at ${length}`, { cause: error });
        });
      }
    }
  }
  expect(statSync(file).size).toBeGreaterThan(0);
});

it('a page that is no page any more is named, in one line', async () => {
  const { file } = store();
  const log = await open();
  for (const event of events(40)) {
    const long = { ...event, data: { text: 'x'.repeat(600) } };
    await log.append([{ stream: 'a', expected: 'any', events: [long] }]);
  }
  await log.close();
  const bytes = readFileSync(file);
  const page = Math.floor(bytes.indexOf('x'.repeat(600)) / 4_096);
  writeFileSync(file, bytes.fill(0xff, page * 4_096, (page + 1) * 4_096));
  expect(damageOf({ file, busyTimeoutMs: 100 })).toMatch(/^Tree \d+ page \d+: .+$/);
});

async function audited(log: EventLog): Promise<void> {
  const verifier = new LogVerifier();
  for await (const page of log.stored()) for (const row of page) verifier.take(row);
  for (const { stream } of verifier.finish().findings) expect(stream).toBeTypeOf('string');
}

async function useAll(url: string, options: object): Promise<void> {
  const log = await openLog(url, options);
  try {
    await log.verify();
    await audited(log);
    expect((await log.damage()) ?? '').not.toContain('\n');
    if (!('readOnly' in options)) {
      await log.append([{ stream: 'b', expected: 'any', events: events(1) }]);
    }
  } finally {
    await log.close();
  }
}

describe('a folder that is taken away under an open log', () => {
  it.each([
    ['and gone', () => {}],
    ['and a link that leads nowhere stands there', (folder: string) => symlinkSync(folder, folder)],
  ])('%s: whoever has its file checked is told', async (_, replace) => {
    const log = await open();
    await log.append([{ stream: 'a', expected: 0, events: events(1) }]);
    const folder = dirname(store().file);
    renameSync(folder, `${folder}.away`);
    replace(folder);
    const error = await log.damage().catch((reason: unknown) => reason);
    rmSync(folder, { force: true });
    renameSync(`${folder}.away`, folder);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: 'E_STORE_CANNOT_OPEN' });
  });
});
