/** What openLog takes and refuses of a PostgreSQL server, and that no password is in what it says. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { readDeploys } from '../../src/runtime/audit/deploys.ts';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import { StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { type OpenOptions, openLog } from '../../src/store/open.ts';
import { canBeReadOnTheWay, parseAddress } from '../../src/store/postgres/address.ts';
import { schemaVersion, tableColumns } from '../../src/store/postgres/schema.ts';
import { events } from '../store/events.ts';
import { storeFixture } from '../store/fixture.ts';
import { execute } from './server.ts';
import { useOwnPostgres } from './use-postgres.ts';

const { store: create, server } = useOwnPostgres();
const { open, store } = storeFixture(create);

const secret = 's3cret';

/** Whatever can be printed of an error. */
const printed = (error: unknown): string => inspect(error, { depth: 20, showHidden: true });

async function failure(url: string, options: OpenOptions = {}): Promise<StoreUnusable> {
  const error = await openLog(url, options).then(
    async (log) => log.close(),
    (reason: unknown) => reason,
  );
  expect(printed(error)).not.toContain(secret);
  expect(error).toMatchObject({ hint: expect.any(String) });
  return error as StoreUnusable;
}

async function refusal(url: string, options: OpenOptions = {}): Promise<StoreUnusable> {
  const error = await failure(url, options);
  expect(error).toBeInstanceOf(StoreUnusable);
  return error;
}

/** The test's store with other words in its URL. */
function urlWith(change: (url: URL) => void): string {
  const url = new URL(store().url);
  change(url);
  return url.href;
}

