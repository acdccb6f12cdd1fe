/** The read model of deploys: what it says of each, and that it can always be made again from the log. */
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { type Engine, viewsSql } from '../../../src/runtime/accounts/views.ts';
import {
  deploysOf,
  lanesOfNewest,
  readDeploy,
  readDeployStories,
  readDeployStory,
  readDeploys,
  storyOf,
} from '../../../src/runtime/audit/deploys.ts';
import {
  type DeploysTable,
  deploysProjection,
  rowAfter,
} from '../../../src/runtime/audit/deploys-table.ts';
import { laneMarksProjection } from '../../../src/runtime/audit/lane-marks.ts';
import { stateAfter } from '../../../src/runtime/log/recorded.ts';
import {
  type EventLog,
  type JsonObject,
  LogFault,
  type RecordedEvent,
} from '../../../src/store/log.ts';
import { Statement } from '../../../src/store/procedure.ts';
import { type Projection, rebuildProjections } from '../../../src/store/projection.ts';
import { sample } from '../../machine/samples.ts';
import { execute } from '../../postgres/server.ts';
import { usePostgres } from '../../postgres/use-postgres.ts';
import { events, sqliteStore, type TestStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';
import {
  indexesOnPostgres,
  indexesOnSqlite,
  queryPlans,
  scansOnPostgres,
  scansOnSqlite,
} from './query-plans.ts';
import { wayToLive, writeDeploy, writeLane } from './written.ts';

const projections = [deploysProjection];

let nextId = 0;

function write(
  log: EventLog,
  deploy: string,
  type: string,
  data: JsonObject,
  transition: JsonObject,
) {
  const event = { id: `deploys-${nextId++}`, type, data, metadata: { transition } };
  return log.append([{ stream: `deploy/${deploy}`, expected: 'any', events: [event] }]);
}

function request(log: EventLog, deploy: string, lane = 'acme') {
  const data = {
    deploy,
    lane,
    branch: 'master',
    commit: { sha: 'c'.repeat(40), title: 'Add it', author: 'ada' },
    build: { label: '502', attempt: 1 },
  };
  return write(log, deploy, 'deploy.requested', data, {
    from: null,
    to: 'queued',
    settled: false,
    reason: null,
  });
}

const move = (
  log: EventLog,
  deploy: string,
  from: string,
  to: string,
  reason: string | null = null,
) => write(log, deploy, 'thing.happened', {}, { from, to, settled: reason !== null, reason });

const first = {
  deploy: '502-a',
  lane: 'acme',
  commit: 'c'.repeat(40),
  title: 'Add it',
  branch: 'master',
  build: '502',
  state: 'locked',
  since: '1970-01-01T00:00:01.000Z',
  requestedAt: '1970-01-01T00:00:00.000Z',
  settled: false,
  reason: null,
  version: 3,
  position: 4,
};

const second = {
  ...first,
  deploy: '503-b',
  lane: 'other',
  state: 'failed',
  since: '1970-01-01T00:00:03.000Z',
  requestedAt: '1970-01-01T00:00:01.000Z',
  settled: true,
  reason: 'the build failed',
  version: 2,
  position: 6,
};

/** Another program's SQL, on a connection of its own. */
type Outside<S> = (store: S, sql: string) => Promise<unknown[]>;

async function outsideSqlite({ file }: { readonly file: string }, sql: string): Promise<unknown[]> {
  const handle = new Database(file);
  try {
    const statement = handle.prepare(sql);
    return statement.reader ? statement.all() : [statement.run()];
  } finally {
    handle.close();
  }
}

const outsidePostgres: Outside<TestStore> = ({ url }, sql) =>
  execute(url, sql.replace(/(from|update) deploys/, '$1 lockstep.deploys'));

const postgres = usePostgres();

/** What runs the views' SQL and a question, as a program of people's own does. */
type Ask<S> = (store: S, views: string, question: string) => Promise<Record<string, unknown>[]>;

const askSqlite: Ask<{ file: string }> = async ({ file }, views, question) => {
  const handle = new Database(file, { readonly: true });
  try {
    handle.exec(views);
    return handle.prepare<[], Record<string, unknown>>(question).all();
  } finally {
    handle.close();
  }
};

const askPostgres: Ask<TestStore> = async ({ url }, views, question) => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(views);
    return (await client.query(question)).rows;
  } finally {
    await client.query('drop schema if exists reporting cascade');
    await client.end();
  }
};

