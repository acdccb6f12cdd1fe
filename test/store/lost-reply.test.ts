/** A write whose reply was lost. One that was carried out is told as what it was; of one that was not, what somebody else wrote meanwhile is theirs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DatabaseLog } from '../../src/store/database-log.ts';
import type { Database } from '../../src/store/procedure.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { events } from './events.ts';

class Cut extends Error {}

let database: Database;
let meanwhile: (() => Promise<unknown>) | null;
beforeEach(async () => {
  const sleep = async () => {};
  database = await openSqliteFile(':memory:', {
    ...{ now: Date.now, sleep, readOnly: false, create: true, busyTimeoutMs: 0 },
  });
  meanwhile = null;
});
afterEach(() => database.close());

/** The next write is taken back at its end, and begun again as where nobody knows whether it was carried out. */
function cut(real: Database): Database {
  const write: Database['write'] = async (procedure) => {
    const then = meanwhile;
    meanwhile = null;
    if (then === null) return real.write(procedure);
    const tried = real.write(function* () {
      yield* procedure(false);
      throw new Cut();
    });
    await tried.catch((error: unknown) => {
      if (!(error instanceof Cut)) throw error;
    });
    await then();
    return real.write(() => procedure(true));
  };
  return writing(real, write);
}

/** Every write is carried out, and begun again, for nobody heard of it. */
const unheard = (real: Database): Database =>
  writing(real, async (procedure) => {
    await real.write(procedure);
    return real.write(() => procedure(true));
  });

const writing = (real: Database, write: Database['write']): Database =>
  new Proxy(real, {
    get(target, name) {
      if (name === 'write') return write;
      const member = target[name as keyof Database];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

it('what was carried out, and is begun again, is told as it was carried out, once', async () => {
  const [mine, other] = [new DatabaseLog(unheard(database), []), new DatabaseLog(database, [])];
  const fence = { resource: 'lane/acme', token: 1 };
  expect(await mine.take('lane/acme', { host: 'a' }, 60_000)).toMatchObject({ token: 1 });
  expect(await mine.renew(fence, 120_000)).toBe(true);
  const batch = [{ stream: 'a', expected: 0, events: events(3) }];
  const { outcome, events: appended } = await mine.append(batch, { fence });
  expect([outcome, await other.readAll()]).toEqual(['appended', appended]);
  expect(await mine.release(fence)).toBe(true);
  expect(await mine.release({ ...fence, token: 2 })).toBe(false);
  const elsewhere = await openSqliteFile(':memory:', {
    ...{ now: Date.now, sleep: async () => {}, readOnly: false, create: true, busyTimeoutMs: 0 },
  });
  const copy = new DatabaseLog(unheard(elsewhere), []);
  expect(await copy.importEvents(appended.slice(0, 1))).toEqual({ imported: 1, present: 0 });
  expect(await copy.importEvents(appended)).toEqual({ imported: 2, present: 1 });
  expect(await copy.readAll()).toEqual(appended);
  await copy.close();
});

it.each([
  ['is taken where nobody took it meanwhile', null],
  ['is another’s who took it meanwhile, under the token that it would have had', { host: 'b' }],
])('a lease %s', async (_, owner) => {
  const [mine, other] = [new DatabaseLog(cut(database), []), new DatabaseLog(database, [])];
  meanwhile = async () => owner && other.take('lane/acme', owner, 60_000);
  const lease = await mine.take('lane/acme', { host: 'a' }, 60_000);
  expect(lease?.token ?? null).toBe(owner === null ? 1 : null);
  expect(await other.lease('lane/acme')).toMatchObject({
    ...{ token: 1, owner: owner ?? { host: 'a' }, released: false },
  });
});
