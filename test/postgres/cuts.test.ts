/** The connection is lost at every message of every write, in either direction: what was asked for happens once. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventLog, StoreUnavailable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { isSoak } from '../store/attacks/seed.ts';
import { anEvent, places, type TestStore } from '../store/events.ts';
import { MeddlingProxy, type Message, type Plan } from './proxy.ts';
import { execute } from './server.ts';
import { usePostgres } from './use-postgres.ts';

const { store: created } = usePostgres();

let store: TestStore;
let proxy: MeddlingProxy;
let direct: EventLog;
let admin: Client;
beforeEach(async () => {
  store = await created();
  proxy = await MeddlingProxy.before(store.url);
  direct = await openLog(store.url);
  admin = new Client({ connectionString: store.url });
  await admin.connect();
});
afterEach(async () => {
  await direct.close();
  await admin.end();
  await proxy.close();
  await store.remove();
});

const application = 'troubled';

/** The pauses between two tries are left out: the server is there again at once. */
const open = () =>
  openLog(`${proxy.url}?application_name=${application}`, { sleep: () => Promise.resolve() });

interface Write {
  /** Makes what it needs, under a name that is used once, and does it; then looks at what is left of it. */
  prepare(log: EventLog, name: string): Promise<() => Promise<void>>;
}

const held = async (log: EventLog, name: string) => {
  await log.take(name, { host: 'a' }, 60_000);
  return { resource: name, token: 1 };
};

const writes: Record<string, Write> = {
  'an append with a fence, a release and a grant': {
    async prepare(log, name) {
      const fence = await held(log, name);
      const next = { resource: name, token: 2, owner: { host: 'b' }, ttlMs: 60_000 };
      const before = await direct.head();
      return async () => {
        const { outcome, events } = await log.append(
          [
            { stream: `${name}/a`, expected: 'none', events: [anEvent(), anEvent()] },
            { stream: `${name}/b`, expected: 0, events: [anEvent()] },
          ],
          { fence, release: fence, grant: next },
        );
        expect(outcome).toBe('appended');
        expect(places(events)).toEqual([`${name}/a@1`, `${name}/a@2`, `${name}/b@1`]);
        expect(await direct.readAll({ after: before })).toEqual(events);
        expect(await direct.lease(name)).toMatchObject({ token: 2, owner: { host: 'b' } });
      };
    },
  },
  'a take': {
    async prepare(log, name) {
      return async () => {
        expect(await log.take(name, { host: 'a' }, 60_000)).toMatchObject({ token: 1 });
        expect(await direct.lease(name)).toMatchObject({ token: 1, owner: { host: 'a' } });
        expect(await log.take(name, { host: 'a' }, 60_000)).toBeNull();
      };
    },
  },
  'a renewal': {
    async prepare(log, name) {
      const fence = await held(log, name);
      return async () => {
        expect(await log.renew(fence, 7_200_000)).toBe(true);
        expect((await direct.lease(name))?.expiresInMs).toBeGreaterThan(3_600_000);
      };
    },
  },
  'a release': {
    async prepare(log, name) {
      const fence = await held(log, name);
      return async () => {
        expect(await log.release(fence)).toBe(true);
        expect(await direct.lease(name)).toMatchObject({ token: 1, released: true });
      };
    },
  },
  'a checkpoint': {
    async prepare(log, name) {
      const fence = await held(log, name);
      return async () => {
        await log.saveCheckpoint(name, { position: 3, state: { n: 1 } }, fence);
        expect(await direct.checkpoint(name)).toEqual({ position: 3, state: { n: 1 } });
      };
    },
  },
  'a read': {
    async prepare(log, name) {
      await direct.append([{ stream: name, expected: 'none', events: [anEvent(), anEvent()] }]);
      return async () => expect(await log.readStream(name)).toHaveLength(2);
    },
  },
};

