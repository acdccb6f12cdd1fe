/** A write whose reply was lost, and that was not carried out: what somebody else wrote meanwhile is theirs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DatabaseLog } from '../../src/store/database-log.ts';
import type { Database } from '../../src/store/procedure.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';

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
  return new Proxy(real, {
    get(target, name) {
      if (name === 'write') return write;
      const member = target[name as keyof Database];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

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
