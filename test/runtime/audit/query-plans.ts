/** No statement goes over what it does not show: each one that a log is read or written with finds its rows by an index. */
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { expect, it, vi } from 'vitest';
import { liveBeforeBacks, readAftermaths } from '../../../src/runtime/audit/aftermath.ts';
import {
  deployIn,
  deploysIn,
  indexedDeploys,
  movedBefore,
  newestAndOpen,
} from '../../../src/runtime/audit/deploy-index.ts';
import { deploysOf, readDeploy, readDeploys } from '../../../src/runtime/audit/deploys.ts';
import { readLaneMark, readLaneMarks, readShipped } from '../../../src/runtime/audit/lane-marks.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { searchDeploys } from '../../../src/runtime/audit/search-deploys.ts';
import { Lanes } from '../../../src/runtime/lock/lanes.ts';
import type { EventLog } from '../../../src/store/log.ts';
import type { ProjectedLog } from '../../../src/store/projection.ts';
import { sample } from '../../machine/samples.ts';
import { execute } from '../../postgres/server.ts';
import { events, type TestStore } from '../../store/events.ts';
import { wayToLive, writeDeploy, writeLane } from './written.ts';

/** Everything that a log is asked for, once at least. */
async function ask(log: ProjectedLog): Promise<void> {
  const commit = '1a5f89db'.padEnd(40, 'a');
  const deploy = await writeDeploy(log, { label: '1', commit }, wayToLive(commit, null, 'v1'));
  const person = { actor: 'a', observed: 'o', reason: 'r' };
  await writeLane(log, { type: 'lane.disabled', data: person });
  const release = { id: 'release-v2', version: 'v2' };
  const back = { rollback: 'r', target: 't', commit: null, to: release, ...person };
  await writeLane(log, { type: 'rollback.begun', data: { ...back, from: release } });
  await writeLane(log, { type: 'rollback.done', data: { ...back, release } });
  await log.readStream(`deploy/${deploy}`, { fromVersion: 3, limit: 2 });
  await new Lanes(log).readWith('acme-web', ['lane/acme-web']);
  await log.readAll({ after: 3, limit: 2 });
  await log.readAll({ after: 3, streamPrefix: 'lane/' });
  for (const prefix of ['lane/', 'deploy/1']) await log.streams({ prefix, limit: 1_000 });
  await log.streams({ prefix: 'deploy/', limit: 1 });
  await log.head();
  await log.headDigest();
  await log.firsts({ prefix: 'deploy/', limit: 1_000 });
  await leases(log);
  await log.saveCheckpoint('slack', { position: 1, state: {} });
  await log.checkpoint('slack');
  await readDeploys(log, { lane: 'acme-web' });
  await readDeploys(log);
  await readDeploy(log, deploy);
  await deploysOf(log, 'acme-web', { after: 1, limit: 10 });
  await readLaneMarks(log, 'acme-web');
  await readLaneMark(log, 'acme-web', 'rollback.lifted', 'v1');
  await readShipped(log, 'acme-web', 3);
  const failing = [sample('lock.acquired'), sample('deploy.failed', { step: 'observe' as const })];
  const failed = await writeDeploy(log, { label: '2', commit }, failing);
  await readAftermaths(log, [deploy]);
  await readAftermaths(log, [failed]);
  await liveBeforeBacks(log, 'acme-web');
  await searchDeploys(log, { lane: 'acme-web', isRolledBack: true, limit: 10 });
  await indexedDeploys(log, { commit, limit: 10 });
  await deployIn(log, 'acme-web', deploy);
  await newestAndOpen(log, 'acme-web', { limit: 1, states: ['superseded'] });
  // Who wants the newest asks for what is before the last place that there can be.
  const last = Number.MAX_SAFE_INTEGER;
  await searchDeploys(log, { lane: 'acme-web', person: 'ana', after: last, limit: 10 });
  await readShipped(log, 'acme-web', last);
  await movedBefore(log, 'acme-web', { before: last, limit: 2 });
  for (const side of [{ before: last }, { after: 3 }]) {
    await deploysIn(log, 'acme-web', ['production.live'], { ...side, limit: 2 });
  }
}

async function leases(log: EventLog): Promise<void> {
  const mine = await log.take('run/a', {}, 60_000);
  const fence = { resource: 'run/a', token: mine?.token ?? 0 };
  const grant = { resource: 'lane/acme-web', token: 7, owner: {}, ttlMs: 60_000 };
  await log.append([{ stream: 'lane/x', expected: 'any', events: events(1) }], { fence, grant });
  await log.append([{ stream: 'lane/x', expected: 'any', events: events(1) }], { release: grant });
  await log.renew(fence, 60_000);
  await log.lease('run/a');
  await log.leases('run/', { held: true });
  await log.release(fence);
}

