/** The server, the network or a process fails: nothing acknowledged is lost, nothing is kept twice, nobody waits for ever. */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Changes } from '../../src/store/changes.ts';
import { DatabaseLog } from '../../src/store/database-log.ts';
import { type EventLog, type Lease, StoreUnavailable } from '../../src/store/log.ts';
import type { PostgresConnectionOptions } from '../../src/store/postgres/connection.ts';
import { openPostgres } from '../../src/store/postgres/open.ts';
import { anEvent, events } from '../store/events.ts';
import { failureAs } from '../store/failure.ts';
import { storeFixture } from '../store/fixture.ts';
import { startWriter } from '../store/writers.ts';
import { MeddlingProxy, type Message } from './proxy.ts';
import { execute } from './server.ts';
import { useOwnPostgres } from './use-postgres.ts';

const { store: create, server } = useOwnPostgres(['max_connections=40']);
const { open, store } = storeFixture(create);

let proxy: MeddlingProxy;
beforeEach(async () => {
  proxy = await MeddlingProxy.before(store().url);
});
afterEach(() => proxy.close());

const one = () => [{ stream: 'a', expected: 'any' as const, events: [anEvent()] }];
const pause = (ms: number, signal?: AbortSignal) =>
  setTimeout(ms, undefined, signal ? { signal } : {});
const never = () => new Promise<void>(() => {});
const isTransacting = ({ from, text }: Message) =>
  from === 'client' && text.includes('insert into');
const isCommit = ({ from, text }: Message) => from === 'client' && text.endsWith('commit\0');
const isRollback = ({ from, text }: Message) => from === 'client' && text.endsWith('rollback\0');

/** A connection as `openLog` makes one, otherwise where the test says so. */
const connected = (url: string, options: Partial<PostgresConnectionOptions> = {}) =>
  openPostgres(url, {
    ...{ sleep: pause, readOnly: false, create: true, busyTimeoutMs: 10_000 },
    ...options,
  });

describe('a server that is killed and started again', () => {
  it('has every acknowledged append once, and the writers go on by themselves', async () => {
    const perWriter = 150;
    const log = await open();
    const names = ['w1', 'w2', 'w3'];
    const writers = names.map((name) => startWriter(store().url, name, 'pair', perWriter));
    const waiting = log.changed({ timeoutMs: 600_000 });
    for (const printed of [30, 120]) {
      await writers[0]?.printed(printed);
      await server().kill();
      await server().restart();
    }
    expect(await Promise.all(writers.map(({ over }) => over))).toEqual(['0', '0', '0']);
    await waiting;
    for (const [n, name] of names.entries()) {
      expect(writers[n]?.acknowledged()).toHaveLength(perWriter);
      for (const side of ['left', 'right']) {
        const numbers = (await log.readStream(`${name}/${side}`)).map(({ data }) => data.n);
        expect(numbers).toEqual(Array.from({ length: perWriter }, (_, at) => at + 1));
      }
    }
    const total = names.length * perWriter * 2;
    expect(await log.verify()).toMatchObject({ events: total, fault: null });
  });
});

describe('a server that takes no writes for a while', () => {
  it('is waited for', async () => {
    let tries = 0;
    const set = (value: string) =>
      execute(server().url('postgres'), `alter system set default_transaction_read_only = ${value}`)
        .then(() => execute(server().url('postgres'), 'select pg_reload_conf()'))
        .then(() => pause(100));
    const log = await open({
      sleep: async () => {
        // The session that turns it on again writes nothing.
        if (++tries === 3) await set('off');
      },
    });
    await set('on');
    expect((await log.append(one())).outcome).toBe('appended');
    expect(tries).toBeGreaterThanOrEqual(3);
  });

  it('is named for what it is when it stays so', async () => {
    // Long enough for a busy machine to try a second time: the first try only hears that its session was ended.
    const log = await open({ patienceMs: 1_000 });
    const alter = (what: string) => `alter role lockstep ${what} default_transaction_read_only`;
    await execute(store().url, `${alter('set')} = on`);
    await execute(
      store().url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lockstep'`,
    );
    const error = await failureAs(StoreUnavailable, log.append(one()));
    await execute(store().url, `begin read write; ${alter('reset')}; commit`);
    expect(error).toMatchObject({
      code: 'E_STORE_READ_ONLY',
      details: { postgres: '25006', unknown: false },
    });
  });
});

