/** What openLog takes and refuses, and what it leaves on the disk. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { openLog, shownStore } from '../../src/store/open.ts';
import { durabilityProblem, sqliteVersionProblem } from '../../src/store/sqlite/file.ts';
import { assertTables } from '../../src/store/sqlite/schema-check.ts';
import { events, sqliteStore } from './events.ts';
import { failureAs } from './failure.ts';
import { storeFixture } from './fixture.ts';
import { startWriter } from './writers.ts';

const { open, store } = storeFixture(sqliteStore);

const refusal = (url: string, options = {}): Promise<StoreUnusable> =>
  failureAs(StoreUnusable, openLog(url, options));

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
    // What SQLite itself waits for each time, 20 ms, counts as well.
    expect(slept.length).toBeGreaterThan(3);
    expect(slept.length).toBeLessThanOrEqual(10);
    // Readers are not in the writer's way, nor it in theirs.
    expect(await log.head()).toBe(0);
    handle.close();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
  });
});

describe('a disk that takes no more', () => {
  /** A writer that may write no file beyond so many blocks of 512 bytes: what a full disk is to SQLite's WAL. */
  async function writeAtMost(blocks: number) {
    const script = join(import.meta.dirname, 'writer.ts');
    const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`;
    const command = [process.execPath, script, store().url, 'w', 'any', '100000'];
    const child = spawn('sh', ['-c', limited, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    return { acknowledged: printed.split('\n').length - 1 };
  }

  it('is a typed error that leaves no trace, and the log goes on once there is space', async () => {
    const log = await open();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    const { acknowledged } = await writeAtMost(2_000);
    expect(acknowledged).toBeGreaterThan(10);
    const head = await log.head();
    expect([acknowledged + 1, acknowledged + 2]).toContain(head);
    expect(await log.verify()).toMatchObject({ events: head, fault: null });
    await log.append([{ stream: 'a', expected: 1, events: events(1) }]);
  });

  it('is told of as that while the tables are made, too, which are made once there is space', async () => {
    for (const blocks of [20, 60, 100]) await writeAtMost(blocks);
    const log = await open();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    expect(await log.verify()).toMatchObject({ events: 1, fault: null });
  });
});

describe('a log whose tables or guards somebody changed', () => {
  /** Made, with an event, and then changed by somebody who can write the file. */
  async function changed(sql: string): Promise<void> {
    const log = await open();
    await log.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    await log.close();
    const handle = new Database(store().file);
    handle.exec(sql);
    handle.close();
  }
  const told = ({ code, message, hint }: StoreUnusable) => ({
    code,
    message: message.replace(store().file, 'FILE'),
    hint,
  });

  it.each([
    ['a view', 'create view v as select 1', 'v is no table'],
    ['a virtual table', 'create virtual table v using fts5(x)', 'v is no table'],
    ['a table that is gone', 'drop table leases', 'the table leases is missing'],
    [
      'another table in its place',
      'drop table leases; create table leases (resource text)',
      'leases is another table than it was made',
    ],
    [
      'an index in its place',
      'drop table leases; create index leases on events (id)',
      'leases is another table than it was made',
    ],
    [
      'one more column',
      'alter table checkpoints add column more text',
      'checkpoints is another table than it was made',
    ],
  ])('%s: nothing is read from it, and nothing written', async (_, sql, what) => {
    await changed(sql);
    for (const readOnly of [true, false]) {
      expect(told(await refusal(store().url, { readOnly }))).toEqual({
        code: 'E_STORE_SCHEMA',
        message: `the log FILE was changed: ${what}`,
        hint: 'Restore the log from a backup, or import an export into a new file.',
      });
    }
  });

  it.each(['CREATE VIRTUAL TABLE v USING x', 'create\n  virtual table v using x'])(
    'a table that a program keeps is none, however that is written: %j',
    async (sql) => {
      const row = { type: 'table', name: 'v', tbl_name: 'v', sql } as const;
      await expect(assertTables([row], 'FILE')).rejects.toThrow(
        'the log FILE was changed: v is no table',
      );
    },
  );

  const guards = ['events_no_update', 'events_no_delete'];
  it.each([
    ...guards.map((name) => [name, `drop trigger ${name}`] as const),
    ...guards.map(
      (name) =>
        [
          name,
          `drop trigger ${name}; create trigger ${name} after update on leases begin select 1; end`,
        ] as const,
    ),
  ])('its guard %s: it can be read, and not written', async (name, sql) => {
    await changed(sql);
    expect(told(await refusal(store().url))).toEqual({
      code: 'E_STORE_SCHEMA',
      message: `the log can no longer be trusted to keep its events: its trigger ${name} was dropped or changed`,
      hint: 'Its events still add up. Find out who changed the store, then export the log and import it into a new one.',
    });
    const reader = await open({ readOnly: true });
    expect(await reader.readAll()).toHaveLength(1);
  });

  it('a guard, and an event: what is told is the event', async () => {
    await changed(`drop trigger events_no_update; update events set data = '{"n":9}'`);
    await expect(openLog(store().url)).rejects.toMatchObject({ code: 'E_LOG_FAULT', position: 1 });
  });
});

describe('what is refused is told word by word', () => {
  const urlHint =
    'Write sqlite:PATH, for example sqlite:.pipeline/log.db, or postgres://USER:PASSWORD@HOST/DATABASE.';

  it.each([
    ['mysql://ada:s3cret@db.test/log', 'the log cannot be kept in mysql:'],
    ['log.db', 'the log has no scheme'],
    ['', 'the log has no scheme'],
    ['sqlite:', 'sqlite: names no file'],
    ['sqlite://host/log.db', 'sqlite: takes a path, not a host'],
  ])('the address %j', async (url, message) => {
    expect(await refusal(url)).toMatchObject({ code: 'E_STORE_URL', message, hint: urlHint });
    expect(() => shownStore(url)).toThrow(message);
  });

  it.each([
    ['sqlite:log.db', `sqlite:${process.cwd()}/log.db`],
    ['sqlite:///data/log.db', 'sqlite:/data/log.db'],
    ['sqlite:/data/../log.db', 'sqlite:/log.db'],
    ['sqlite::memory:', 'sqlite::memory:'],
    ['postgres://ada:s3cret@db.test/log', 'postgres://db.test:5432/log'],
  ])('%s is shown as %s', (url, shown) => expect(shownStore(url)).toBe(shown));

  it('what is no file', async () => {
    const { file } = store();
    execFileSync('mkfifo', [file]);
    for (const readOnly of [true, false]) {
      expect(await refusal(store().url, { readOnly })).toMatchObject({
        code: 'E_STORE_CANNOT_OPEN',
        message: `the log ${file} is no file`,
        hint: 'Name another place with --store or PIPELINE_STORE=sqlite:PATH.',
      });
    }
    const folder = dirname(file);
    expect(await refusal(`sqlite:${folder}`)).toMatchObject({
      code: 'E_STORE_IS_DIRECTORY',
      message: `the log ${folder} is a folder`,
      hint: `Name a file in it: sqlite:${folder}/log.db`,
    });
  });

  it('what is not there', async () => {
    const { file, url } = store();
    const hint =
      'The first `pipeline advance` makes it. Or name another one with --store or PIPELINE_STORE.';
    const missing = (what: string, at = file) => ({
      ...{ code: 'E_STORE_MISSING', message: `${what} at ${at}`, hint },
    });
    for (const options of [{ readOnly: true }, { create: false }]) {
      expect(await refusal(url, options)).toMatchObject(missing('there is no log'));
    }
    expect(await refusal('sqlite::memory:', { readOnly: true })).toMatchObject(
      missing('there can be nothing to read', ':memory:'),
    );
    await writeFile(file, '');
    for (const options of [{ readOnly: true }, { create: false }]) {
      expect(await refusal(url, options)).toMatchObject(missing('there is no log yet'));
    }
  });

  it('what would be written through a link', async () => {
    const { file, url } = store();
    const elsewhere = `${file}.elsewhere`;
    for (const end of ['', '-wal', '-shm', '-journal']) {
      symlinkSync(elsewhere, file + end);
      expect(await refusal(url)).toMatchObject({
        code: 'E_STORE_LINK',
        message: `the log ${file} would be written through a link: ${file}${end}`,
        hint: 'Remove the link, or name the place that it leads to: sqlite:PATH.',
      });
      rmSync(file + end);
    }
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('what cannot be made, another program’s, and what a newer version wrote', async () => {
    const { file, url } = store();
    await writeFile(file, '');
    const under = `${file}/log.db`;
    expect(await refusal(`sqlite:${under}`)).toMatchObject({
      message: `the log ${under} cannot be opened: EEXIST`,
      hint: 'Check that its folder can be made and that this user may write there, and to the file.',
    });
    const handle = new Database(file);
    handle.exec('pragma application_id = 7; create table t (x)');
    expect(await refusal(url)).toMatchObject({
      message: `${file} is the database of another program`,
      hint: 'Name another file with --store or PIPELINE_STORE=sqlite:PATH; nothing was written to this one.',
    });
    handle.exec('drop table t');
    expect(await refusal(url)).toMatchObject({ code: 'E_STORE_FOREIGN' });
    handle.exec('pragma application_id = 0; pragma user_version = 3');
    expect(await refusal(url)).toMatchObject({ code: 'E_STORE_FOREIGN' });
    handle.close();
    await writeFile(file, 'no database\n');
    expect(await refusal(url)).toMatchObject({
      message: `${file} is not an SQLite database`,
      hint: 'Name the log with --store or PIPELINE_STORE=sqlite:PATH; a file that is not there yet is made.',
    });
  });

  it('what a newer version wrote', async () => {
    await (await open()).close();
    const handle = new Database(store().file);
    const known = Number(handle.pragma('user_version', { simple: true }));
    handle.pragma(`user_version = ${known + 1}`);
    handle.close();
    expect(await refusal(store().url)).toMatchObject({
      message: `the log ${store().file} was written by a newer version of Lockstep (schema ${known + 1}, this one knows ${known})`,
      hint: 'Update Lockstep; nothing was written to the log.',
    });
  });

  it('what is not durable, and an SQLite that is too old', () => {
    expect(durabilityProblem('FILE', { journalMode: 'delete', synchronous: 1 })).toMatchObject({
      message:
        'the log FILE cannot be made durable: journal_mode is delete and synchronous 1, not wal and 2 (FULL)',
      hint: 'Put the log on a local file system (not a network share) that supports shared memory files.',
    });
    expect(sqliteVersionProblem('3.44.2')).toMatchObject({
      message: 'SQLite 3.44.2 can damage a log that two processes write: 3.51.3 or newer is needed',
      hint: 'Install the better-sqlite3 that package.json asks for (npm ci).',
    });
  });
});
