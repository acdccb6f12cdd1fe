/** What SQLite itself has to hold: its settings as used, rows that nobody can change, and failures at every call. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Changes } from '../../src/store/changes.ts';
import { DatabaseLog } from '../../src/store/database-log.ts';
import { hashOf } from '../../src/store/hash-chain.ts';
import { StoreUnavailable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { SqliteConnection } from '../../src/store/sqlite/connection.ts';
import { durability, openSqliteFile } from '../../src/store/sqlite/file.ts';
import { checkFile } from '../../src/store/sqlite/file-check.ts';
import { OpenFiles } from '../../src/store/sqlite/open-files.ts';
import { WalWatch } from '../../src/store/sqlite/wal-watch.ts';
import type { EventRow } from '../../src/store/tables.ts';
import { events, sqliteStore } from './events.ts';
import { storeFixture } from './fixture.ts';
import { loseFromIndex } from './lost-index.ts';

const { open, store } = storeFixture(sqliteStore);

const sleep = () => Promise.resolve();

/** A log, with the connection that it works on. */
async function openInside() {
  const connection = await openSqliteFile(store().file, {
    readOnly: false,
    create: true,
    busyTimeoutMs: 100,
    sleep,
    now: Date.now,
  });
  const log = new DatabaseLog(connection, []);
  return { connection, log };
}

it('who looks at a stream that has nothing new asks one question', async () => {
  const { connection, log } = await openInside();
  await log.append([{ stream: 'a', expected: 'none', events: events(3) }]);
  const read = vi.spyOn(connection, 'read');
  const look = (fromVersion: number) => log.readWithLeases('a', ['r'], { fromVersion });
  expect(await look(4)).toEqual({ events: [], leases: [null] });
  expect(read).toHaveBeenCalledTimes(1);
  expect((await look(3)).events).toEqual(await log.readStream('a', { fromVersion: 3 }));
  await log.close();
});

const one = (expected: number | 'any' = 'any') => [{ stream: 'a', expected, events: events(1) }];

describe('the two traps', () => {
  it('synchronous is FULL on the connection that writes, after writing, on a new file and on an old one', async () => {
    for (let n = 0; n < 2; n++) {
      const { connection, log } = await openInside();
      expect(durability(connection.handle)).toEqual({ journalMode: 'wal', synchronous: 2 });
      await log.append(one());
      await log.take('r', {}, 1);
      expect(durability(connection.handle)).toEqual({ journalMode: 'wal', synchronous: 2 });
      const set = (name: string) => connection.handle.pragma(name, { simple: true });
      expect([set('trusted_schema'), set('journal_size_limit')]).toEqual([0, 67_108_864]);
      await log.close();
    }
    // The trap itself: without being told, better-sqlite3 is at NORMAL.
    const handle = new Database(store().file);
    handle.exec('create table t (x)');
    expect(durability(handle)).toEqual({ journalMode: 'wal', synchronous: 1 });
    handle.close();
  });

  it('a transaction holds the write lock before it reads', async () => {
    const { connection, log } = await openInside();
    const other = new Database(store().file, { timeout: 0 });
    await connection.write(function* () {
      expect(() => other.exec('begin immediate')).toThrow('database is locked');
    });
    await connection.db.transaction().execute(async () => {
      expect(() => other.exec('begin immediate')).toThrow('database is locked');
    });
    other.exec('begin immediate; rollback');
    other.close();
    await log.close();
  });
});