/** Tries it with trouble at its 1st, 2nd, 3rd … message, until it passes without. */
async function atEvery({ prepare }: Write, plan: Plan): Promise<number> {
  const log = await open();
  try {
    for (let nth = 1; ; nth++) {
      const write = await prepare(log, randomUUID());
      proxy.at(nth, plan);
      await write();
      const hasPassed = !proxy.hasInterfered;
      proxy.leaveAlone();
      if (!hasPassed) continue;
      expect((await direct.verify()).fault).toBeNull();
      return nth - 1;
    }
  } finally {
    await log.close();
  }
}

/** A query, simple or prepared: what the server carries out at once. */
const isAsked = ({ from, type }: Message) => from === 'client' && /[QS]/.test(type);
const isCommit = ({ from, text }: Message) => from === 'client' && text.endsWith('commit\0');

/** By day once for those that go the same way: a release and a renewal as a take. */
const alike = ['a renewal', 'a release'];

for (const [what, write] of Object.entries(writes)) {
  if (!isSoak && alike.includes(what)) continue;
  describe(what, () => {
    it('whose connection is cut at any message, in either direction, happens once', async () => {
      expect(await atEvery(write, { interference: 'cut' })).toBeGreaterThan(8);
    });

    it('whose connection is cut three times at the same place happens once', async () => {
      const plan = { interference: 'cut', wanted: isAsked, times: 3 } as const;
      expect(await atEvery(write, plan)).toBeGreaterThan(0);
    });

    it('whose session is ended at any of its queries happens once, with two connections at most', async () => {
      let most = 0;
      const terminate = async () => {
        const { rowCount } = await admin.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
          [application],
        );
        most = Math.max(most, rowCount ?? 0);
      };
      const plan = { interference: terminate, wanted: isAsked };
      expect(await atEvery(write, plan)).toBeGreaterThan(0);
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(2);
    });
  });
}

describe('a commit that was carried out and whose reply was lost', () => {
  for (const [what, { prepare }] of Object.entries(writes).slice(0, -1)) {
    it(`of ${what}`, async () => {
      const log = await open();
      const write = await prepare(log, 'x');
      proxy.at(1, { interference: 'cut', wanted: isCommit, times: 2 });
      await write();
      expect(proxy.hasInterfered).toBe(true);
      await log.close();
    });
  }

  it('is unknown to the writer when the server is not there any more', async () => {
    const log = await openLog(proxy.url, { patienceMs: 0 });
    proxy.at(1, { interference: 'cut', wanted: isCommit });
    const events = [anEvent()];
    const error = await log.append([{ stream: 'a', expected: 0, events }]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: 'E_STORE_UNREACHABLE', details: { unknown: true } });
    const again = await log.append([{ stream: 'a', expected: 0, events }]);
    expect(again.events).toEqual(await direct.readAll());
    expect(again.events).toHaveLength(1);
    await log.close();
  });

  it('is known not to be there when the connection went before it', async () => {
    const log = await openLog(proxy.url, { patienceMs: 0 });
    const wanted = ({ text }: Message) => text.includes('insert into');
    proxy.at(1, { interference: 'cut', wanted });
    const append = log.append([{ stream: 'a', expected: 0, events: [anEvent()] }]);
    await expect(append).rejects.toMatchObject({ details: { unknown: false } });
    expect(await direct.head()).toBe(0);
    await log.close();
  });
});

describe('opening a new log', () => {
  it('cut off at any message, makes it all the same', async () => {
    await direct.close();
    for (let nth = 1; ; nth++) {
      await execute(store.url, 'drop schema if exists lockstep cascade');
      proxy.at(nth, { interference: 'cut', wanted: isAsked });
      const log = await open();
      await log.append([{ stream: 'a', expected: 0, events: [anEvent()] }]);
      expect(await log.verify()).toMatchObject({ events: 1, fault: null });
      await log.close();
      if (!proxy.hasInterfered) break;
      expect(nth).toBeLessThan(200);
    }
  });
});
