/** Another session keeps the log locked: who writes or reads waits for as long as it was told to, and leaves nothing behind at the server. */
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readDeploys } from '../../src/runtime/audit/deploys.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { type EventLog, StoreUnavailable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { anEvent } from '../store/events.ts';
import { failureAs } from '../store/failure.ts';
import { storeFixture } from '../store/fixture.ts';
import { noPooler, Pooler } from './pooler.ts';
import { usePostgres } from './use-postgres.ts';

const postgres = usePostgres();
const { open, store } = storeFixture(postgres.store);

const one = () => [{ stream: 'a', expected: 'any' as const, events: [anEvent()] }];

let other: Client;
beforeEach(async () => {
  other = new Client({ connectionString: store().url });
  await other.connect();
});
afterEach(() => other.end());

/** How many sessions of the log wait for a lock at the server. */
async function waiting(): Promise<number | null> {
  const sql = `select from pg_stat_activity where application_name = 'lockstep'
    and datname = current_database() and wait_event_type = 'Lock'`;
  return (await other.query(sql)).rowCount;
}

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
    expect(await waiting()).toBe(0);
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

/** Who alters a table, or rewrites it, keeps out who reads, too. */
const reads: readonly (readonly [table: string, what: string, read: (log: EventLog) => unknown])[] =
  [
    ['events', 'the head', (log) => log.head()],
    ['events', 'a stream', (log) => log.readStream('a')],
    ['leases', 'who holds something', (log) => log.leases('run/', { held: true })],
    ['checkpoints', 'a checkpoint', (log) => log.checkpoint('slack')],
    ['projections', 'a read model', (log) => readDeploys(log)],
  ];

describe.each(['', ...(noPooler === null ? [' behind a pooler'] : [])])('a log%s', (behind) => {
  let pooler: Pooler | null = null;
  beforeAll(async () => {
    if (behind !== '') pooler = await Pooler.start(postgres.server(), 3);
  });
  afterAll(() => pooler?.stop());
  const url = () => pooler?.before(store().url) ?? store().url;

  it.each(reads)('whose %s are locked is given up by who reads %s', async (table, _, read) => {
    const log = await openLog(url(), { busyTimeoutMs: 200, projections });
    await log.append(one());
    await read(log);
    await other.query(`begin; lock table lockstep.${table} in access exclusive mode`);
    const error = await failureAs(StoreUnavailable, Promise.resolve(read(log)));
    expect(error).toMatchObject({ code: 'E_STORE_BUSY' });
    expect(await waiting()).toBe(0);
    await other.query('rollback');
    await read(log);
    await log.close();
  });

  it('that is locked is given up by who opens it', async () => {
    await (await openLog(url())).close();
    await other.query('begin; lock table lockstep.log in access exclusive mode');
    const opening = openLog(url(), { busyTimeoutMs: 200 });
    expect(await failureAs(StoreUnavailable, opening)).toMatchObject({ code: 'E_STORE_BUSY' });
    await other.query('rollback');
    await (await openLog(url())).close();
  });
});
