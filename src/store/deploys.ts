/** The read model of deploys: one row each, with the state that its events led to. It sits beside the log and knows its words. */
import { type Insertable, type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import type { EventLog, Json, JsonObject, RecordedEvent } from './log.ts';
import { type Projection, type ProjectionTx, projected } from './projection.ts';

/** A deploy as its last event left it. */
export interface DeployRow {
  readonly deploy: string;
  readonly lane: string;
  /** The full commit id. */
  readonly commit: string;
  /** The first line of the commit's message. */
  readonly title: string;
  readonly branch: string;
  /** The CI build's label. */
  readonly build: string;
  readonly state: string;
  /** When it came into that state: ISO 8601. */
  readonly since: string;
  readonly requestedAt: string;
  readonly settled: boolean;
  /** Why it is in that state, in words, where the state needs a reason. */
  readonly reason: string | null;
  /** The version of its stream that the row stands for. */
  readonly version: number;
  /** The global position of its last event. */
  readonly position: number;
}

interface DeploysTable {
  deploy: string;
  lane: string;
  commit_id: string;
  title: string;
  branch: string;
  build: string;
  state: string;
  since: string;
  requested_at: string;
  requested_position: number;
  settled: 0 | 1;
  reason: string | null;
  version: number;
  position: number;
}

interface DeploysTables {
  deploys: DeploysTable;
}

const streamPrefix = 'deploy/';

export const deploysProjection: Projection<DeploysTables> = {
  name: 'deploys',
  version: 1,
  tables: ['deploys'],

  create({ db, run }) {
    const text = ['lane', 'commit_id', 'title', 'branch', 'build', 'state', 'since'] as const;
    const numbers = ['requested_position', 'settled', 'version', 'position'] as const;
    let table = db.schema
      .createTable('deploys')
      .addColumn('deploy', 'text', (column) => column.notNull().primaryKey())
      .addColumn('requested_at', 'text', (column) => column.notNull())
      .addColumn('reason', 'text');
    for (const name of text) table = table.addColumn(name, 'text', (column) => column.notNull());
    for (const name of numbers) {
      table = table.addColumn(name, 'integer', (column) => column.notNull());
    }
    run(table);
  },

  apply(tx, event) {
    if (!event.stream.startsWith(streamPrefix)) return;
    if (event.type === 'deploy.requested' && event.version === 1) requested(tx, event);
    else moved(tx, event);
  },
};

function requested({ db, run }: ProjectionTx<DeploysTables>, event: RecordedEvent): void {
  const { data, time, version, position } = event;
  const commit = object(data.commit);
  const row: Insertable<DeploysTable> = {
    deploy: event.stream.slice(streamPrefix.length),
    lane: text(data.lane) ?? '',
    commit_id: text(commit.sha) ?? '',
    title: text(commit.title) ?? '',
    branch: text(data.branch) ?? '',
    build: text(object(data.build).label) ?? '',
    state: '',
    settled: 0,
    reason: null,
    ...transitionOf(event),
    since: time,
    requested_at: time,
    requested_position: position,
    version,
    position,
  };
  run(db.insertInto('deploys').values(row));
}

/** `since` is the time of the event that changed the state; one that did not keeps the reason, too. */
function moved({ db, run }: ProjectionTx<DeploysTables>, event: RecordedEvent): void {
  const { time, version, position } = event;
  const transition = transitionOf(event);
  const isMove = transition !== null && object(event.metadata.transition).from !== transition.state;
  const change: Updateable<DeploysTable> = { version, position };
  if (transition !== null) {
    change.state = transition.state;
    change.settled = transition.settled;
    if (isMove || transition.reason !== null) change.reason = transition.reason;
    if (isMove) change.since = time;
  }
  const deploy = event.stream.slice(streamPrefix.length);
  run(db.updateTable('deploys').set(change).where('deploy', '=', deploy));
}

/** What the runtime wrote into the event's metadata of where it led; null when it says nothing. */
function transitionOf({
  metadata,
}: RecordedEvent): Pick<DeploysTable, 'state' | 'settled' | 'reason'> | null {
  const { to, settled, reason } = object(metadata.transition);
  const state = text(to);
  if (state === null) return null;
  return { state, settled: settled === true ? 1 : 0, reason: text(reason) };
}

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

function object(value: Json | undefined): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}

const listLimit = 100;

/** Deploys, the one asked for last first; at most `limit` (100 when left out), of one lane when it is named. */
export async function readDeploys(
  log: EventLog,
  { limit = listLimit, lane }: { limit?: number | undefined; lane?: string | undefined } = {},
): Promise<DeployRow[]> {
  const rows = await projected(log).query(deploysProjection, (db) => {
    const newest = newestFirst(db).limit(limit);
    return lane === undefined ? newest : newest.where('lane', '=', lane);
  });
  return rows.map(toDeployRow);
}

/** The deploy with this id, or else every deploy whose id begins so, the one asked for last first. */
export async function readDeploy(log: EventLog, idOrPrefix: string): Promise<DeployRow[]> {
  const rows = await projected(log).query(deploysProjection, (db) =>
    newestFirst(db).where(
      sql<boolean>`substr(deploy, 1, ${[...idOrPrefix].length}) = ${idOrPrefix}`,
    ),
  );
  const exact = rows.filter(({ deploy }) => deploy === idOrPrefix);
  return (exact.length > 0 ? exact : rows).map(toDeployRow);
}

const newestFirst = (db: Kysely<DeploysTables>) =>
  db.selectFrom('deploys').selectAll().orderBy('requested_position', 'desc');

function toDeployRow(row: Selectable<DeploysTable>): DeployRow {
  const { commit_id, requested_at, requested_position: _, settled, ...same } = row;
  return { ...same, commit: commit_id, requestedAt: requested_at, settled: settled === 1 };
}