describe('the URL', () => {
  const config = (url: string) => parseAddress(url).config;

  it('names user, password, host, port and database, all of them decoded', () => {
    const { config, shown } = parseAddress(
      'postgresql://a%40b:p%2F%3F%23%40@db.test:6000/my%20log',
    );
    expect(config).toMatchObject({
      user: 'a@b',
      password: 'p/?#@',
      host: 'db.test',
      port: 6000,
      database: 'my log',
    });
    expect(shown).toBe('postgres://db.test:6000/my log');
    expect(parseAddress('POSTGRES://db.test/log').config.port).toBe(5432);
    expect(config.application_name).toBe('lockstep');
  });

  it('takes IPv6, and the folder of a socket', () => {
    expect(config('postgres://ada@[::1]:6000/log')).toMatchObject({ host: '::1', ssl: false });
    expect(parseAddress('postgres://[2001:db8::1]/log').shown).toBe(
      'postgres://[2001:db8::1]:5432/log',
    );
    for (const url of [
      'postgres:///log?host=/run/postgresql',
      'postgres://ada@localhost/log?host=%2Frun%2Fpostgresql',
    ]) {
      expect(config(url)).toMatchObject({ host: '/run/postgresql', database: 'log', ssl: false });
    }
  });

  it('says how long to wait for a connection, and the name under which it is seen', () => {
    const url = 'postgres://db.test/log';
    expect(config(url).connectionTimeoutMillis).toBe(10_000);
    const given = config(`${url}?connect_timeout=3&application_name=acme`);
    expect(given).toMatchObject({ connectionTimeoutMillis: 3_000, application_name: 'acme' });
  });

  it('says by sslmode how far the server is trusted, as libpq has it', async () => {
    const root = join(tmpdir(), `lockstep-root-${process.pid}.pem`);
    await writeFile(root, 'ROOT');
    const ssl = (parameters: string, host = 'db.test') =>
      config(`postgres://${host}/log?${parameters}`).ssl;
    expect(ssl('sslmode=disable')).toBe(false);
    expect(ssl('sslmode=require')).toEqual({ rejectUnauthorized: false });
    expect(ssl('sslmode=no-verify')).toEqual({ rejectUnauthorized: false });
    for (const mode of ['require', 'verify-ca']) {
      expect(ssl(`sslmode=${mode}&sslrootcert=${root}`)).toEqual({
        ca: 'ROOT',
        rejectUnauthorized: true,
        checkServerIdentity: expect.any(Function),
      });
    }
    expect(ssl(`sslmode=verify-full&sslrootcert=${root}`)).toEqual({
      ca: 'ROOT',
      host: 'db.test',
      rejectUnauthorized: true,
    });
    expect(ssl('sslmode=verify-full')).toEqual({ host: 'db.test', rejectUnauthorized: true });
    // Encrypted unless it never leaves this machine.
    expect(ssl('')).toEqual({ rejectUnauthorized: false });
    for (const host of ['localhost', '127.0.0.1', '[::1]']) expect(ssl('', host)).toBe(false);
    expect(ssl('sslmode=require', 'localhost')).toEqual({ rejectUnauthorized: false });
    const elsewhere = [
      'localhost.test',
      'my-localhost',
      '127.0.0.1.test',
      '10.127.0.0.1',
      '[::1:2]',
    ];
    for (const host of elsewhere) expect(ssl('', host)).toEqual({ rejectUnauthorized: false });
    // The host that is spoken to decides.
    expect(ssl('host=db.test', 'localhost')).toEqual({ rejectUnauthorized: false });
    expect(ssl('host=localhost')).toBe(false);
    const [cert, key] = ['crt', 'key'].map((end) =>
      join(tmpdir(), `lockstep-${process.pid}.${end}`),
    );
    await writeFile(`${cert}`, 'CERTIFICATE');
    await writeFile(`${key}`, 'KEY');
    expect(ssl(`sslmode=require&sslcert=${cert}&sslkey=${key}`)).toEqual({
      ...{ cert: 'CERTIFICATE', key: 'KEY', rejectUnauthorized: false },
    });
    const isOpen = (parameters: string, host?: string) =>
      canBeReadOnTheWay(config(`postgres://${host ?? 'db.test'}/log?${parameters}`));
    for (const mode of ['disable', 'require', 'no-verify']) {
      expect(isOpen(`sslmode=${mode}`)).toBe(true);
      expect(isOpen(`sslmode=${mode}`, 'localhost.test')).toBe(true);
      expect(isOpen(`sslmode=${mode}`, 'localhost')).toBe(false);
      expect(isOpen(`sslmode=${mode}&host=/run/postgresql`)).toBe(false);
    }
    for (const mode of ['verify-ca', 'verify-full', `require&sslrootcert=${root}`]) {
      expect(isOpen(`sslmode=${mode}`)).toBe(false);
    }
  });

  const wrong = [
    `postgres://ada:${secret}@db.test`,
    `postgres://ada:${secret}@db.test/`,
    `postgres://ada:${secret}@/log`,
    'postgres:///log',
    'postgres:',
    `postgres://ada:${secret}@db.test:x/log`,
    `postgres://ada:${secret}@db.test:70000/log`,
    `postgres://ada:${secret}%@db.test/log`,
    `postgres://ada:${secret}%zz@db.test/log`,
    'postgres://db.test/%ff',
    `postgres://ada:${secret}@db.test/log?sslmode=prefer`,
    `postgres://ada:${secret}@db.test/log?sslmode=allow`,
    `postgres://ada:${secret}@db.test/log?sslmode=`,
    `postgres://ada:${secret}@db.test/log?SSLMODE=require`,
    `postgres://ada:${secret}@db.test/log?options=-c%20fsync=off`,
    `postgres://ada:${secret}@db.test/log?connect_timeout=soon`,
    `postgres://ada:${secret}@db.test/log?connect_timeout=0`,
    `postgres://ada:${secret}@db.test/log?sslmode=verify-full&sslrootcert=/nowhere/root.pem`,
    // Passwords with characters that should have been written with a %.
    `postgres://ada:${secret}/x@db.test/log`,
    `postgres://ada:1/${secret}@db.test/log`,
    `postgres://ada:1?${secret}@db.test/log`,
    `postgres://ada:1/x?${secret}@db.test/log`,
    `postgres://ada:1/x#${secret}@db.test/log`,
    `postgres://ada:1/x?sslmode=${secret}@db.test/log`,
  ];
  for (const url of wrong) {
    it(`is refused with a hint, and its password never shown: ${url}`, async () => {
      expect((await refusal(url)).code).toBe('E_STORE_URL');
    });
  }
});

