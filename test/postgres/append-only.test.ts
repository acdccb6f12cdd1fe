/** What PostgreSQL lets other programs do to the log: nothing; and what its owner can do past the triggers, which `verify` finds. */
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../src/store/hash-chain.ts';
import type { EventLog } from '../../src/store/log.ts';
import type { EventRow } from '../../src/store/tables.ts';
import { events } from '../store/events.ts';
import { storeFixture } from '../store/fixture.ts';
import { execute } from './server.ts';
import { usePostgres } from './use-postgres.ts';

const { store: create } = usePostgres();
const { open, store } = storeFixture(create);

describe('events are append-only, for every program', () => {
  const columns = 'position, stream, version, id, type, schema, data, metadata, time, hash';
  const row = (position: string, version: string, id: string) =>
    `(${columns}, previous_hash) values (${position}, 'a', ${version}, '${id}', 't', 1, '{}', '{}', '', '', '')`;
  const refused = [
    "update lockstep.events set data = '{}'",
    'update lockstep.events set type = type where position = 2',
    'delete from lockstep.events',
    'delete from lockstep.events where position = 2',
    'truncate lockstep.events',
    'truncate lockstep.events, lockstep.leases restart identity cascade',
    `insert into lockstep.events ${row('4', '3', 'x')}`,
    `insert into lockstep.events ${row('2', '3', 'x')}`,
    `insert into lockstep.events ${row('null', '3', 'x')}`,
    `insert into lockstep.events ${row('3', '4', 'x')}`,
    `insert into lockstep.events ${row('3', '2', 'x')}`,
    `insert into lockstep.events ${row('3', 'null', 'x')}`,
    `insert into lockstep.events ${row('1', '3', 'x')} on conflict do nothing`,
    `insert into lockstep.events ${row('1', '1', 'x')} on conflict (position) do update set data = '{}'`,
    `insert into lockstep.events ${row('3', '3', 'first')} on conflict (id) do update set data = '{}'`,
    `merge into lockstep.events e using (select 1) s on e.position = 1
      when matched then update set data = '{}'`,
    'merge into lockstep.events e using (select 1) s on e.position = 1 when matched then delete',
    'with gone as (delete from lockstep.events returning *) select * from gone',
  ];
  for (const statement of refused) {
    it(`refuses: ${statement.replace(columns, '…')}`, async () => {
      const log = await open();
      const [first, second] = events(2);
      if (first === undefined || second === undefined) throw new Error('two events');
      const both = [{ ...first, id: 'first' }, second];
      const { events: written } = await log.append([{ stream: 'a', expected: 0, events: both }]);
      await expect(execute(store().url, statement)).rejects.toThrow('append-only');
      expect(await log.readAll()).toEqual(written);
      await log.append([{ stream: 'a', expected: 2, events: events(1) }]);
      expect((await log.verify()).fault).toBeNull();
    });
  }
});

const wordsOf: Record<string, (sql: string) => string> = {
  'without its triggers': (sql) => `alter table lockstep.events disable trigger all; ${sql}`,
  'as a replica': (sql) => `set session_replication_role = replica; ${sql}`,
};

async function threeOfA(): Promise<EventLog> {
  const log = await open();
  await log.append([
    { stream: 'a', expected: 0, events: events(2) },
    { stream: 'b', expected: 0, events: events(2) },
    { stream: 'a', expected: 2, events: events(1) },
  ]);
  expect((await log.verify()).fault).toBeNull();
  return log;
}

describe('what an owner does past the triggers', () => {
  const set = (what: string, position: number) =>
    `update lockstep.events set ${what} where position = ${position};`;
  const tampering: [what: string, sql: string, position: number][] = [
    ['data', set(`data = '{"n":9}'`, 3), 3],
    ['data that means the same', set(`data = data || ' '`, 3), 3],
    ['metadata', set(`metadata = '{"actor":"eve"}'`, 2), 2],
    ['a type', set(`type = 'x'`, 4), 4],
    ['a schema', set('schema = 2', 4), 4],
    ['a time', set(`time = '2026-01-01T00:00:00.000Z'`, 4), 4],
    ['an id', set(`id = 'x'`, 1), 1],
    ['a hash', set('hash = previous_hash', 2), 2],
    ['a deleted event', 'delete from lockstep.events where position = 3', 4],
    ['the stream', set(`stream = 'c'`, 5), 5],
    [
      'two events that changed places',
      set('position = 99', 2) + set('position = 2', 3) + set('position = 3', 99),
      2,
    ],
  ];
  for (const [how, words] of Object.entries(wordsOf)) {
    for (const [what, sql, position] of tampering) {
      it(`${how} is found: ${what}, at position ${position}`, async () => {
        const log = await threeOfA();
        await execute(store().url, words(sql));
        expect((await log.verify()).fault).toMatchObject({ position });
        await expect(log.readAll()).rejects.toMatchObject({ code: 'E_LOG_FAULT', position });
      });
    }
  }

  it('is found at the event after it when the hash was made again as well', async () => {
    const log = await threeOfA();
    const [first] = await log.readStream('a');
    if (first === undefined) throw new Error('an event');
    const { previousHash, ...place } = first;
    const data = '{"n":9}';
    const metadata = JSON.stringify(first.metadata);
    const row: EventRow = { ...place, data, metadata, previous_hash: previousHash };
    const sql = set(`data = '${data}', hash = '${hashOf(row)}'`, 1);
    await execute(store().url, `alter table lockstep.events disable trigger all; ${sql}`);
    expect((await log.verify()).fault).toMatchObject({ position: 2 });
  });

  it('to the end of the log adds up, and is seen by the head digest', async () => {
    const log = await threeOfA();
    const before = await log.verify();
    await execute(
      store().url,
      `alter table lockstep.events disable trigger all; truncate lockstep.events`,
    );
    const cut = await log.verify();
    expect(cut).toMatchObject({ events: 0, fault: null });
    expect(cut.headDigest).not.toBe(before.headDigest);
  });
});

describe('the log’s one row', () => {
  it('cannot be there twice, and without it nothing is written', async () => {
    const log = await open();
    const second = 'insert into lockstep.log values (true, 7, 1)';
    await expect(execute(store().url, second)).rejects.toThrow('duplicate key');
    await expect(
      execute(store().url, 'insert into lockstep.log values (false, 7, 1)'),
    ).rejects.toThrow('check constraint');
    await execute(store().url, 'delete from lockstep.log');
    const append = log.append([{ stream: 'a', expected: 0, events: events(1) }]);
    await expect(append).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
    expect(await log.head()).toBe(0);
  });
});