const tables = ['events', 'leases', 'checkpoints', 'projections', 'deploys', 'lane_marks'];
const isQuery = (sql: string): boolean => /^\s*(select|insert|update|delete|with)\b/i.test(sql);

/** What was prepared or sent meanwhile, each once. */
async function statementsOf(work: () => Promise<void>): Promise<string[]> {
  const asked = new Set<string>();
  const { prepare } = Sqlite.prototype;
  const { query } = Client.prototype;
  const seen = (sql: unknown) => {
    const text = typeof sql === 'string' ? sql : (sql as { text?: string } | null)?.text;
    if (text !== undefined && isQuery(text)) asked.add(text);
  };
  const spies = [
    vi.spyOn(Sqlite.prototype, 'prepare').mockImplementation(function (this: never, sql: string) {
      seen(sql);
      return prepare.call(this, sql);
    } as never),
    vi.spyOn(Client.prototype, 'query').mockImplementation(function (
      this: never,
      ...of: unknown[]
    ) {
      seen(of[0]);
      return (query as (...args: unknown[]) => unknown).apply(this, of);
    } as never),
  ];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return [...asked];
}

/** Of a statement with a condition: which tables it goes over row by row, or which indexes it uses. */
export type PlanOf = (store: TestStore, sql: string) => Promise<readonly string[]>;

export const scansOnSqlite: PlanOf = async (store, sql) =>
  (await detailsOnSqlite(store, sql)).flatMap((detail) => /^SCAN (\w+)/.exec(detail)?.[1] ?? []);

export const indexesOnSqlite: PlanOf = async (store, sql) =>
  (await detailsOnSqlite(store, sql)).flatMap(
    (detail) => /USING INDEX (\w+)/.exec(detail)?.[1] ?? [],
  );

async function detailsOnSqlite({ url }: TestStore, sql: string): Promise<string[]> {
  const database = new Sqlite(url.replace('sqlite:', ''), { readonly: true });
  const values = sql
    .split('?')
    .slice(1)
    .map(() => null);
  const plan = database.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`);
  const details = plan.all(...values).map(({ detail }) => detail);
  database.close();
  return details;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Recheck Cond'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Small tables would be gone over whatever they are asked for. */
async function planOnPostgres({ url }: TestStore, sql: string): Promise<PlanNode> {
  const options = encodeURIComponent('-c enable_seqscan=off -c search_path=lockstep');
  const [row = {}] = await execute(
    `${url}?options=${options}`,
    `explain (generic_plan, format json) ${sql}`,
  );
  const [{ Plan }] = row['QUERY PLAN'] as [{ Plan: PlanNode }];
  return Plan;
}

export const scansOnPostgres: PlanOf = async (store, sql) => {
  const scanned = (node: PlanNode): string[] => {
    const condition = node['Index Cond'] ?? node['Recheck Cond'];
    const isScan = / Scan$/.test(node['Node Type']) && condition === undefined;
    const name = isScan && node.Filter !== undefined ? node['Relation Name'] : undefined;
    return [...(name === undefined ? [] : [name]), ...(node.Plans ?? []).flatMap(scanned)];
  };
  return scanned(await planOnPostgres(store, sql));
};

export const indexesOnPostgres: PlanOf = async (store, sql) => {
  await execute(store.url, 'analyze lockstep.leases');
  const used = (node: PlanNode): string[] => [
    ...[node['Index Name'] ?? []].flat(),
    ...(node.Plans ?? []).flatMap(used),
  ];
  return used(await planOnPostgres(store, sql));
};

export function queryPlans(
  fixture: { open(options: object): Promise<ProjectedLog>; store(): TestStore },
  { scans: scansOf, indexes }: { readonly scans: PlanOf; readonly indexes: PlanOf },
): void {
  it('goes over no table for what it does not show: each statement with a condition has its index', async () => {
    const log = await fixture.open({ projections });
    const asked = await statementsOf(() => ask(log));
    const conditioned = asked.filter((sql) => /\bwhere\b/i.test(sql));
    expect(conditioned.length).toBeGreaterThan(15);
    const scans: string[] = [];
    for (const sql of conditioned) {
      const over = (await scansOf(fixture.store(), sql)).filter((name) => tables.includes(name));
      if (over.length > 0) scans.push(`${over.join()}: ${sql}`);
    }
    expect(scans).toEqual([]);
  });

  it('finds the leases that are held without going over those that were given back', async () => {
    const log = await fixture.open({});
    for (let run = 0; run < 50; run++) {
      const mine = await log.take(`run/${run}`, {}, 60_000);
      if (mine !== null && run !== 7) await log.release(mine);
    }
    const [held = '', ...others] = await statementsOf(async () => {
      expect(await log.leases('run/', { held: true })).toMatchObject([{ resource: 'run/7' }]);
    });
    expect(others.filter((sql) => /\bleases\b/.test(sql))).toEqual([]);
    expect(await indexes(fixture.store(), held)).toEqual(['leases_held']);
  });
}