describe('a server that does not let us in', () => {
  it('for a wrong password, or none, at once', async () => {
    const wrong = urlWith((url) => {
      url.password = secret;
    });
    const none = urlWith((url) => {
      url.password = '';
    });
    const unknown = urlWith((url) => {
      url.username = 'nobody';
      url.password = secret;
    });
    for (const url of [wrong, none, unknown]) {
      const error = await refusal(url);
      expect(error.code).toBe('E_STORE_LOGIN');
      expect(error.hint).toContain('PIPELINE_STORE');
    }
  });

  it('for a database that is not there', async () => {
    const error = await refusal(server().url('nowhere'));
    expect(error).toMatchObject({ code: 'E_STORE_MISSING', details: { postgres: '3D000' } });
    expect(error.message).toContain('/nowhere');
  });

  it('under a name that no host has, at once', async () => {
    const url = urlWith((url) => {
      url.hostname = 'nowhere.invalid';
      url.password = secret;
    });
    const slept: number[] = [];
    const error = await failure(url, { sleep: async (ms) => void slept.push(ms) });
    // Where names are asked of nobody, that is a failure that passes.
    if ((error.cause as { code?: string }).code === 'EAI_AGAIN') return;
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error).toMatchObject({
      code: 'E_STORE_UNREACHABLE',
      details: { postgres: 'ENOTFOUND' },
    });
    expect(slept).toEqual([]);
  });

  it('for want of TLS, with a word on sslmode', async () => {
    const error = await refusal(`${store().url}?sslmode=require`);
    expect(error.code).toBe('E_STORE_TLS');
    expect(error.hint).toContain('sslmode=disable');
  });
});

describe('a server that is not there', () => {
  it.each<[number, OpenOptions]>([
    [5_000, { patienceMs: 5_000 }],
    [10_000, {}],
    [10_000, { patienceMs: 60_000 }],
  ])('is tried again until the patience is over, which is %i ms: %j', async (patience, options) => {
    const closed = urlWith((url) => {
      url.port = '1';
      url.password = secret;
    });
    // Time passes while the program pauses, and only then: how busy the machine is changes nothing.
    let pausedMs = 0;
    const sleep = async (ms: number) => {
      pausedMs += ms;
    };
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => pausedMs);
    try {
      const error = await failure(closed, { ...options, sleep });
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error.code).toBe('E_STORE_UNREACHABLE');
      expect(error.message).toContain('ECONNREFUSED');
    } finally {
      clock.mockRestore();
    }
    expect(pausedMs).toBeGreaterThanOrEqual(patience);
    expect(pausedMs).toBeLessThan(patience + 1000);
  });

  it('is given up when it takes the connection and never says a word', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const url = urlWith((url) => {
      url.port = port;
      url.password = secret;
    });
    const error = await failure(`${url}?connect_timeout=1`, { patienceMs: 500 });
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error.code).toBe('E_STORE_UNREACHABLE');
    mute.close();
  });

  it('or is not PostgreSQL', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const url = urlWith((url) => {
      url.port = port;
      url.password = secret;
    });
    expect(await failure(url, { patienceMs: 100 })).toBeInstanceOf(StoreUnavailable);
    expect(await refusal(`${url}?sslmode=require`)).toMatchObject({ code: 'E_STORE_TLS' });
    other.close();
  });
});

