/**
 * How long a free lane stays free: from the append that releases it to the next one's grant, who
 * waits on a connection of its own. SQLite is looked at every 30 ms; PostgreSQL tells by NOTIFY.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { EventLog, NewEvent } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';
import { PostgresServer } from '../test/postgres/server.ts';
import type { Bench, Figure, Size } from './bench.ts';

const resource = 'lane/bench';
const ttlMs = 60_000;

const anEvent = (type: string): NewEvent => ({
  id: randomUUID(),
  type,
  data: {},
  metadata: {},
});

/** Appends the grant as soon as the lane is free. @returns when that was acknowledged */
async function grantWhenFree(log: EventLog): Promise<number> {
  for (;;) {
    const lease = await log.lease(resource);
    if (lease?.released !== false) {
      const grant = { resource, token: (lease?.token ?? 0) + 1, owner: {}, ttlMs };
      const events = [anEvent('lock.granted')];
      await log.append([{ stream: resource, expected: 'any', events }], { grant });
      return performance.now();
    }
    await log.changed({ timeoutMs: 10_000 });
  }
}

/** Milliseconds of each hand-over, between two connections that take turns. */
async function handOvers(open: () => Promise<EventLog>, times: number): Promise<number[]> {
  let [holder, waiter] = [await open(), await open()];
  await grantWhenFree(holder);
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    const granted = grantWhenFree(waiter);
    // Long enough for it to wait, and at no fixed place between two looks.
    await setTimeout(50 + Math.random() * 300);
    const token = (await holder.lease(resource))?.token ?? 0;
    const from = performance.now();
    const events = [anEvent('lock.released')];
    const release = { resource, token };
    await holder.append([{ stream: resource, expected: 'any', events }], { release });
    took.push((await granted) - from);
    [holder, waiter] = [waiter, holder];
  }
  await holder.close();
  await waiter.close();
  return took.sort((a, b) => a - b);
}

async function run({ quick }: Size): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const server = await PostgresServer.start();
  try {
    const stores = {
      SQLite: `sqlite:${join(folder, 'log.db')}`,
      PostgreSQL: server.url('postgres'),
    };
    const figures: Figure[] = [];
    for (const [name, url] of Object.entries(stores)) {
      const took = await handOvers(() => openLog(url), quick ? 20 : 100);
      for (const [share, word] of [
        [0.5, 'median'],
        [0.99, 'p99'],
      ] as const) {
        const measured = took[Math.floor(share * (took.length - 1))] ?? Number.NaN;
        figures.push({ what: `${name}, ${word}`, unit: 'ms', measured, against: null, goal: null });
      }
    }
    return figures;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

export const bench: Bench = {
  about:
    'How long a free lane stays free with one that waits for it on a connection of its own: from the append that releases it to the grant of the next.',
  run,
};
