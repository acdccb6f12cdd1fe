/**
 * Eight writers, one reader in the order of positions: it misses nothing, is given nothing twice after
 * its checkpoint, and sees no gap. `TEST_TAIL_COMMITS=100000` makes it as long as you like.
 */
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { type RecordedEvent, VersionConflict } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { often } from '../store/attacks/seed.ts';
import { anEvent } from '../store/events.ts';
import { storeFixture } from '../store/fixture.ts';
import { execute } from './server.ts';
import { usePostgres } from './use-postgres.ts';

const { store: create } = usePostgres();
const { open, store } = storeFixture(create);

const writers = 8;
const commits = Number(process.env.TEST_TAIL_COMMITS ?? often(400, 3_000));
const rollbackRate = 0.05;
const stallRate = 0.05;
const stallMs = 4;
const restartRate = 0.1;
const timeout = 60_000 + commits * 20;

it(`misses nothing of ${commits} commits`, { timeout }, async () => {
  await (await open()).close();
  await execute(store().url, stalls);
  let left = commits;
  let rollbacks = 0;
  const acknowledged: string[] = [];
  const write = async (n: number): Promise<void> => {
    const log = await openLog(store().url);
    while (left > 0) {
      const isRefused = Math.random() < rollbackRate;
      if (!isRefused) left--;
      const batch = [anEvent({ n }), anEvent({ n })].slice(0, 1 + (left % 2));
      try {
        // The second stream is refused after the log was locked and the first one looked at.
        const refused = { stream: 'own', expected: 1_000_000, events: [anEvent()] };
        const batches = [{ stream: `s${n % 3}`, expected: 'any' as const, events: batch }];
        await log.append(isRefused ? [...batches, refused] : batches);
        acknowledged.push(...batch.map(({ id }) => id));
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error;
        rollbacks++;
      }
    }
    await log.close();
  };
  let areOver = false;
  const writing = Promise.all(Array.from({ length: writers }, (_, n) => write(n))).then(() => {
    areOver = true;
  });

  const seen: RecordedEvent[] = [];
  let restarts = 0;
  let log = await openLog(store().url);
  for (;;) {
    const wasOver = areOver;
    const page = await log.readAll({ after: seen.length, limit: 100 });
    seen.push(...page);
    if (page.length > 0 && Math.random() < restartRate) {
      // It dies, half of the time before it has noted how far it came.
      if (Math.random() < 0.5)
        await log.saveCheckpoint('tail', { position: seen.length, state: {} });
      await log.close();
      log = await openLog(store().url);
      seen.length = (await log.checkpoint('tail')).position;
      restarts++;
    } else if (page.length === 0) {
      if (wasOver) break;
      await log.changed({ timeoutMs: 1_000 });
    }
  }
  await writing;

  const gaps = seen.filter(({ position }, n) => position !== n + 1).length;
  const ids = new Set(seen.map(({ id }) => id));
  const missed = acknowledged.filter((id) => !ids.has(id)).length;
  const repeated = seen.length - ids.size;
  process.stdout.write(
    `tailing: ${commits} commits, ${seen.length} events, ${rollbacks} rollbacks, ${restarts} restarts; missed ${missed}, repeated ${repeated}, gaps ${gaps}\n`,
  );
  expect({ missed, repeated, gaps }).toEqual({ missed: 0, repeated: 0, gaps: 0 });
  expect(rollbacks).toBeGreaterThan(0);
  expect(restarts).toBeGreaterThan(0);
  expect(await log.verify()).toMatchObject({ events: seen.length, fault: null });
  await log.close();
});

it('and the same eyes see what a table numbered by a sequence misses', async () => {
  const perWriter = 150;
  await execute(store().url, 'create table if not exists naive (n bigserial primary key, id text)');
  await execute(store().url, 'truncate naive');
  const committed: string[] = [];
  let areOver = false;
  const connect = async () => {
    const client = new Client({ connectionString: store().url });
    await client.connect();
    return client;
  };
  const write = async (writer: number): Promise<void> => {
    const client = await connect();
    for (let n = 0; n < perWriter; n++) {
      const id = `${writer}-${n}`;
      await client.query('begin');
      await client.query('insert into naive (id) values ($1)', [id]);
      await setTimeout(Math.random() * stallMs);
      const isRefused = Math.random() < rollbackRate;
      await client.query(isRefused ? 'rollback' : 'commit');
      if (!isRefused) committed.push(id);
    }
    await client.end();
  };
  const writing = Promise.all(Array.from({ length: writers }, (_, n) => write(n))).then(() => {
    areOver = true;
  });
  const seen = new Set<string>();
  const client = await connect();
  for (let last = 0; ; ) {
    const wasOver = areOver;
    const { rows } = await client.query('select n, id from naive where n > $1 order by n', [last]);
    for (const { n, id } of rows) {
      seen.add(id);
      last = Number(n);
    }
    if (rows.length === 0 && wasOver) break;
  }
  await writing;
  await client.end();
  await execute(store().url, 'drop table naive');
  const missed = committed.filter((id) => !seen.has(id)).length;
  process.stdout.write(`numbered by a sequence: missed ${missed} of ${committed.length}\n`);
  expect(missed).toBeGreaterThan(0);
});

/** Now and then an insert takes its time, with the transaction open. */
const stalls = `
  create function lockstep.stall() returns trigger language plpgsql as $$ begin
    if random() < ${stallRate} then perform pg_sleep(random() * ${stallMs / 1_000}); end if;
    return new;
  end $$;
  create trigger stall after insert on lockstep.events for each row execute function lockstep.stall()`;