describe('the file beside its WAL', () => {
  /** The bytes of the file that SQLite locks while it is open (SQLite's file format, 1.3.6); null: this process locks none. */
  const lockedBytes = (file: string): string | null => {
    const { ino } = statSync(file);
    const locks = readFileSync('/proc/locks', 'utf8').split('\n');
    const ours = locks.find((lock) => new RegExp(` ${process.pid} \\S+:${ino} `).test(lock));
    return ours?.split(' ').slice(-2).join(' ') ?? null;
  };

  /** Without the lock, an SQLite that closes the log next throws the WAL away under us. */
  it.runIf(existsSync('/proc/locks'))(
    'keeps its lock, also once it was read to be compared, and while another log of it is closed',
    async () => {
      const [log, other] = [await open(), await open()];
      await log.append(one());
      const locked = lockedBytes(store().file);
      expect(locked).toBe('1073741826 1073742335');
      const third = new Database(store().file);
      third.pragma('wal_checkpoint(truncate)');
      third.close();
      await log.append(one());
      expect(lockedBytes(store().file)).toBe(locked);
      await other.append(one());
      // Whoever closes it again closes no other log's.
      for (let n = 0; n < 2; n++) {
        await other.close();
        expect(lockedBytes(store().file)).toBe(locked);
      }
      await log.close();
      expect(lockedBytes(store().file)).toBe(null);
    },
  );

  /** How often this process has it open, with the files beside it. */
  const opened = (): number =>
    readdirSync('/proc/self/fd').filter((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(store().file);
      } catch {
        return false;
      }
    }).length;

  it.runIf(existsSync('/proc/self/fd'))(
    'is open no more once the log was closed, or could not be opened',
    async () => {
      const [log, other] = [await open(), await open()];
      await log.append(one());
      await other.append(one());
      expect(opened()).toBeGreaterThan(0);
      const unwatched = vi.spyOn(WalWatch.prototype, 'close');
      await log.close();
      await other.close();
      expect(opened()).toBe(0);
      expect(unwatched).toHaveBeenCalledTimes(2);
      unwatched.mockRestore();
      for (const change of ['drop trigger events_no_delete', 'pragma user_version = 99']) {
        const third = new Database(store().file);
        third.exec(change);
        third.close();
        await expect(openLog(store().url)).rejects.toThrow();
        expect(opened()).toBe(0);
      }
    },
  );

  it('is waited for by SQLite itself for a moment only, also where its tables were made', async () => {
    for (let n = 0; n < 2; n++) {
      const { connection } = await openInside();
      expect(connection.handle.pragma('busy_timeout', { simple: true })).toBe(20);
      await connection.close();
    }
  });

  it('is given what the WAL has, every now and then, and the WAL does not grow', async () => {
    const log = await open();
    const sizes: number[] = [];
    for (let n = 0; n < 4; n++) {
      await log.append([{ stream: 'a', expected: 'any', events: events(300) }]);
      sizes.push(statSync(`${store().file}-wal`).size);
    }
    expect(new Set(sizes.slice(1)).size, sizes.join(' ')).toBeLessThan(3);
    expect(statSync(store().file).size).toBeGreaterThan(600 * 200);
    await log.close();
  });
});

describe('what the WAL has', () => {
  it('is written back with the next write where that failed', async () => {
    const connection = await openSqliteFile(store().file, {
      ...{ readOnly: false, create: true, busyTimeoutMs: 100, sleep, now: Date.now },
      rowsPerWriteBack: 3,
    });
    const log = new DatabaseLog(connection, []);
    const writeBack = vi.spyOn(OpenFiles.prototype, 'writeBack').mockImplementationOnce(() => {
      throw new Error('not now');
    });
    const times: number[] = [];
    for (const count of [3, 1, 1]) {
      await log.append([{ stream: 'a', expected: 'any', events: events(count) }]);
      times.push(writeBack.mock.calls.length);
    }
    expect(times).toEqual([1, 2, 2]);
    writeBack.mockRestore();
    await log.close();
  });
});

it('a write that changes nothing wakes nobody', async () => {
  const log = await open();
  await log.take('r', {}, 60_000);
  const wrote = vi.spyOn(Changes.prototype, 'wrote');
  expect(await log.take('r', {}, 60_000)).toBeNull();
  expect(await log.renew({ resource: 'r', token: 7 }, 60_000)).toBe(false);
  expect(wrote).not.toHaveBeenCalled();
  expect(await log.release({ resource: 'r', token: 1 })).toBe(true);
  expect(wrote).toHaveBeenCalledTimes(1);
  wrote.mockRestore();
});