describe('on SQLite', () =>
  readModel(sqliteStore, outsideSqlite, {
    ...{ engine: 'sqlite', ask: askSqlite, kept: [null] },
    time: '2026-01-05T10:00:00.000Z',
  }));
describe('on PostgreSQL', () =>
  readModel(postgres.store, outsidePostgres, {
    ...{ engine: 'postgres', ask: askPostgres, kept: [null, 'reporting'] },
    time: new Date('2026-01-05T10:00:00Z'),
  }));

describe('a statement on SQLite', () =>
  queryPlans(storeFixture(sqliteStore), { scans: scansOnSqlite, indexes: indexesOnSqlite }));
describe('a statement on PostgreSQL', () =>
  queryPlans(storeFixture(postgres.store), { scans: scansOnPostgres, indexes: indexesOnPostgres }));

interface Asked<S> {
  readonly engine: Engine;
  readonly ask: Ask<S>;
  /** In which schemas the views are kept. */
  readonly kept: readonly (string | null)[];
  /** A time as the engine gives it. */
  readonly time: unknown;
}

function readModel<S extends TestStore>(
  create: () => Promise<S>,
  outside: Outside<S>,
  { engine, ask, kept, time }: Asked<S>,
): void {
  const { open, store } = storeFixture(create);

  async function written() {
    const clock = { now: 0 };
    const log = await open({ projections, now: () => clock.now });
    await request(log, '502-a');
    clock.now = 1_000;
    await request(log, '503-b', 'other');
    await move(log, '502-a', 'queued', 'locked');
    clock.now = 2_000;
    await move(log, '502-a', 'locked', 'locked');
    await log.append([{ stream: 'lane/acme', expected: 'any', events: events(1) }]);
    clock.now = 3_000;
    await move(log, '503-b', 'queued', 'failed', 'the build failed');
    return log;
  }

  describe('views, for people’s own questions', () => {
    const live = 'd'.repeat(40);

    it.each(kept)('say what the events say (%s)', async (schema) => {
      const log = await open({ projections, now: () => Date.parse('2026-01-05T10:00:00Z') });
      const deploy = await writeDeploy(
        log,
        { label: '501', commit: live },
        wayToLive(live, null, 'v1'),
      );
      await request(log, '502-a');
      // Verified, and not live before its bake has ended.
      const next = { label: '503', commit: 'e'.repeat(40), bakeMs: 600_000 };
      const release = { id: 'release-v2', version: 'v2' };
      const bakes = sample('production.verified', { release, bakeMs: next.bakeMs });
      const way = wayToLive(next.commit, live, release.version).with(-1, bakes);
      const baking = await writeDeploy(log, next, way);
      await writeLane(log, {
        type: 'lane.disabled',
        data: { actor: 'ana', observed: 'seen', reason: "it's late" },
      });
      const before = await log.headDigest();
      const made = viewsSql(engine, schema);
      const at = schema === null ? '' : `"${schema}".`;
      const rows = (view: string, order: string) =>
        ask(store(), made, `select * from ${at}lockstep_${view} order by ${order}`);
      const [of501, of502, of503] = await rows('deploys', 'requested_at, deploy');
      expect(of501).toMatchObject({
        ...{ deploy, lane: 'acme-web', commit_id: live, author: 'Ana Lima', build: '501' },
        ...{ state: 'production.live', live_at: time, changed_at: time },
      });
      expect(Boolean(of501?.settled)).toBe(true);
      expect(of502).toMatchObject({ deploy: '502-a', state: 'queued', live_at: null });
      expect(Boolean(of502?.settled)).toBe(false);
      expect(of503).toMatchObject({ state: 'production.verifying.baking', live_at: null });
      const all = await rows('transitions', 'position');
      expect(all.filter((move) => move.deploy === baking)).toHaveLength(way.length + 1);
      const moves = all.filter((move) => move.deploy !== baking);
      const recorded = await log.readStream(`deploy/${deploy}`);
      expect(moves.slice(0, -1).map(({ type, to_state }) => [type, to_state])).toEqual(
        recorded.map((event) => [event.type, stateAfter(event)]),
      );
      expect(moves.map(({ seconds }) => (seconds === null ? null : Number(seconds)))).toEqual([
        null,
        ...recorded.slice(1).map(() => 0),
        null,
      ]);
      expect(await rows('lane_orders', 'position')).toMatchObject([
        { lane: 'acme-web', type: 'lane.disabled', actor: 'ana', reason: "it's late" },
      ]);
      expect(await rows('releases', 'position')).toMatchObject([
        { deploy, environment: 'staging', release: 'v1', commit_id: live },
        { deploy, environment: 'production', release: 'v1', release_id: 'release-v1' },
        { deploy: baking, environment: 'staging', release: 'v2' },
        { deploy: baking, environment: 'production', release: 'v2' },
      ]);
      // The log is still one, and the same: no view is in it.
      expect(await (await open({ projections })).headDigest()).toEqual(before);
    });
  });

  describe('readDeploys', () => {
    it('gives each deploy as its events left it, the one asked for last first', async () => {
      expect(await readDeploys(await written())).toEqual([second, first]);
    });

    it('gives those of one lane, or only so many', async () => {
      const log = await written();
      expect(await readDeploys(log, { lane: 'acme' })).toEqual([first]);
      expect(await readDeploys(log, { lane: 'none' })).toEqual([]);
      expect(await readDeploys(log, { limit: 1 })).toEqual([second]);
    });

    it('keeps the reason and the time of a state through events that do not change it', async () => {
      const log = await written();
      await move(log, '503-b', 'failed', 'failed');
      const [row] = await readDeploy(log, '503-b');
      expect(row).toMatchObject({ since: second.since, reason: second.reason, version: 3 });
      await move(log, '503-b', 'failed', 'queued');
      expect((await readDeploy(log, '503-b'))[0]).toMatchObject({ state: 'queued', reason: null });
    });

    it('reads the events of those that moved since, and of no others', async () => {
      const log = await written();
      const storiesSince = async (since: number) =>
        (await readDeployStories(log, { since })).map(({ row, events: all }) => [
          row.deploy,
          all.map(({ version }) => version),
        ]);
      expect(await storiesSince(0)).toEqual([
        ['503-b', [1, 2]],
        ['502-a', [1, 2, 3]],
      ]);
      expect(await storiesSince(4)).toHaveLength(2);
      expect(await storiesSince(5)).toEqual([['503-b', [1, 2]]]);
    });

    it('takes in deploys that say nothing it knows, and never stops an append', async () => {
      const log = await open({ projections });
      await write(log, 'odd', 'deploy.requested', { commit: [1], build: 'x', lane: 5 }, {});
      await write(log, 'odd', 'x', {}, { to: 7, settled: 'yes', reason: {} });
      await write(log, 'none', 'x', {}, { from: 'a', to: 'b' });
      // What no engine keeps as it is.
      const commit = { title: '\0 and \ud800', author: '\0\udc00' };
      await write(log, 'text', 'deploy.requested', { commit }, { to: '\ud800' });
      expect(await readDeploys(log)).toMatchObject([
        { deploy: 'text', title: '\u{FFFD} and \u{FFFD}', state: '\u{FFFD}' },
        { deploy: 'odd', state: '', version: 2 },
      ]);
    });
  });

  describe('readDeploy', () => {
    it('finds by the beginning of an id, and by a whole id that one alone', async () => {
      const log = await written();
      await request(log, '502-a.2');
      const ids = async (wanted: string) =>
        (await readDeploy(log, wanted)).map((row) => row.deploy);
      expect(await ids('50')).toEqual(['502-a.2', '503-b', '502-a']);
      expect(await ids('502')).toEqual(['502-a.2', '502-a']);
      expect(await ids('502-a')).toEqual(['502-a']);
      expect(await ids('5_2')).toEqual([]);
      expect(await ids('9')).toEqual([]);
    });
  });

  describe('a deploy by its whole id', () => {
    it('has its row and its events, and is none by the beginning of one', async () => {
      const log = await written();
      const story = await readDeployStory(log, '502-a');
      expect(story?.row).toEqual(first);
      expect(story?.events.map(({ version }) => version)).toEqual([1, 2, 3]);
      expect(await readDeployStory(log, '502')).toBeNull();
    });

    it('is read again where a run wrote to it meanwhile', async () => {
      const log = await written();
      const [old] = (await outside(
        store(),
        "select * from deploys where deploy = '502-a'",
      )) as DeploysTable[];
      const numbers = ['requested_position', 'version', 'position'] as const;
      const row = { ...(old as DeploysTable) };
      for (const name of numbers) row[name] = Number(row[name]);
      await move(log, '502-a', 'locked', 'verifying');
      const { row: read, events: all } = await storyOf(log, row);
      expect([read.state, read.version, all.length]).toEqual(['verifying', 4, 4]);
    });
  });

  describe('the deploys of a lane', () => {
    it('are named in the order in which they were asked for, with those of which nothing says whose they are', async () => {
      const log = await written();
      await request(log, '504-c');
      await write(log, 'odd', 'deploy.requested', {}, {});
      await move(log, '502-a', 'locked', 'verifying');
      expect(await deploysOf(log, 'acme')).toEqual(['502-a', '504-c', 'odd']);
      expect(await deploysOf(log, 'other', { after: 6 })).toEqual(['odd']);
      expect(await deploysOf(log, 'acme', { after: 8, limit: 1 })).toEqual(['502-a']);
      expect(await deploysOf(log, 'acme', { limit: 1 })).toHaveLength(1);
    });

    it('tell which lanes were asked for last', async () => {
      const log = await written();
      expect(await lanesOfNewest(log, 9)).toEqual(['other', 'acme']);
      expect(await lanesOfNewest(log, 1)).toEqual(['other']);
    });
  });

  /** The rows as they are kept, not as a query would bring them up to date. */
  const rowsKept = () => outside(store(), 'select deploy, state from deploys order by deploy');

  describe('the read model', () => {
    it('is written in the transaction of the append, and not at all when that is refused', async () => {
      const log = await written();
      await expect(
        log.append([
          { stream: 'deploy/new', expected: 0, events: events(1) },
          { stream: 'lane/acme', expected: 9, events: events(1) },
        ]),
      ).rejects.toThrow();
      expect(await rowsKept()).toEqual([
        { deploy: '502-a', state: 'locked' },
        { deploy: '503-b', state: 'failed' },
      ]);
    });

    it('keeps what the first of two events changed that are taken in together', () => {
      const event = (version: number, from: string, reason: string | null) => ({
        ...{
          position: version,
          stream: 'deploy/a',
          version,
          id: `${version}`,
          type: 'x',
          schema: 1,
        },
        data: {},
        metadata: { transition: { from, to: 'failed', settled: true, reason } },
        ...{ time: `2026-01-0${version}T00:00:00.000Z`, hash: '', previousHash: '' },
      });
      const both = [event(2, 'locked', 'no build'), event(3, 'failed', null)];
      expect(deploysProjection.apply(both).map(({ values }) => values)).toEqual([
        {
          ...{ deploy: 'a', version: 3, position: 3, state: 'failed', settled: 1 },
          ...{ reason: 'no build', since: both[0]?.time },
        },
      ]);
    });

    it('has what a newer version wrote, as far as its words are those of today', () => {
      const event = (version: number, type: string, data: object): RecordedEvent =>
        ({
          ...{ position: version, stream: 'deploy/a', version, id: `${version}`, type, data },
          ...{ schema: 99, metadata: {}, time: '2026-01-05T10:00:00.000Z' },
          ...{ hash: '', previousHash: '' },
        }) as never;
      const commit = { sha: 'c'.repeat(40), title: 'Add it', author: 'ada' };
      const requested = event(1, 'deploy.requested', { lane: 'acme', commit, build: [{}] });
      const all = [
        event(2, 'production.deployed', { release: { version: 'v9' } }),
        event(3, 'production.held', { rollback: { kind: 'rollback', before: 'v8' } }),
      ];
      const row = [requested, ...all].reduce<DeploysTable | undefined>(
        (before, one) => rowAfter(before, one) ?? undefined,
        undefined,
      );
      expect(row).toMatchObject({
        ...{ deploy: 'a', lane: 'acme', commit_id: commit.sha, title: 'Add it', branch: '' },
        ...{ build: '', state: '', since: requested.time, requested_at: requested.time },
        ...{ requested_position: 1, settled: 0, reason: null, version: 3, position: 3 },
        ...{ live_position: null, released: 'v9', back_from: null },
      });
      expect(all.map((one) => rowAfter(undefined, one))).toEqual([null, null]);
    });

    it('that is broken does not let its event through: both or neither', async () => {
      const broken: typeof deploysProjection = {
        ...deploysProjection,
        apply() {
          throw new Error('broken');
        },
      };
      const log = await open({ projections: [broken] });
      await expect(request(log, 'x')).rejects.toThrow('broken');
      expect(await log.head()).toBe(0);
    });

    it('catches up with a log that was written without it: at the opening, in an append, in a query', async () => {
      const plain = await open();
      await request(plain, 'a');
      const log = await open({ projections });
      expect(await rowsKept()).toEqual([{ deploy: 'a', state: 'queued' }]);
      await request(plain, 'b');
      await request(log, 'c');
      expect(await rowsKept()).toHaveLength(3);
      await request(plain, 'd');
      expect(await readDeploys(log)).toHaveLength(4);
      await move(plain, 'd', 'queued', 'locked');
      expect(await readDeploy(plain, 'd')).toMatchObject([{ state: 'locked' }]);
    });

    it('is brought up to date in memory for a reader that cannot write', async () => {
      const plain = await open();
      await request(plain, 'a');
      const reader = await open({ projections, readOnly: true });
      expect(await readDeploys(reader)).toMatchObject([{ deploy: 'a', state: 'queued' }]);
      await move(plain, 'a', 'queued', 'locked');
      await request(plain, 'b');
      expect(await readDeploys(reader)).toMatchObject([{ deploy: 'b' }, { state: 'locked' }]);
      await expect(rowsKept()).rejects.toThrow(/no such table|does not exist/);
      // And from the file again as soon as a writer keeps it there.
      await open({ projections });
      expect(await readDeploys(reader)).toMatchObject([{ deploy: 'b' }, { state: 'locked' }]);
    });

    it('is made again when its version is another one; an older program leaves it alone', async () => {
      await written();
      interface Tables {
        deploys: { deploy: string; state: string };
      }
      const insert = new Statement<Tables['deploys'], unknown, Tables>((db, { deploy, state }) =>
        db.insertInto('deploys').values({ deploy, state }),
      );
      const newer: Projection<Tables> = {
        name: deploysProjection.name,
        version: deploysProjection.version + 1,
        tables: ['deploys'],
        create({ db, run }) {
          const table = db.schema.createTable('deploys');
          run(table.addColumn('deploy', 'text').addColumn('state', 'text'));
        },
        apply: (all) => all.map(() => insert.with({ deploy: 'newer', state: 'x' })),
      };
      await open({ projections: [newer] });
      expect(await rowsKept()).toHaveLength(6);
      const log = await open({ projections: [deploysProjection, laneMarksProjection] });
      await move(log, '502-a', 'locked', 'verifying');
      expect(await rowsKept()).toHaveLength(6);
      expect(await readDeploys(log)).toMatchObject([{ deploy: '503-b' }, { state: 'verifying' }]);
      await rebuildProjections(log);
      expect(await rowsKept()).toHaveLength(6);
      // What the older one wrote the newer one takes in by itself.
      await open({ projections: [newer] });
      expect(await rowsKept()).toHaveLength(7);
    });

    it('of an older version is made again in an append, which its tables cannot stop', async () => {
      const log = await written();
      await outside(store(), "update projections set version = 0 where name = 'deploys'");
      await outside(store(), 'alter table deploys rename column state to stood');
      await move(log, '502-a', 'locked', 'verifying');
      expect(await rowsKept()).toEqual([
        { deploy: '502-a', state: 'verifying' },
        { deploy: '503-b', state: 'failed' },
      ]);
    });

    it('made again on demand is the same, whatever was in its tables', async () => {
      const log = await written();
      const before = await readDeploys(log);
      await outside(store(), "delete from deploys where deploy = '502-a'");
      await outside(store(), "update deploys set state = 'x'");
      await expect(readDeploys(log)).rejects.toThrow(LogFault);
      await rebuildProjections(log);
      expect(await rowsKept()).toHaveLength(2);
      expect(await readDeploys(log)).toEqual(before);
    });

    const edits: readonly [what: string, sql: string, position: number][] = [
      ...Object.entries({
        state: "'production.live'",
        since: "'2026-01-01T00:00:00.000Z'",
        title: "'Something else'",
        lane: "'other'",
        commit_id: "'x'",
        branch: "'x'",
        build: "'x'",
        reason: "'x'",
        settled: '1',
        requested_at: "'x'",
        requested_position: '7',
        version: '2',
        position: '3',
        people: "replace(people, 'ADA', 'BO')",
        title_sought: "'x'",
        names_sought: "'x'",
      }).map(
        ([column, value]) =>
          [
            `its ${column}`,
            `update deploys set ${column} = ${value} where deploy = '502-a'`,
            4,
          ] as const satisfies [string, string, number],
      ),
      ['a row that was deleted', "delete from deploys where deploy = '502-a'", 1],
      [
        'a row of a deploy that never was',
        "update deploys set deploy = 'x' where deploy = '503-b'",
        2,
      ],
    ];
    it.each(edits)('that was edited is found, with the position: %s', async (_, sql, position) => {
      const log = await written();
      await outside(store(), sql);
      await expect(readDeploys(log)).rejects.toMatchObject({ code: 'E_LOG_FAULT', position });
      const id = position === 2 ? '503-b' : '502-a';
      await expect(readDeploy(log, id)).rejects.toMatchObject({ code: 'E_LOG_FAULT', position });
    });

    it('is told of in words, and whether its own events add up', async () => {
      const log = await written();
      const faultOf = (read: Promise<unknown>) =>
        read.then(
          () => null,
          ({ stream, position, reason }: LogFault) => [stream, position, reason],
        );
      await outside(store(), "update deploys set state = 'x' where deploy = '502-a'");
      await outside(store(), "update deploys set deploy = 'x' where deploy = '503-b'");
      const addsUp = 'its events themselves add up';
      const noRow = ['deploy/503-b', 2, `the table of deploys has no row; ${addsUp}`];
      expect(await faultOf(readDeploys(log))).toEqual(noRow);
      expect(await faultOf(readDeploy(log, '503'))).toEqual(noRow);
      expect(await faultOf(readDeployStory(log, '503-b'))).toEqual(noRow);
      expect(await faultOf(readDeployStory(log, '502-a'))).toEqual([
        ...['deploy/502-a', 4, `the table of deploys has another state; ${addsUp}`],
      ]);
      expect(await faultOf(readDeploys(log, { lane: 'other' }))).toEqual([
        ...['deploy/x', 6, 'version 1 of the stream is missing: its last one was 2'],
      ]);
    });

    it('catches up in steps with a log longer than one step', async () => {
      const plain = await open();
      await request(plain, 'a');
      const many = events(2_500).map((event) => ({
        ...event,
        metadata: { transition: { from: 'queued', to: 'queued', settled: false, reason: null } },
      }));
      await plain.append([{ stream: 'deploy/a', expected: 1, events: many }]);
      for (const readOnly of [true, false]) {
        const log = await open({ projections, readOnly });
        expect(await readDeploys(log)).toMatchObject([{ version: 2_501, position: 2_501 }]);
      }
    });
  });
}