describe('what the server has prepared', () => {
  it.each([
    [
      'is prepared anew where a table was changed since',
      'alter table lockstep.log alter column revision type integer',
    ],
    [
      'is prepared anew where it was discarded',
      `create function discard() returns trigger language plpgsql as
         $$ begin execute 'deallocate all'; return null; end $$;
       create trigger z after insert on lockstep.events for each row
         when (new.position = 2) execute function discard()`,
    ],
  ])('%s', async (_, change) => {
    const log = await open();
    await log.append(one());
    await execute(store().url, change);
    for (let n = 0; n < 2; n++) expect((await log.append(one())).outcome).toBe('appended');
    expect(await log.verify()).toMatchObject({ events: 3, fault: null });
  });
});

describe('a process that is stopped in the middle of a transaction', () => {
  it('holds nobody up for longer than others wait, and goes on by itself', async () => {
    const log = await open();
    const writer = startWriter(proxy.url, 'w', 'pair', 20);
    await writer.printed(3);
    let stopped = false;
    const stop = () => {
      writer.process.kill('SIGSTOP');
      stopped = true;
    };
    proxy.at(1, {
      interference: stop,
      wanted: ({ from, text }) => from === 'server' && text.includes('INSERT'),
    });
    while (!stopped) await pause(5);
    // Given up after 10 seconds, with E_STORE_BUSY.
    await log.append(one());
    writer.process.kill('SIGCONT');
    expect(await writer.over).toBe('0');
    expect(await log.verify()).toMatchObject({ events: 41, streams: 3, fault: null });
  });
});

describe('a server that does not answer any more', () => {
  const openImpatient = async (): Promise<EventLog> => {
    // A busy machine makes the tables in longer than this one waits for a reply.
    await (await open()).close();
    const connection = await connected(`${proxy.url}?connect_timeout=1`, {
      patienceMs: 300,
      replyTimeoutMs: 200,
    });
    return new DatabaseLog(connection, []);
  };

  it('is given up: in a read, before a commit, and in one, which is unknown then', async () => {
    const log = await openImpatient();
    proxy.at(1, { interference: never, times: 9 });
    expect(await failureAs(StoreUnavailable, log.head())).toMatchObject({
      code: 'E_STORE_UNREACHABLE',
    });
    proxy.at(1, { interference: never, times: 9, wanted: isTransacting });
    expect(await failureAs(StoreUnavailable, log.append(one()))).toMatchObject({
      details: { unknown: false },
    });
    proxy.at(1, { interference: never, times: 9, wanted: isCommit });
    const events = [anEvent()];
    const append = () => log.append([{ stream: 'a', expected: 'any', events }]);
    expect(await failureAs(StoreUnavailable, append())).toMatchObject({
      details: { unknown: true },
    });
    proxy.leaveAlone();
    expect((await append()).outcome).toBe('appended');
    // What writes nothing is not committed: it is known to have written nothing.
    proxy.at(1, { interference: never, times: 9, wanted: isRollback });
    expect(await failureAs(StoreUnavailable, append())).toMatchObject({
      details: { unknown: false },
    });
    proxy.leaveAlone();
    await log.close();
  });

  it('keeps no wait for a change from ending, at its time or at the signal, nor the close', async () => {
    // Longer than the test may take.
    const connection = await connected(proxy.url, { replyTimeoutMs: 600_000 });
    const log = new DatabaseLog(connection, []);
    proxy.at(1, { interference: never, times: 9 });
    await log.changed({ timeoutMs: 50 });
    const abort = new AbortController();
    const changed = log.changed({ timeoutMs: 600_000, signal: abort.signal });
    abort.abort();
    await changed;
    const append = failureAs(StoreUnavailable, log.append(one()));
    await log.close();
    expect(await append).toMatchObject({ code: 'E_STORE_CLOSED', details: { unknown: false } });
  });

  it('and the log is closed while its commit is under way: that is unknown', async () => {
    const log = await open();
    const proxied = new DatabaseLog(await connected(proxy.url, { replyTimeoutMs: 600_000 }), []);
    let reached = () => {};
    const committing = new Promise<void>((resolve) => {
      reached = resolve;
    });
    proxy.at(1, {
      interference: () => {
        reached();
        return never();
      },
      wanted: isCommit,
    });
    const append = failureAs(StoreUnavailable, proxied.append(one()));
    await committing;
    await proxied.close();
    expect(await append).toMatchObject({ code: 'E_STORE_CLOSED', details: { unknown: true } });
    expect(await log.head()).toBe(0);
  });
});