describe('events are append-only, for every program', () => {
  const columns = 'position, stream, version, id, type, schema, data, metadata, time, hash';
  const row = (position: string, version: string, id: string) =>
    `(${columns}, previous_hash) values (${position}, 'a', ${version}, '${id}', 't', 1, '{}', '{}', '', '', '')`;
  const refused = [
    "update events set data = '{}'",
    'update events set type = type where position = 2',
    'update or replace events set position = 1 where position = 2',
    'delete from events',
    'delete from events where position = 2',
    `insert into events ${row('4', '3', 'x')}`,
    `insert into events ${row('2', '3', 'x')}`,
    `insert into events ${row('null', '3', 'x')}`,
    `insert into events ${row('3', '4', 'x')}`,
    `insert into events ${row('3', '2', 'x')}`,
    `insert into events ${row('3', '3', 'first')}`,
    `replace into events ${row('2', '2', 'x')}`,
    `replace into events ${row('3', '2', 'x')}`,
    `replace into events ${row('3', '3', 'first')}`,
    `insert or ignore into events ${row('1', '3', 'x')}`,
    `insert into events ${row('1', '1', 'x')} on conflict do update set data = '{}'`,
  ];
  for (const statement of refused) {
    it(`refuses: ${statement.replace(columns, '…')}`, async () => {
      const log = await open();
      const [first, second] = events(2);
      if (first === undefined || second === undefined) throw new Error('two events');
      const both = [{ ...first, id: 'first' }, second];
      const { events: written } = await log.append([{ stream: 'a', expected: 0, events: both }]);
      const handle = new Database(store().file);
      expect(() => handle.exec(statement)).toThrow('append-only');
      handle.close();
      expect(await log.readAll()).toEqual(written);
    });
  }
});

describe('tampering past the triggers', () => {
  const tampering: [what: string, sql: string, position: number][] = [
    ['data', `update events set data = '{"n":9}' where position = 3`, 3],
    ['metadata', `update events set metadata = '{"actor":"eve"}' where position = 2`, 2],
    ['a type', `update events set type = 'x' where position = 4`, 4],
    ['a schema', 'update events set schema = 2 where position = 4', 4],
    ['a time', `update events set time = '2026-01-01T00:00:00.000Z' where position = 4`, 4],
    ['an id', `update events set id = 'x' where position = 1`, 1],
    ['a hash', `update events set hash = previous_hash where position = 2`, 2],
    ['a deleted event', 'delete from events where position = 3', 4],
    ['a deleted last event of a stream', 'delete from events where position = 4', 5],
    ['the stream', `update events set stream = 'c' where position = 5`, 5],
    [
      'two events of different streams that changed places',
      `update events set position = 99 where position = 2;
       update events set position = 2 where position = 3;
       update events set position = 3 where position = 99`,
      2,
    ],
    [
      'two events of one stream that changed places',
      `update events set position = 99 where position = 2;
       update events set position = 2 where position = 5;
       update events set position = 5 where position = 99`,
      2,
    ],
    [
      'two events of a stream that changed versions',
      `update events set version = 99 where position = 1;
       update events set version = 1 where position = 2;
       update events set version = 2 where position = 1`,
      1,
    ],
  ];
  for (const [what, sql, position] of tampering) {
    it(`verify finds ${what}, at position ${position}`, async () => {
      const log = await open();
      await log.append([
        { stream: 'a', expected: 0, events: events(2) },
        { stream: 'b', expected: 0, events: events(2) },
        { stream: 'a', expected: 2, events: events(1) },
      ]);
      expect((await log.verify()).fault).toBeNull();
      tamper(store().file, sql);
      expect((await log.verify()).fault).toMatchObject({ position });
      await expect(log.readAll()).rejects.toMatchObject({ code: 'E_LOG_FAULT', position });
    });
  }

  it('verify finds an event that was rewritten together with its hash, at the one after it', async () => {
    const log = await open();
    await log.append([{ stream: 'a', expected: 0, events: events(2) }]);
    const handle = new Database(store().file);
    const row = handle.prepare('select * from events where position = 1').get() as EventRow;
    handle.close();
    const data = '{"n":9}';
    const hash = hashOf({ ...row, data });
    tamper(store().file, `update events set data = '${data}', hash = '${hash}' where position = 1`);
    expect((await log.verify()).fault).toMatchObject({ position: 2 });
  });

  it('a cut tail adds up, and is seen by the head digest', async () => {
    const log = await open();
    await log.append(one());
    const before = await log.verify();
    await log.append(one());
    const after = await log.verify();
    tamper(store().file, 'delete from events where position = 2');
    const cut = await log.verify();
    expect(cut.fault).toBeNull();
    expect(cut.headDigest).not.toBe(after.headDigest);
    expect(cut.headDigest).toBe(before.headDigest);
  });
});

