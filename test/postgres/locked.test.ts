/** Another session keeps the log locked: who writes waits for as long as it was told to, and leaves nothing behind at the server. */
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/store/log.ts';
import { anEvent } from '../store/events.ts';
import { failureAs } from '../store/failure.ts';
import { storeFixture } from '../store/fixture.ts';
import { usePostgres } from './use-postgres.ts';

const { open, store } = storeFixture(usePostgres().store);

const one = () => [{ stream: 'a', expected: 'any' as const, events: [anEvent()] }];

let other: Client;
beforeEach(async () => {
  other = new Client({ connectionString: store().url });
  await other.connect();
});
afterEach(() => other.end());

describe.each([
  ['its row, as who writes does', 'update lockstep.log set revision = revision', true],
  ['its table, against every write', 'lock table lockstep.log in share mode', true],
  ['its table, as who alters it does', 'lock table lockstep.log in access exclusive mode', false],
  [
    'its events, as who alters them does',
    'lock table lockstep.events in access exclusive mode',
    false,
  ],
])('a log of which another session keeps locked %s', (_, lock, isReadable) => {
  it('is given up after busyTimeoutMs, with nothing written and nobody left waiting', async () => {
    const log = await open({ busyTimeoutMs: 200 });
    await other.query(`begin; ${lock}`);
    const error = await failureAs(StoreUnavailable, log.append(one()));
    expect(error).toMatchObject({ code: 'E_STORE_BUSY', details: { unknown: false } });
    expect(error.hint).toContain('pg_stat_activity');
    const waiting = `select from pg_stat_activity where application_name = 'lockstep'
      and datname = current_database() and wait_event_type = 'Lock'`;
    expect((await other.query(waiting)).rowCount).toBe(0);
    if (isReadable) expect(await log.head()).toBe(0);
    await other.query('rollback');
    expect((await log.append(one())).outcome).toBe('appended');
  });

  it('is given up at once when there is no time to wait', async () => {
    const log = await open({ busyTimeoutMs: 0 });
    await other.query(`begin; ${lock}`);
    expect(await failureAs(StoreUnavailable, log.append(one()))).toMatchObject({
      code: 'E_STORE_BUSY',
    });
    await other.query('rollback');
  });
});
