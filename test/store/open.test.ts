/** What openLog takes and refuses, and what it leaves on the disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { durabilityProblem, sqliteVersionProblem } from '../../src/store/sqlite/file.ts';
import { events, sqliteStore } from './events.ts';
import { storeFixture } from './fixture.ts';
import { startWriter } from './writers.ts';

const { open, store } = storeFixture(sqliteStore);

async function refusal(url: string, options = {}): Promise<StoreUnusable> {
  const error = await openLog(url, options).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnusable);
  return error as StoreUnusable;
}

describe('the URL of a log', () => {
  it('names a file, whose folder is made', async () => {
    const file = join(dirname(store().file), 'new', 'folder', 'log.db');
    const log = await openLog(`sqlite:${file}`);
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    await log.close();
    expect(existsSync(file)).toBe(true);
  });

  it('or memory, which every opening has for itself', async () => {
    const log = await openLog('sqlite::memory:');
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    expect(await log.verify()).toMatchObject({ events: 1, fault: null });
    const other = await openLog('sqlite::memory:');
    expect(await other.head()).toBe(0);
    await log.close();
    await other.close();
  });

  const wrong = [
    'mysql://ada:s3cret@db.test/log',
    'sqlite://s3cret/log.db',
    'sqlite:',
    's3cret',
    '',
  ];
  for (const url of wrong) {
    it(`is refused with a hint, and never shown, when it is "${url}"`, async () => {
      const error = await refusal(url);
      expect(error.code).toBe('E_STORE_URL');
      expect(error.hint).toContain('sqlite:PATH');
      expect(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`).not.toMatch(
        /s3cret/,
      );
    });
  }
});

describe('a file that is no log of ours', () => {
  it('is refused when it is not a database, and left as it was', async () => {
    for (const content of ['no database\n', 'x'.repeat(5_000)]) {
      await writeFile(store().file, content);
      const error = await refusal(store().url);
      expect(error.code).toBe('E_STORE_NOT_A_DATABASE');
      expect(error.message).toContain(store().file);
      expect(error.hint).toBeDefined();
      expect(readFileSync(store().file, 'utf8')).toBe(content);
    }
  });

  it('is refused when it is a folder, or lies under a file', async () => {
    await mkdir(store().file);
    expect((await refusal(store().url)).code).toBe('E_STORE_IS_DIRECTORY');
    const file = join(dirname(store().file), 'file');
    await writeFile(file, '');
    expect((await refusal(`sqlite:${file}/log.db`)).code).toBe('E_STORE_CANNOT_OPEN');
  });

  it('is refused when it is another program’s database, and left as it was', async () => {
    const handle = new Database(store().file);
    handle.exec('create table users (name text)');
    handle.close();
    const before = readFileSync(store().file);
    for (const readOnly of [true, false]) {
      expect((await refusal(store().url, { readOnly })).code).toBe('E_STORE_FOREIGN');
    }
    expect(readFileSync(store().file).equals(before)).toBe(true);
  });

  it('is refused when a newer version wrote it', async () => {
    await (await open()).close();
    const handle = new Database(store().file);
    handle.pragma('user_version = 99');
    handle.close();
    for (const readOnly of [true, false]) {
      const error = await refusal(store().url, { readOnly });
      expect(error.code).toBe('E_STORE_NEWER');
      expect(error.details).toMatchObject({ version: 99 });
      expect(error.hint).toContain('Update');
    }
  });

  it('is refused when its pages are damaged', async () => {
    await (await open()).close();
    const bytes = readFileSync(store().file);
    bytes.fill(0xff, 100, 4096);
    await writeFile(store().file, bytes);
    expect((await refusal(store().url)).code).toBe('E_STORE_CORRUPT');
  });
});

describe('read-only', () => {
  it('does not say that there is none where it cannot look', async () => {
    const error = await refusal(`sqlite:${store().file}${'g'.repeat(300)}`, { readOnly: true });
    expect(error.code).toBe('E_STORE_CANNOT_OPEN');
    expect(error.message).toMatch(/ENAMETOOLONG/);
  });

  it('makes no file and no folder', async () => {
    const file = join(dirname(store().file), 'none', 'log.db');
    const error = await refusal(`sqlite:${file}`, { readOnly: true });
    expect(error.code).toBe('E_STORE_MISSING');
    expect(error.hint).toContain('pipeline advance');
    expect(existsSync(dirname(file))).toBe(false);
    await writeFile(store().file, '');
    expect((await refusal(store().url, { readOnly: true })).code).toBe('E_STORE_MISSING');
    expect((await refusal('sqlite::memory:', { readOnly: true })).code).toBe('E_STORE_MISSING');
  });

  it('reads while others write, waits for their writes, and refuses every write with a typed error', async () => {
    const writer = await open();
    await writer.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    const reader = await open({ readOnly: true });
    expect(await reader.head()).toBe(1);
    const changed = reader.changed({ timeoutMs: 600_000 });
    await writer.append([{ stream: 'a', expected: 1, events: events(1) }]);
    await changed;
    expect(await reader.verify()).toEqual(await writer.verify());
    const writes = [
      () => reader.append([{ stream: 'a', expected: 2, events: events(1) }]),
      () => reader.take('r', {}, 1_000),
      () => reader.saveCheckpoint('c', { position: 1, state: {} }),
    ];
    for (const write of writes) {
      const error = await write().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({ code: 'E_STORE_READ_ONLY', details: { unknown: false } });
    }
    expect(await writer.head()).toBe(2);
  });
});

describe('durability', () => {
  it('is refused for anything but WAL with synchronous FULL', () => {
    expect(durabilityProblem('f', { journalMode: 'wal', synchronous: 2 })).toBeNull();
    for (const weak of [
      { journalMode: 'wal', synchronous: 1 },
      { journalMode: 'wal', synchronous: 0 },
      { journalMode: 'delete', synchronous: 2 },
      { journalMode: 'memory', synchronous: 2 },
    ]) {
      expect(durabilityProblem('f', weak)).toMatchObject({ code: 'E_STORE_NOT_DURABLE' });
    }
  });

  it('needs an SQLite without the WAL-reset bug', () => {
    for (const version of ['3.51.3', '3.51.10', '3.52.0', '3.54.1', '4.0.0']) {
      expect(sqliteVersionProblem(version), version).toBeNull();
    }
    for (const version of ['3.51.2', '3.44.2', '3.7.0', '2.99.99']) {
      expect(sqliteVersionProblem(version), version).toMatchObject({
        code: 'E_STORE_SQLITE_TOO_OLD',
      });
    }
  });
});

describe('several processes that open a new log at once', () => {
  it('all get it, with one set of tables', async () => {
    const writers = ['a', 'b', 'c', 'd'].map((name) => startWriter(store().url, name, 'any', 3));
    expect(await Promise.all(writers.map(({ over }) => over))).toEqual(['0', '0', '0', '0']);
    expect(await (await open()).verify()).toMatchObject({ events: 12, fault: null });
  });
});

describe('a log that another program keeps locked', () => {
  it('is waited for, without holding up this process', async () => {
    const log = await open();
    const handle = new Database(store().file);
    handle.exec('begin immediate');
    const appended = log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    await new Promise((resolve) => setImmediate(resolve));
    handle.exec('commit');
    handle.close();
    expect((await appended).outcome).toBe('appended');
  });

  it('is given up after busyTimeoutMs, with nothing written', async () => {
    const slept: number[] = [];
    const log = await open({
      busyTimeoutMs: 200,
      sleep: async (ms) => void slept.push(ms),
    });
    const handle = new Database(store().file);
    handle.exec('begin immediate');
    const error = await log
      .append([{ stream: 'a', expected: 'none', events: events(1) }])
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: 'E_STORE_BUSY', details: { unknown: false } });
    expect(slept.length).toBeGreaterThan(3);
    // Readers are not in the writer's way, nor it in theirs.
    expect(await log.head()).toBe(0);
    handle.close();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
  });
});

describe('a disk that takes no more', () => {
  it('is a typed error that leaves no trace, and the log goes on once there is space', async () => {
    const log = await open();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    // The process may write no file beyond this size: what a full disk is to SQLite's WAL.
    const script = join(import.meta.dirname, 'writer.ts');
    const child = spawn(
      'sh',
      [
        '-c',
        `trap '' XFSZ; ulimit -f 2000; exec "$0" "$@"`,
        process.execPath,
        script,
        store().url,
        'w',
        'any',
        '100000',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let printed = '';
    let trouble = '';
    child.stdout.on('data', (text: Buffer) => {
      printed += String(text);
    });
    child.stderr.on('data', (text: Buffer) => {
      trouble += String(text);
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(trouble).toMatch(/E_STORE_(IO|FULL)/);
    const acknowledged = printed.split('\n').length - 1;
    expect(acknowledged).toBeGreaterThan(10);
    const head = await log.head();
    expect([acknowledged + 1, acknowledged + 2]).toContain(head);
    expect(await log.verify()).toMatchObject({ events: head, fault: null });
    await log.append([{ stream: 'a', expected: 1, events: events(1) }]);
  });
});
