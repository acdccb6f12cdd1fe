/** How close appending comes to the disk: an event a transaction, with every promise kept, beside bare inserts of the same bytes. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Client } from 'pg';
import { projections } from '../src/runtime/audit/projections.ts';
import type { EventLog, JsonObject, NewEvent } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';
import { anActor } from '../test/actor.ts';
import { PostgresServer } from '../test/postgres/server.ts';
import { bareTable } from './bare.ts';
import { type Bench, type Figure, median, type Size, takeTurns } from './bench.ts';
import { emmettStore } from './peer.ts';

const eventsPerStream = 50;
const actor = anActor as unknown as JsonObject;

/** The first of a stream is a deploy's request: it makes the row of the read model that those after it move. */
const anEvent = (n: number): NewEvent => ({
  id: randomUUID(),
  type: n % eventsPerStream === 0 ? 'deploy.requested' : 'staging.deployed',
  data: { release: { id: randomUUID(), version: n }, lane: 'bench', notes: 'x'.repeat(150) },
  metadata: { actor, run: 'bench', transition: { from: 'a', to: 'b', settled: false } },
});

const streamOf = (round: number, n: number): string =>
  `deploy/${round}-${Math.floor(n / eventsPerStream)}`;

/** What one append takes, in µs. @param append writes the nth event of a round */
const timed =
  (appends: number, append: (event: NewEvent, stream: string, n: number) => Promise<unknown>) =>
  async (round: number): Promise<number> => {
    const from = performance.now();
    for (let n = 0; n < appends; n++) await append(anEvent(n), streamOf(round, n), n);
    return ((performance.now() - from) * 1_000) / appends;
  };

const appendsTo = (log: EventLog, appends: number, isFenced: boolean) => {
  let fence: { resource: string; token: number } | undefined;
  return timed(appends, async (event, stream, n) => {
    if (isFenced) fence ??= (await log.take('lane/bench', {}, 3_600_000)) ?? undefined;
    const expected = n % eventsPerStream;
    const options = fence === undefined ? {} : { fence };
    await log.append([{ stream, expected, events: [event] }], options);
  });
};

async function sqlite(folder: string, quick: boolean): Promise<Figure[]> {
  const [rounds, appends] = quick ? [5, 500] : [11, 1_500];
  const { insert, handle } = bareTable(join(folder, 'bare.db'));
  const [plain, kept] = await Promise.all([
    openLog(`sqlite:${join(folder, 'plain.db')}`),
    openLog(`sqlite:${join(folder, 'kept.db')}`, { projections }),
  ]);
  const { bare, alone, whole } = await takeTurns(rounds, {
    bare: timed(appends, async ({ id, type, data, metadata }, stream, n) => {
      const version = (n % eventsPerStream) + 1;
      insert({ id, type, data, metadata, stream, version, time: new Date().toISOString() });
    }),
    alone: appendsTo(plain, appends, false),
    whole: appendsTo(kept, appends, true),
  });
  for (const each of [plain, kept, handle]) await each.close();
  const peer = { what: 'a bare prepared insert', measured: median(bare) };
  return [
    figure('append, SQLite, without fence and read model', alone, peer, null),
    figure('append, SQLite, every promise', whole, peer, 1.5),
  ];
}

async function postgres(quick: boolean): Promise<Figure[]> {
  const [rounds, appends] = quick ? [5, 200] : [11, 500];
  const server = await PostgresServer.start();
  const client = new Client({ connectionString: server.url('postgres') });
  try {
    await client.connect();
    await client.query(`create table bare_events (position bigint generated always as identity primary key,
      stream text, version bigint, id text, type text, data text, metadata text, time text, unique (stream, version))`);
    const log = await openLog(server.url('postgres'), { projections });
    const emmett = emmettStore(server.url('postgres'));
    const { bare, whole, other } = await takeTurns(rounds, {
      other: timed(emmett === null ? 0 : appends, async ({ type, data, metadata }, stream, n) => {
        const version = n % eventsPerStream;
        const expectedStreamVersion = version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version);
        const events = [{ type, data, metadata }];
        await emmett?.appendToStream(stream, events, { expectedStreamVersion });
      }),
      bare: timed(appends, async ({ id, type, data, metadata }, stream, n) => {
        await client.query('begin');
        await client.query({
          name: 'insert',
          text: 'insert into bare_events (stream, version, id, type, data, metadata, time) values ($1, $2, $3, $4, $5, $6, $7)',
          values: [
            stream,
            (n % eventsPerStream) + 1,
            id,
            type,
            JSON.stringify(data),
            JSON.stringify(metadata),
            new Date().toISOString(),
          ],
        });
        await client.query('commit');
      }),
      whole: appendsTo(log, appends, true),
    });
    await log.close();
    await emmett?.close();
    const what = 'append, PostgreSQL, every promise';
    const peer = { what: 'a bare begin, prepared insert, commit', measured: median(bare) };
    const store = { what: 'Emmett’s PostgreSQL event store', measured: median(other) };
    const beside = emmett === null ? [] : [figure(what, whole, store, null)];
    return [figure(what, whole, peer, 2), ...beside];
  } finally {
    await client.end();
    await server.stop();
  }
}

const figure = (
  what: string,
  took: readonly number[],
  against: Figure['against'],
  times: number | null,
): Figure => ({
  ...{ what, unit: 'µs', measured: median(took), against },
  goal: times === null ? null : { times },
});

async function run({ quick }: Size): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    return [...(await sqlite(folder, quick)), ...(await postgres(quick))];
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const bench: Bench = {
  about:
    'One event appended in a transaction of its own, under a lease and with the read model fed, on the disk when it is back; beside the least that the same engine can do for the same bytes, which keeps none of the log’s promises but that one; on PostgreSQL beside an event store of npm’s registry, too, which keeps a stream’s expected version and no hash, fence or read model.',
  missed:
    'each append looks up the log’s last event, the stream’s, the lease and what the read models have taken in, hashes the event, inserts it into a table with three indexes, which a trigger guards, and writes the read models, all in one transaction: the bare insert does one of these. In SQLite it writes ten pieces of pages into the WAL where the bare one writes five, and takes some 45 µs more of the processor: without the disk, half of an append is what SQLite does in its ten statements, begin and commit, a fifth the three looks at whether the files are still the log’s, 6 % what is left to be collected. In PostgreSQL it is three round trips, as the bare one is, and seven statements in place of three, the first with the limits of its waits: of what the server’s processor does, two fifths are the looks, which are one statement (asked one by one they took twice as long), a quarter is the insert with its trigger and its indexes, a fifth begin, the log’s lock and commit, an eighth the read models; the client spends as much again. A round trip less would be had by asking for the commit together with the writes; an append whose connection is lost right then would no longer be known to be in no log.',
  run,
};
