/**
 * How close appending comes to the disk: single-event appends against bare inserts of the same
 * bytes with synchronous=FULL, in the same run, taking turns. `node bench/append.ts [APPENDS]`
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { deploysProjection } from '../src/runtime/audit/deploys.ts';
import type { EventLog, NewEvent } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';

const appends = Number(process.argv[2] ?? 1_500);
/** One more is run first and not counted. */
const rounds = 6;
const eventsPerStream = 50;

const anEvent = (n: number): NewEvent => ({
  id: randomUUID(),
  type: 'staging.deployed',
  data: { release: { id: randomUUID(), version: n }, slug: randomUUID(), notes: 'x'.repeat(150) },
  metadata: { actor: 'ada', run: 'bench', transition: { from: 'a', to: 'b', settled: false } },
});

type Contender = (round: number) => Promise<void>;

/** The limit: one insert a transaction, no promise kept but durability. */
function bareInserts(file: string): Contender {
  const handle = new Database(file);
  handle.pragma('journal_mode = wal');
  handle.pragma('synchronous = full');
  handle.exec(`create table events (position integer primary key, stream text, version integer,
    id text, type text, data text, metadata text, time text, unique (stream, version)) strict`);
  const insert = handle.prepare(
    'insert into events (stream, version, id, type, data, metadata, time) values (?, ?, ?, ?, ?, ?, ?)',
  );
  return async (round) => {
    for (let n = 0; n < appends; n++) {
      const { id, type, data, metadata } = anEvent(n);
      insert.run(
        streamOf(round, n),
        (n % eventsPerStream) + 1,
        id,
        type,
        JSON.stringify(data),
        JSON.stringify(metadata),
        new Date().toISOString(),
      );
    }
  };
}

const appendsTo =
  (log: EventLog): Contender =>
  async (round) => {
    for (let n = 0; n < appends; n++) {
      const expected = n % eventsPerStream;
      await log.append([{ stream: streamOf(round, n), expected, events: [anEvent(n)] }]);
    }
  };

const streamOf = (round: number, n: number): string =>
  `deploy/${round}-${Math.floor(n / eventsPerStream)}`;

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const perSecond = (count: number, ms: number): string =>
  `${Math.round((count / ms) * 1_000).toLocaleString('en')}/s`;

async function readEverything(log: EventLog): Promise<number> {
  let after = 0;
  for (;;) {
    const page = await log.readAll({ after });
    if (page.length === 0) return after;
    after = page.at(-1)?.position ?? after;
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
const log = await openLog(`sqlite:${join(folder, 'log.db')}`);
const projecting = await openLog(`sqlite:${join(folder, 'projecting.db')}`, {
  projections: [deploysProjection],
});
const contenders: [string, Contender][] = [
  ['bare better-sqlite3 insert', bareInserts(join(folder, 'bare.db'))],
  ['append', appendsTo(log)],
  ['append with the read model', appendsTo(projecting)],
];
const times = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (let turn = 0; turn < contenders.length; turn++) {
    const [name, contender] = contenders[(turn + round) % contenders.length] ?? contenders[0] ?? [];
    if (name === undefined || contender === undefined) continue;
    const ms = await timed(() => contender(round));
    if (round > 0) times.get(name)?.push(ms);
  }
}

const limitMs = median(times.get('bare better-sqlite3 insert') ?? []);
for (const [name, ms] of times) {
  const middle = median(ms);
  const ratio = (middle / limitMs).toFixed(2);
  console.log(
    `${name.padEnd(28)} ${perSecond(appends, middle).padStart(10)}   ${ratio}x the limit's time`,
  );
}
const head = await log.head();
const readMs = await timed(() => readEverything(log));
console.log(`${'readAll'.padEnd(28)} ${perSecond(head, readMs).padStart(10)}   of ${head} events`);
const streams = Array.from({ length: 200 }, (_, n) =>
  streamOf(n % rounds, (n * eventsPerStream) % appends),
);
const streamMs = await timed(async () => {
  for (const stream of streams) await log.readStream(stream);
});
console.log(`${'readStream of 50'.padEnd(28)} ${perSecond(streams.length, streamMs).padStart(10)}`);
const verifyMs = await timed(() => log.verify());
console.log(`${'verify'.padEnd(28)} ${perSecond(head, verifyMs).padStart(10)}   of ${head} events`);
await log.close();
await projecting.close();
await rm(folder, { recursive: true });
