/** The log behind a real PgBouncer in transaction mode, with fewer connections than there are processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaseContract } from '../store/contract-leases.ts';
import { processContract } from '../store/contract-processes.ts';
import { readContract } from '../store/contract-read.ts';
import { events, type TestStore } from '../store/events.ts';
import { storeFixture } from '../store/fixture.ts';
import { noPooler, Pooler } from './pooler.ts';
import { execute } from './server.ts';
import { usePostgres } from './use-postgres.ts';

const { store, server } = usePostgres();
const poolSize = 3;

if (noPooler !== null) process.stdout.write(`skipped: the log behind a pooler: ${noPooler}\n`);

describe.skipIf(noPooler !== null)('behind a pooler', () => {
  let pooler: Pooler;
  beforeAll(async () => {
    pooler = await Pooler.start(server(), poolSize);
  });
  afterAll(() => pooler?.stop());

  async function pooled(): Promise<TestStore & { readonly direct: string }> {
    const { url, remove } = await store();
    return { url: pooler.before(url), direct: url, remove };
  }

  readContract(pooled);
  leaseContract(pooled);
  processContract(pooled);

  const fixture = storeFixture(pooled);

  it('many wait for what is free soon, on three connections of the server', async () => {
    const holder = await fixture.open();
    await holder.take('lane', {}, 600_000);
    const waiters = await Promise.all(Array.from({ length: 8 }, () => fixture.open()));
    const woken = waiters.map((log) => log.changed({ timeoutMs: 600_000 }));
    await holder.release({ resource: 'lane', token: 1 });
    await Promise.all(woken);
    const taken = await Promise.all(waiters.map((log) => log.take('lane', {}, 600_000)));
    expect(taken.filter((lease) => lease !== null)).toHaveLength(1);
    const count = `select count(*)::int as count from pg_stat_activity
      where application_name = 'lockstep' and datname = current_database()`;
    const [row] = await execute(fixture.store().direct, count);
    expect(row?.count).toBeLessThanOrEqual(poolSize);
  });

  it('a session of the server that ends under it is made up for', async () => {
    const log = await fixture.open();
    for (let n = 0; n < 5; n++) {
      await execute(
        fixture.store().direct,
        `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'lockstep' and datname = current_database()`,
      );
      await log.append([{ stream: 'a', expected: n, events: events(1) }]);
    }
    expect(await log.verify()).toMatchObject({ events: 5, fault: null });
  });
});