describe('closing', () => {
  it('lets what is under way come to its end', async () => {
    const log = await open();
    const [append, take] = [log.append(one()), log.take('r', {}, 60_000)];
    await log.close();
    expect([(await append).outcome, (await take)?.token]).toEqual(['appended', 1]);
  });

  it('waits for no goodbye of a server that says none', async () => {
    const { hostname, port } = new URL(store().url);
    const silent = createServer({ allowHalfOpen: true }, (socket) => {
      const to = dial({ host: hostname, port: Number(port) });
      for (const one of [socket, to]) one.on('error', () => {});
      socket.pipe(to, { end: false }).pipe(socket, { end: false });
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = new URL(store().url);
    url.port = String((silent.address() as AddressInfo).port);
    const connection = await connected(url.href);
    await connection.close();
    silent.close();
  });
});

describe('what failed for a while', () => {
  it.each<[string, Partial<PostgresConnectionOptions>, number]>([
    ['ECONNRESET', { busyTimeoutMs: 0 }, 2],
    ['ECONNRESET', { patienceMs: 0 }, 1],
    ['57014', { busyTimeoutMs: 0 }, 2],
    // Of a log that was open, the host is one that there was.
    ['ENOTFOUND', {}, 2],
    ['55P03', {}, 2],
    ['55P03', { busyTimeoutMs: 0 }, 1],
    ['55P03', { patienceMs: 0 }, 1],
    ['23505', {}, 1],
    ['53100', {}, 1],
  ])('by %s is tried again for as long as it may: %j', async (code, options, most) => {
    const connection = await connected(store().url, { sleep: async () => {}, ...options });
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries === 1) throw Object.assign(new Error('for a while'), { code });
    };
    await connection.persist(work).catch(() => {});
    expect(tries).toBe(most);
    await connection.close();
  });
});

describe('connections', () => {
  it('are kept alive, and given up for one reply that takes 45 seconds', async () => {
    const connection = await connected(store().url);
    const { connectionParameters, connection: wire } = (await connection.persist(
      async (client) => client,
    )) as unknown as Record<'connectionParameters' | 'connection', object>;
    expect(connectionParameters).toMatchObject({ query_timeout: 45_000 });
    expect(wire).toMatchObject({ _keepAlive: true, _keepAliveInitialDelayMillis: 10_000 });
    await connection.close();
  });

  const countOf = async (application: string): Promise<number> => {
    const sql = `select count(*)::int as count from pg_stat_activity where application_name = '${application}'`;
    return Number((await execute(store().url, sql))[0]?.count);
  };

  it('are two, and none after the close, also when that comes while they are made', async () => {
    for (let n = 0; n < 10; n++) {
      const application = randomUUID();
      const log = await open();
      const url = `${store().url}?application_name=${application}`;
      const other = new DatabaseLog(await connected(url, { busyTimeoutMs: 1_000 }), []);
      // Whoever waits needs the second one.
      const waiting = other.changed({ timeoutMs: 600_000 });
      if (n % 2 === 1) await pause(n * 2);
      expect(await countOf(application)).toBeLessThanOrEqual(2);
      await other.close();
      await waiting;
      await log.close();
      for (let left = 100; (await countOf(application)) > 0; left--) {
        expect(left).toBeGreaterThan(0);
        await pause(10);
      }
    }
  });

  it('keep no process from ending that has closed its log', async () => {
    const writer = startWriter(store().url, 'w', 'any', 1);
    expect(await writer.over).toBe('0');
    expect(await countOf('lockstep')).toBe(0);
  });
});