function tamper(file: string, sql: string): void {
  const handle = new Database(file);
  handle.exec(`drop trigger events_no_update; drop trigger events_no_delete; ${sql}`);
  handle.close();
}

describe('its files', () => {
  it.each([
    ['here where they are short', 1, true],
    ['in another thread where they are long', 900_000, false],
  ])(
    'are checked by SQLite itself, %s: an index that lacks an event is told of',
    async (_, length, isHere) => {
      const log = await open();
      const long = events(6).map((event) => ({ ...event, data: { text: 'x'.repeat(length) } }));
      await log.append([{ stream: 'deploy/5', expected: 0, events: long }]);
      // What is in the log beside its file is not yet of that file.
      await log.close();
      const again = await open();
      const asked = vi.spyOn(Database.prototype, 'pragma');
      expect(await again.damage()).toBeNull();
      expect(asked.mock.calls.some(([pragma]) => pragma.startsWith('integrity_check'))).toBe(
        isHere,
      );
      asked.mockRestore();
      await again.close();
      loseFromIndex(store().file, 'deploy/5');
      const reader = await open({ readOnly: true });
      expect(await reader.damage()).toBe('non-unique entry in index sqlite_autoindex_events_2');
      expect((await reader.verify()).fault?.reason).toBe(await reader.damage());
    },
  );

  it('that are no database any more are told of as anywhere', async () => {
    const log = await open();
    await log.append(one());
    for (const end of ['', '-wal', '-shm']) rmSync(store().file + end);
    await expect(log.damage()).rejects.toMatchObject({ code: 'E_STORE_CANNOT_OPEN' });
    for (const times of [1_000, 500_000]) {
      writeFileSync(store().file, 'no database'.repeat(times));
      await expect(log.damage()).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
    }
  });

  it.each([1, 900_000])('are not checked on once the log was closed: %i', async (length) => {
    const log = await open();
    const long = events(6).map((event) => ({ ...event, data: { text: 'x'.repeat(length) } }));
    await log.append([{ stream: 'a', expected: 0, events: long }]);
    const refused = expect(log.damage()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
    await log.close();
    await refused;
    await expect(log.damage()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
  });
});

it('the thread that checks a file ends at the signal', async () => {
  await (await open()).close();
  const ended = vi.spyOn(Worker.prototype, 'terminate');
  const over = new AbortController();
  const checking = checkFile({ file: store().file, busyTimeoutMs: 100 }, over.signal);
  const refused = expect(checking).rejects.toThrow('it is over');
  over.abort(new Error('it is over'));
  await refused;
  expect(ended).toHaveBeenCalledTimes(1);
  ended.mockRestore();
});

describe('who waits for a write', () => {
  /** A log, and what its looks at the file fail with from now on. */
  async function looking() {
    const log = await open();
    const statements = Object.getPrototypeOf(new Database(':memory:').prepare('select 1'));
    const get: Database.Statement['get'] = statements.get;
    const look = { fails: null as string | null, failed: 0 };
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(statements, 'get').mockImplementation(function (
      this: Database.Statement,
      ...values: unknown[]
    ) {
      if (look.fails === null || this.source !== 'pragma data_version') {
        return get.apply(this, values);
      }
      look.failed += 1;
      throw new Database.SqliteError('it fails', look.fails);
    });
    return { log, look };
  }
  const forever = { timeoutMs: 600_000 };

  it('is told where the file cannot be looked at, before it waits and while it does', async () => {
    const { log, look } = await looking();
    for (const when of ['before', 'while']) {
      look.fails = when === 'before' ? 'SQLITE_IOERR_READ' : null;
      const refused = expect(log.changed(forever)).rejects.toMatchObject({ code: 'E_STORE_IO' });
      look.fails = 'SQLITE_IOERR_READ';
      await refused;
    }
  });

  it('waits on where the file is locked for a moment', async () => {
    const { log, look } = await looking();
    const other = await open();
    const changed = log.changed(forever);
    look.fails = 'SQLITE_BUSY_RECOVERY';
    await vi.waitFor(() => expect(look.failed).toBeGreaterThan(1), 10_000);
    look.fails = null;
    await other.append(one());
    await changed;
    expect(await log.head()).toBe(1);
  });
});

describe('a failing store', () => {
  it.each([
    ['a read', false, (on: SqliteConnection, fail: () => never) => on.read(fail)],
    ['a look that nothing is left of', false, (on, fail) => on.discard(fail)],
    ['a write before it commits', false, (on, fail) => on.write(fail)],
    [
      'a write that commits',
      true,
      (on, fail) => {
        onTestFinished(() => void vi.restoreAllMocks());
        vi.spyOn(Object.getPrototypeOf(on.handle.prepare('commit')), 'run').mockImplementation(
          function (this: Database.Statement) {
            return this.source === 'commit' ? fail() : { changes: 0, lastInsertRowid: 0 };
          },
        );
        return on.write(function* () {});
      },
    ],
  ] as const satisfies readonly (readonly [
    string,
    boolean,
    (on: SqliteConnection, fail: () => never) => Promise<unknown>,
  ])[])('says whether anything may have been written: %s, %s', async (_, unknown, use) => {
    const { connection } = await openInside();
    const failing = use(connection, () => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC');
    });
    await expect(failing).rejects.toMatchObject({ code: 'E_STORE_IO', unknown });
    await connection.close();
  });

  it('tells its head though it cannot keep what the next one is computed from', async () => {
    const { connection, log } = await openInside();
    await log.append([{ stream: 'a', expected: 'any', events: events(1_300) }]);
    const { headDigest } = await log.verify();
    connection.handle.pragma('query_only = 1');
    expect(await log.headDigest()).toEqual({ digest: headDigest, position: 1_300 });
    connection.handle.pragma('query_only = 0');
    expect((await log.checkpoint('heads')).state).toEqual({});
  });

  it('tells its head where what was kept for it is damaged, and keeps it anew', async () => {
    const { connection, log } = await openInside();
    await log.append([{ stream: 'a', expected: 'any', events: events(1_300) }]);
    const head = await log.headDigest();
    const { state } = await log.checkpoint('heads');
    for (const damaged of ['no JSON', '[]', 'null', '{"blocks":{"position":-256}}']) {
      connection.handle.prepare('update checkpoints set state = ?').run(damaged);
      expect(await log.headDigest()).toEqual(head);
      expect((await log.checkpoint('heads')).state).toEqual(state);
    }
    await log.close();
    await expect(log.headDigest()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
  });

  it('tells the head of a log that is longer than what is read at once', async () => {
    const { log } = await openInside();
    for (let n = 0; n < 11; n++) {
      await log.append([{ stream: 'a', expected: 'any', events: events(920) }]);
    }
    const { headDigest } = await log.verify();
    expect(await log.headDigest()).toEqual({ digest: headDigest, position: 10_120 });
    await log.close();
  });

  it('out of space: typed, no trace, and writes again once there is space', async () => {
    const { connection, log } = await openInside();
    await log.append(one(0));
    const pages = connection.handle.pragma('page_count', { simple: true });
    connection.handle.pragma(`max_page_count = ${pages}`);
    const large = { id: 'large', type: 't', data: { text: 'x'.repeat(100_000) }, metadata: {} };
    const before = await log.verify();
    const error = await log
      .append([{ stream: 'a', expected: 1, events: [large] }], {
        grant: { resource: 'r', token: 1, owner: {}, ttlMs: 1 },
      })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: 'E_STORE_FULL', details: { unknown: false } });
    expect(await log.verify()).toEqual(before);
    expect(await log.lease('r')).toBeNull();
    connection.handle.pragma('max_page_count = 1000000');
    await log.append([{ stream: 'a', expected: 1, events: [large] }]);
    await log.close();
  });

  it('a failure in the middle of the transaction leaves no trace of what came before it', async () => {
    const { connection, log } = await openInside();
    await log.append(one(0));
    // Stops the second event of the batch, after the lease was granted and the first one written.
    connection.handle.exec(`create temp trigger stop before insert on events when new.version = 3
      begin select raise(abort, 'stopped'); end`);
    const before = await log.verify();
    const attempt = log.append([{ stream: 'a', expected: 1, events: events(2) }], {
      grant: { resource: 'r', token: 1, owner: {}, ttlMs: 1 },
    });
    await expect(attempt).rejects.toThrow('stopped');
    expect(await log.verify()).toEqual(before);
    expect(await log.lease('r')).toBeNull();
    connection.handle.exec('drop trigger temp.stop');
    await log.append([{ stream: 'a', expected: 1, events: events(2) }]);
    await log.close();
  });
});