describe('a database that cannot keep what is promised', () => {
  it('is refused while its server runs without fsync', async () => {
    const admin = server().url('postgres');
    const setFsync = async (value: string) => {
      await execute(admin, `alter system set fsync = ${value}`);
      await execute(admin, 'select pg_reload_conf(); select pg_sleep(0.1)');
    };
    await setFsync('off');
    try {
      const error = await refusal(store().url);
      expect(error.code).toBe('E_STORE_NOT_DURABLE');
      expect(error.message).toContain('fsync=off');
    } finally {
      await setFsync('on');
    }
    await (await open()).close();
  });

  it('writes by settings of its own, whatever the defaults of the database are', async () => {
    await (await open()).close();
    const name = new URL(store().url).pathname.slice(1);
    const defaults = {
      synchronous_commit: 'off',
      search_path: 'odd',
      default_transaction_isolation: 'serializable',
      idle_in_transaction_session_timeout: '1h',
      statement_timeout: '1h',
      lock_timeout: '1h',
    };
    for (const [setting, value] of Object.entries(defaults)) {
      await execute(store().url, `alter database ${name} set ${setting} = '${value}'`);
    }
    const kept = ['transaction_isolation', ...Object.keys(defaults)];
    // Noted by a trigger of the transaction's own; other tables of the same names are not taken for the log's.
    await execute(
      store().url,
      `create table public.noted (settings jsonb);
       create function public.note() returns trigger language plpgsql as $$ begin
         insert into public.noted select jsonb_object_agg(name, current_setting(name))
           from unnest('{${kept.join(',')}}'::text[]) as name;
         return new; end $$;
       create trigger note after insert on lockstep.events
         for each row execute function public.note();
       create schema odd;
       create table odd.log (like lockstep.log); create table odd.events (like lockstep.events);
       create table odd.leases (like lockstep.leases)`,
    );
    const log = await open();
    const fence = { resource: 'r', token: 1 };
    await log.take('r', {}, 60_000);
    await log.append([{ stream: 'a', expected: 0, events: events(1) }], { fence });
    expect(await log.verify()).toMatchObject({ events: 1, fault: null });
    const noted = async () => (await execute(store().url, 'select settings from public.noted'))[0];
    expect(await noted()).toEqual({
      settings: {
        synchronous_commit: 'on',
        search_path: 'odd',
        transaction_isolation: 'read committed',
        default_transaction_isolation: 'serializable',
        idle_in_transaction_session_timeout: '5s',
        statement_timeout: '30s',
        lock_timeout: '10s',
      },
    });
    await log.close();
    // What waits for more than the server's own disk stays so.
    await execute(store().url, `alter database ${name} set synchronous_commit = 'remote_apply'`);
    await execute(store().url, 'truncate public.noted');
    const again = await open();
    await again.append([{ stream: 'a', expected: 1, events: events(1) }]);
    expect(await noted()).toMatchObject({ settings: { synchronous_commit: 'remote_apply' } });
    await again.close();
    await execute(
      store().url,
      `alter database ${name} reset all;
       drop table public.noted; drop function public.note cascade; drop schema odd cascade`,
    );
  });

  it('is refused when it is not in UTF-8', async () => {
    await execute(
      server().url('postgres'),
      `create database latin encoding 'LATIN1' locale 'C' template template0`,
    );
    const error = await refusal(server().url('latin'));
    expect(error.code).toBe('E_STORE_ENCODING');
    expect(error.message).toContain('LATIN1');
  });
});

describe('a schema lockstep that is not ours', () => {
  const foreign = {
    'of other tables': 'create table lockstep.users (name text)',
    'of one table that is called as one of ours': 'create table lockstep.events (name text)',
    'of both': 'create table lockstep.events (name text); create table lockstep.log (schema int)',
    'of a view': 'create view lockstep.log as select 1 as revision',
  };
  for (const [what, sql] of Object.entries(foreign)) {
    it(`is refused when it is ${what}, and left as it was`, async () => {
      await execute(store().url, `create schema lockstep; ${sql}`);
      const tables = () => namesIn(store().url);
      const before = await tables();
      for (const readOnly of [true, false]) {
        expect((await refusal(store().url, { readOnly })).code).toBe('E_STORE_FOREIGN');
      }
      expect(await tables()).toEqual(before);
    });
  }

  it('is taken when somebody made it for us, empty', async () => {
    await execute(store().url, 'create schema lockstep');
    const log = await open();
    await log.append([{ stream: 'a', expected: 0, events: events(1) }]);
  });

  it('is refused when a newer version wrote it', async () => {
    await (await open()).close();
    await execute(store().url, 'update lockstep.log set schema = 99');
    for (const readOnly of [true, false]) {
      const error = await refusal(store().url, { readOnly });
      expect(error.code).toBe('E_STORE_NEWER');
      expect(error.details).toMatchObject({ version: 99, known: schemaVersion });
      expect(error.hint).toContain('Update');
    }
  });

  it('is missed when it is dropped while it is open', async () => {
    const log = await open();
    await execute(store().url, 'drop schema lockstep cascade');
    await expect(log.head()).rejects.toMatchObject({ code: 'E_STORE_MISSING' });
    const append = log.append([{ stream: 'a', expected: 0, events: events(1) }]);
    await expect(append).rejects.toMatchObject({ code: 'E_STORE_MISSING' });
  });
});