describe('waiting for a change', () => {
  const isAnswered = ({ from, type }: Message) => from === 'server' && type === 'D';
  const isTakenBack = ({ from, text }: Message) => from === 'server' && text.includes('ROLLBACK');
  it.each<[string, (log: EventLog) => Promise<Lease | null>, (message: Message) => boolean]>([
    ['a read', (log) => log.lease('r'), isAnswered],
    ['a write that writes nothing', (log) => log.take('r', {}, 600_000), isTakenBack],
  ])('wakes for a write that came between what %s has read and its return', async (_, call, at) => {
    const log = await open();
    const mine = new DatabaseLog(await connected(proxy.url), []);
    // So that the listener is there: it is made when somebody waits.
    await mine.changed({ timeoutMs: 1 });
    while (proxy.connections < 2) await pause(5);
    await pause(100);
    await log.take('r', {}, 600_000);
    await mine.head();
    const released = async () => {
      await log.release({ resource: 'r', token: 1 });
      // Long enough for the other connection to hear of it.
      await pause(200);
    };
    proxy.at(1, { interference: released, wanted: at });
    expect((await call(mine))?.released ?? false).toBe(false);
    await mine.changed({ timeoutMs: 600_000 });
    expect(await mine.take('r', {}, 600_000)).toMatchObject({ token: 2 });
    await mine.close();
  });

  it('looks often, and at once, where nobody tells of writes', async () => {
    let slept: number[] = [];
    const connection = await connected(store().url, {
      sleep: (ms, signal) => {
        slept.push(ms);
        return pause(ms, signal);
      },
    });
    const over = new AbortController();
    const waiting = connection.changed(600_000, over.signal);
    const looksEvery = (ms: number) =>
      vi.waitFor(() => expect(slept.at(-1)).toBe(ms), { timeout: 30_000 });
    expect(slept).toEqual([600_000]);
    for (let n = 0; n < 2; n++) {
      await looksEvery(5_000);
      slept = [];
      await execute(
        store().url,
        `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'`,
      );
      await looksEvery(250);
    }
    over.abort();
    await waiting;
    await connection.close();
  });

  it('wakes for its own writes by itself, and for none that wrote nothing', async () => {
    const log = await open();
    await log.take('r', {}, 60_000);
    const wrote = vi.spyOn(Changes.prototype, 'wrote');
    expect(await log.take('r', {}, 60_000)).toBeNull();
    expect(wrote).not.toHaveBeenCalled();
    expect(await log.release({ resource: 'r', token: 1 })).toBe(true);
    expect(wrote).toHaveBeenCalledTimes(1);
    wrote.mockRestore();
  });

  it('wakes all who wait, in one process', async () => {
    const log = await open();
    const other = await open();
    const waits = [1, 2, 3].map(() => log.changed({ timeoutMs: 600_000 }));
    await other.append(one());
    await Promise.all(waits);
  });

  it('goes on after the listening session was ended', async () => {
    const log = await open();
    const other = await open();
    for (let n = 0; n < 2; n++) {
      const changed = log.changed({ timeoutMs: 600_000 });
      await execute(
        store().url,
        `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'`,
      );
      await other.append(one());
      await changed;
    }
  });

  it('takes no word for it from a program that notifies what it likes', async () => {
    const log = await open();
    const other = await open();
    for (const word of ['nonsense', '-1', '999999999', '']) {
      // What was told last is what this reads up to.
      await log.head();
      const changed = log.changed({ timeoutMs: 600_000 });
      await execute(store().url, `select pg_notify('lockstep', '${word}')`);
      await other.append(one());
      await changed;
    }
    await log.append([{ stream: 'b', expected: 0, events: events(1) }]);
  });
});

describe('many processes that open a new log at once', () => {
  it('all get it, with one set of tables', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const writers = names.map((name) => startWriter(store().url, name, 'any', 3));
    expect(await Promise.all(writers.map(({ over }) => over))).toEqual(names.map(() => '0'));
    expect(await (await open()).verify()).toMatchObject({ events: 24, fault: null });
  });
});