describe('a transaction that SQLite has ended itself, as it does on a full disk', () => {
  const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
  const ways: Readonly<Record<string, (connection: SqliteConnection) => Promise<unknown>>> = {
    'a write': (connection) =>
      connection.write(() => {
        connection.handle.exec('rollback');
        throw full;
      }),
    'one of which nothing is left': (connection) =>
      connection.discard(() => {
        connection.handle.exec('rollback');
        throw full;
      }),
    'one of Kysely’s': (connection) =>
      connection.db.transaction().execute(async () => {
        connection.handle.exec('rollback');
        throw full;
      }),
  };
  it.each(Object.entries(ways))('%s: what is told is why', async (_, end) => {
    const { connection, log } = await openInside();
    const error = await end(connection).catch((reason: unknown) => reason);
    expect(error === full || (error as StoreUnavailable).cause === full).toBe(true);
    await log.append(one());
    await log.close();
  });
});

/** The connection, whose commits fail, as a broken disk's do. */
function withBrokenCommits(
  handle: Database.Database,
  code = 'SQLITE_IOERR_FSYNC',
): Database.Database {
  const broken = new Database.SqliteError('it fails', code);
  const commit = {
    run: () => {
      throw broken;
    },
  };
  return new Proxy(handle, {
    get(target, name) {
      if (name === 'prepare') {
        return (sql: string) => (sql === 'commit' ? commit : target.prepare(sql));
      }
      const member = target[name as keyof Database.Database];
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
    },
  });
}