describe('a log whose tables or guards somebody changed', () => {
  const guards = ['events_no_change', 'events_no_truncate', 'events_next'];
  const on = 'on lockstep.events';
  const again = (when: string, more = '') => `drop trigger events_no_change ${on};
    create trigger events_no_change ${when} ${on}
      for each row ${more} execute function lockstep.refuse_change()`;

  it.each([
    [
      'a view in place of a table',
      'drop table lockstep.leases; create view lockstep.leases as select 1 as resource',
      'leases is no table of its own',
    ],
    [
      'a table to which another one gives rows',
      'create table lockstep.more () inherits (lockstep.events)',
      'events is no table of its own',
    ],
    [
      'a table of which a policy hides rows',
      'alter table lockstep.leases enable row level security',
      'leases is no table of its own',
    ],
    ['a table that is gone', 'drop table lockstep.leases', 'the table leases is missing'],
    [
      'one more column',
      'alter table lockstep.checkpoints add column more text',
      'checkpoints is another table than it was made (consumer text, position bigint, state text, more text)',
    ],
    [
      'a column of another type',
      'alter table lockstep.projections alter version type bigint',
      'projections is another table than it was made (name text, version bigint, position bigint)',
    ],
    // Types for JSON keep what a text means, not the text that its hash is over.
    ...['data', 'metadata'].map((column) => [
      `${column} as JSON`,
      `alter table lockstep.events alter ${column} type jsonb using ${column}::jsonb`,
      `events is another table than it was made (${tableColumns.events?.replace(`${column} text`, `${column} jsonb`)})`,
    ]),
  ])('%s: nothing is read from it, and nothing written', async (_, sql, what) => {
    await (await open()).close();
    await execute(store().url, sql);
    const { shown } = parseAddress(store().url);
    for (const readOnly of [true, false]) {
      expect(await refusal(store().url, { readOnly })).toMatchObject({
        code: 'E_STORE_SCHEMA',
        message: `the log ${shown} was changed: ${what}`,
        hint: 'Restore the log from a backup, or import an export into a new database.',
      });
    }
  });

  it.each([
    ...guards.flatMap((name) => [
      [`its trigger ${name} was dropped`, `drop trigger ${name} ${on}`],
      [
        `its trigger ${name} is turned off`,
        `alter table lockstep.events enable replica trigger ${name}`,
      ],
    ]),
    ['its trigger events_no_change was changed', again('before update')],
    ['its trigger events_no_change was changed', again('after update or delete')],
    ['its trigger events_no_change was changed', again('before update of data or delete')],
    [
      'its trigger events_no_change was changed',
      again('before update or delete', 'when (old.position > 5)'),
    ],
    [
      'its trigger events_next was changed',
      `create or replace function lockstep.refuse_gap() returns trigger language plpgsql as $$begin return new; end$$`,
    ],
  ])('%s: it can be read, and not written: %s', async (what, sql) => {
    await (await open()).close();
    await execute(store().url, sql);
    expect(await refusal(store().url)).toMatchObject({
      code: 'E_STORE_SCHEMA',
      message: `the log can no longer be trusted to keep its events: ${what}`,
      hint: 'Its events still add up. Find out who changed the store, then export the log and import it into a new one.',
    });
    expect(await (await open({ readOnly: true })).head()).toBe(0);
  });

  it('a guard that fires for replicas, too, guards no less', async () => {
    await (await open()).close();
    await execute(store().url, 'alter table lockstep.events enable always trigger events_next');
    await open();
  });
});

