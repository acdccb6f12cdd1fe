/** The server, the network or a process fails: nothing acknowledged is lost, nothing is kept twice, nobody waits for ever. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseLog } from '../../src/store/database-log.ts';
import { type EventLog, StoreUnavailable } from '../../src/store/log.ts';
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
    const connection = await openPostgres(`${proxy.url}?connect_timeout=1`, {
      sleep: pause,
      readOnly: false,
      create: true,
      busyTimeoutMs: 10_000,
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
    await log.close();
  });

  it('keeps no wait for a change from ending, at its time or at the signal, nor the close', async () => {
    const connection = await openPostgres(proxy.url, {
      sleep: pause,
      readOnly: false,
      create: true,
      busyTimeoutMs: 10_000,
      // Longer than the test may take.
      replyTimeoutMs: 600_000,
    });
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
    const proxied = new DatabaseLog(
      await openPostgres(proxy.url, {
        sleep: pause,
        readOnly: false,
        create: true,
        busyTimeoutMs: 10_000,
        replyTimeoutMs: 600_000,
      }),
      [],
    );
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

describe('connections', () => {
  const countOf = async (application: string): Promise<number> => {
    const sql = `select count(*)::int as count from pg_stat_activity where application_name = '${application}'`;
    return Number((await execute(store().url, sql))[0]?.count);
  };

  it('are two, and none after the close, also when that comes while they are made', async () => {
    for (let n = 0; n < 10; n++) {
      const application = randomUUID();
      const log = await open();
      const url = `${store().url}?application_name=${application}`;
      const other = new DatabaseLog(
        await openPostgres(url, {
          sleep: pause,
          readOnly: false,
          create: true,
          busyTimeoutMs: 1_000,
        }),
        [],
      );
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
  it('wakes for a write that came between what a call read and its return', async () => {
    const log = await open();
    const mine = new DatabaseLog(
      await openPostgres(proxy.url, {
        sleep: pause,
        readOnly: false,
        create: true,
        busyTimeoutMs: 10_000,
      }),
      [],
    );
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
    const wanted = ({ from, text }: Message) => from === 'server' && text.includes('ROLLBACK');
    proxy.at(1, { interference: released, wanted });
    expect(await mine.take('r', {}, 600_000)).toBeNull();
    await mine.changed({ timeoutMs: 600_000 });
    expect(await mine.take('r', {}, 600_000)).toMatchObject({ token: 2 });
    await mine.close();
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