describe('a write', () => {
  const options = { readOnly: false, busyTimeoutMs: 100, sleep, now: Date.now };

  it('whose commit failed may be there; one that failed before that is not', async () => {
    const handle = new Database(':memory:');
    const connection = new SqliteConnection(withBrokenCommits(handle), {
      ...options,
      file: ':memory:',
    });
    await expect(connection.write(function* () {})).rejects.toMatchObject({
      details: { unknown: true },
    });
    const broken = new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE');
    const failing = connection.write(() => {
      throw broken;
    });
    await expect(failing).rejects.toMatchObject({ details: { unknown: false } });
    expect(handle.inTransaction).toBe(false);
    handle.close();
  });

  it('whose commit was only held up, and that then fails before it commits, is not there', async () => {
    const handle = new Database(':memory:');
    const connection = new SqliteConnection(withBrokenCommits(handle, 'SQLITE_BUSY'), {
      ...options,
      file: ':memory:',
    });
    let tries = 0;
    const nothing = function* () {};
    const failing = connection.write(() => {
      tries += 1;
      if (tries > 1) throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE');
      return nothing();
    });
    await expect(failing).rejects.toMatchObject({ code: 'E_STORE_IO', unknown: false });
    expect(tries).toBe(2);
    handle.close();
  });
});