describe('a log that is not opened', () => {
  const foreign = 'create schema lockstep; create table lockstep.users (name text)';
  it.each<[string, boolean, string, OpenOptions]>([
    ['another program’s', false, foreign, {}],
    ['one that is not there, to read', false, 'select 1', { readOnly: true }],
    ['one that is not there, to go on with', false, 'select 1', { create: false }],
    ['one whose guards are gone', true, 'drop trigger events_next on lockstep.events', {}],
  ])('leaves no connection behind: %s', async (_, isMade, sql, options) => {
    if (isMade) await (await open()).close();
    await execute(store().url, sql);
    const name = randomUUID();
    await refusal(`${store().url}?application_name=${name}`, options);
    const left = `select from pg_stat_activity where application_name = '${name}'`;
    await vi.waitFor(async () => expect(await execute(store().url, left)).toEqual([]), 10_000);
  });
});

describe('read-only', () => {
  it.each<OpenOptions>([{ readOnly: true }, { create: false }])(
    'makes nothing: %j',
    async (options) => {
      const error = await refusal(store().url, options);
      expect(error.code).toBe('E_STORE_MISSING');
      expect(error.hint).toContain('pipeline advance');
      expect(await namesIn(store().url)).toEqual([]);
    },
  );

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
      () => reader.renew({ resource: 'r', token: 1 }, 1_000),
      () => reader.release({ resource: 'r', token: 1 }),
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

describe('a user with few rights', () => {
  const guest = () =>
    urlWith((url) => {
      url.username = 'guest';
      url.password = secret;
    });
  const guestWith = async (...grants: string[]) => {
    await execute(
      store().url,
      `do $$ begin create role guest login password '${secret}'; exception when duplicate_object then end $$`,
    );
    for (const grant of grants) await execute(store().url, `grant ${grant} to guest`);
  };
  const reading = ['usage on schema lockstep', 'select on all tables in schema lockstep'];

  it('reads a log that it may select from, the read models too', async () => {
    const log = await open({ projections: [deploysProjection] });
    await log.append([{ stream: 'a', expected: 0, events: events(2) }]);
    await guestWith(...reading);
    const reader = await openLog(guest(), { readOnly: true, projections: [deploysProjection] });
    expect(await reader.verify()).toMatchObject({ events: 2, fault: null });
    expect(await readDeploys(reader)).toEqual([]);
    await reader.close();
  });

  it('is told what it lacks when it writes', async () => {
    await open();
    await guestWith(...reading);
    const log = await openLog(guest());
    const error = await log
      .append([{ stream: 'a', expected: 0, events: events(1) }])
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({
      code: 'E_STORE_READ_ONLY',
      hint: expect.stringContaining('owner'),
      details: { postgres: '42501', unknown: false },
    });
    expect(await log.head()).toBe(0);
    await log.close();
  });

  it('is told so when it may not make the log, or not read it', async () => {
    await guestWith();
    expect(await refusal(guest())).toMatchObject({ code: 'E_STORE_READ_ONLY' });
    await open();
    expect(await refusal(guest())).toMatchObject({ details: { postgres: '42501' } });
    expect(await refusal(guest(), { readOnly: true })).toMatchObject({
      hint: expect.stringContaining('select'),
    });
  });
});

/** What is in the schema, whosever it is. */
async function namesIn(url: string): Promise<string[]> {
  const names: string[] = [];
  const sql = `select relname from pg_class where relnamespace = to_regnamespace('lockstep')`;
  for (const { relname } of await execute(url, sql)) names.push(String(relname));
  return names.sort();
}
