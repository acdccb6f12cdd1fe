/** The read model of deploys: one row each, with the state that its events led to. It sits beside the log and knows its words. */
import { type Kysely, sql } from 'kysely';
import {
  type EventLog,
  type Json,
  type JsonObject,
  LogFault,
  type RecordedEvent,
  type StreamBeginning,
} from '../../store/log.ts';
import { type BoundStatement, Statement } from '../../store/procedure.ts';
import { type Projection, projected } from '../../store/projection.ts';
import { actorIn } from '../actor.ts';
import { domainEvent, ifReadable } from '../log/recorded.ts';

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

export interface DeploysTable {
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

export interface DeploysTables {
  deploys: DeploysTable;
}

const streamPrefix = 'deploy/';

export const deploysProjection: Projection<DeploysTables> = {
  name: 'deploys',
  version: 3,
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
    // As indexes: for the newest of all deploys or of a lane's, for a lane's news, and for a commit's deploys.
    const columns = (...names: (keyof DeploysTable)[]) => names.map((name) => sql.ref(name));
    run(
      table
        .addUniqueConstraint('deploys_requested', columns('requested_position'))
        .addUniqueConstraint('deploys_of_lane', columns('lane', 'requested_position'))
        .addUniqueConstraint('deploys_moved', columns('lane', 'position'))
        .addUniqueConstraint('deploys_of_commit', columns('commit_id', 'requested_position')),
    );
  },

  apply(events) {
    const begun = new Map<string, DeploysTable>();
    const moved = new Map<string, Change>();
    for (const event of events) {
      const { stream } = event;
      if (!stream.startsWith(streamPrefix)) continue;
      const row = rowAfter(begun.get(stream), event);
      if (row !== null) begun.set(stream, row);
      else moved.set(stream, Object.assign(moved.get(stream) ?? {}, changeBy(event)));
    }
    return [
      ...[...begun.values()].map((row): BoundStatement => requested.with(row)),
      ...[...moved].map(([stream, change]) => update(stream, change)),
    ];
  },
};

const requested = new Statement<DeploysTable, unknown, DeploysTables>((db, row) => {
  const { deploy, lane, commit_id, title, branch, build, state, since, reason } = row;
  const { requested_at, requested_position, settled, version, position } = row;
  const texts = { deploy, lane, commit_id, title, branch, build, state, since, reason };
  return db
    .insertInto('deploys')
    .values({ ...texts, requested_at, requested_position, settled, version, position });
});

type Change = Partial<DeploysTable>;

/** One for each set of columns that events change: there are four, each with all that a smaller one has. */
const updates = new Map<string, Statement<Change, unknown, DeploysTables>>();

function updateOf(columns: readonly (keyof DeploysTable)[]) {
  const name = columns.join();
  let update = updates.get(name);
  if (update === undefined) {
    update = new Statement((db, values) => {
      const change: Change = Object.fromEntries(columns.map((column) => [column, values[column]]));
      return db
        .updateTable('deploys')
        .set(change)
        .where('deploy', '=', values.deploy ?? '');
    });
    updates.set(name, update);
  }
  return update;
}

/** A deploy's row as its first event makes it. */
function firstRow(event: RecordedEvent): DeploysTable {
  const { time, version, position } = event;
  const data = inTodaysWords(event);
  const commit = object(data.commit);
  return {
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
}

/** As it was written where this version cannot read it: the deploy is listed all the same. */
function inTodaysWords(event: RecordedEvent): JsonObject {
  const read = ifReadable(() => domainEvent(event));
  return read === null ? event.data : (read.data as unknown as JsonObject);
}

function update(stream: string, change: Change): BoundStatement {
  const statement = updateOf(Object.keys(change) as (keyof DeploysTable)[]);
  return statement.with({ ...change, deploy: stream.slice(streamPrefix.length) });
}

/** A deploy's row, changed in place, after one event more; null: there is none, for the events do not begin with the deploy's first. */
export function rowAfter(row: DeploysTable | undefined, event: RecordedEvent): DeploysTable | null {
  const isFirst = event.type === 'deploy.requested' && event.version === 1;
  if (isFirst) return firstRow(event);
  return row === undefined ? null : Object.assign(row, changeBy(event));
}

/** `since` is the time of the event that changed the state; one that did not keeps the reason, too. */
function changeBy(event: RecordedEvent): Change {
  const { time, version, position } = event;
  const transition = transitionOf(event);
  const isMove = transition !== null && object(event.metadata.transition).from !== transition.state;
  const change: Change = { version, position };
  if (transition !== null) {
    change.state = transition.state;
    change.settled = transition.settled;
    if (isMove || transition.reason !== null) change.reason = transition.reason;
    if (isMove) change.since = time;
  }
  return change;
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

/**
 * Deploys, the one asked for last first; at most `limit` (100 when left out), of one lane when it is
 * named. Each row is compared with its deploy's events, and none that the log has is left out.
 *
 * @throws LogFault a row is not what its events say, or they are not what was recorded
 */
export async function readDeploys(
  log: EventLog,
  options: { limit?: number | undefined; lane?: string | undefined } = {},
): Promise<DeployRow[]> {
  return (await readDeployStories(log, options)).map(({ row }) => row);
}

/** A deploy's row with all of its events, oldest first. */
export interface DeployStory {
  readonly row: DeployRow;
  readonly events: readonly RecordedEvent[];
}

/** As `readDeploys`, with the events that each row was compared with. @throws LogFault */
export async function readDeployStories(
  log: EventLog,
  { limit = listLimit, lane }: { limit?: number | undefined; lane?: string | undefined } = {},
): Promise<DeployStory[]> {
  const begun = lane === undefined ? await deploysBegun(log, limit) : [];
  const rows = await select(log, (db) => {
    const newest = newestFirst(db).limit(limit);
    return lane === undefined ? newest : newest.where('lane', '=', lane);
  });
  const oldest = rows.length < limit ? 0 : (rows.at(-1)?.requested_position ?? 0);
  const listed = new Set(rows.map(({ deploy }) => streamPrefix + deploy));
  const hidden = begun.find(({ stream, position }) => position > oldest && !listed.has(stream));
  if (hidden !== undefined) throw differs(hidden, 'has no row');
  const compared: DeployStory[] = [];
  for (const row of rows) compared.push(await storyOf(log, row));
  return compared;
}

/**
 * The deploy with this id, compared with its events; or else every deploy whose id begins so, the
 * one asked for last first, compared where it is the only one.
 *
 * @throws LogFault as for `readDeploys`
 */
export async function readDeploy(log: EventLog, idOrPrefix: string): Promise<DeployRow[]> {
  const begun = await deploysBegun(log, Number.MAX_SAFE_INTEGER, idOrPrefix);
  const exact = begun.find(({ stream }) => stream === streamPrefix + idOrPrefix);
  const named = exact === undefined ? begun : [exact];
  const rows: DeploysTable[] = [];
  for (let from = 0; from < named.length; from += idsPerQuery) {
    rows.push(...(await rowsOf(log, named.slice(from, from + idsPerQuery))));
  }
  const found = new Set(rows.map(({ deploy }) => streamPrefix + deploy));
  const hidden = named.find(({ stream }) => !found.has(stream));
  if (hidden !== undefined) throw differs(hidden, 'has no row');
  const [only, ...others] = rows;
  if (only === undefined || others.length > 0) return rows.map(toDeployRow);
  return [(await storyOf(log, only)).row];
}

/** The deploy of exactly this id; null: there is none. @throws LogFault as for `readDeploys` */
export async function readDeployStory(log: EventLog, id: string): Promise<DeployStory | null> {
  const begun = await deploysBegun(log, Number.MAX_SAFE_INTEGER, id);
  const exact = begun.find(({ stream }) => stream === streamPrefix + id);
  if (exact === undefined) return null;
  const [row] = await rowsOf(log, [exact]);
  if (row === undefined) throw differs(exact, 'has no row');
  return storyOf(log, row);
}

/** The names of a lane's deploys, the one asked for first first; of those that events after a position are of, where it is named. */
export async function deploysOf(
  log: EventLog,
  lane: string,
  { after = 0, limit = Number.MAX_SAFE_INTEGER }: { after?: number; limit?: number } = {},
): Promise<readonly string[]> {
  const rows = await projected(log).query(deploysProjection, (db) =>
    db
      .selectFrom('deploys')
      .select(['deploy', 'requested_position'])
      // What a newer version wrote may not say whose it is.
      .where('lane', 'in', [lane, ''])
      .where('position', '>', after)
      .limit(limit),
  );
  const inOrder = rows.toSorted((a, b) => a.requested_position - b.requested_position);
  return inOrder.map(({ deploy }) => deploy);
}

/** Engines take some ten thousand values in one query. */
const idsPerQuery = 1_000;

const newestFirst = (db: Kysely<DeploysTables>) =>
  db.selectFrom('deploys').selectAll().orderBy('requested_position', 'desc');

const select = (
  log: EventLog,
  build: (db: Kysely<DeploysTables>) => ReturnType<typeof newestFirst>,
): Promise<readonly DeploysTable[]> => projected(log).query(deploysProjection, build);

function rowsOf(
  log: EventLog,
  streams: readonly Pick<StreamBeginning, 'stream'>[],
): Promise<readonly DeploysTable[]> {
  const deploys = streams.map(({ stream }) => stream.slice(streamPrefix.length));
  return select(log, (db) => newestFirst(db).where('deploy', 'in', deploys));
}

async function deploysBegun(log: EventLog, limit: number, id = ''): Promise<StreamBeginning[]> {
  const streams = await log.streams({ prefix: streamPrefix + id, limit });
  return streams.filter(({ type }) => type === 'deploy.requested');
}

/**
 * The row, once its deploy's events say the same, and those.
 *
 * @throws LogFault
 */
async function storyOf(log: EventLog, row: DeploysTable): Promise<DeployStory> {
  const stream = streamPrefix + row.deploy;
  const events = await log.readStream(stream);
  const { version = 0 } = events.at(-1) ?? {};
  if (version > row.version) {
    // Written to since the row was read: it is there by now.
    const [newer] = await rowsOf(log, [{ stream }]);
    if (newer !== undefined && newer.version >= version) return storyOf(log, newer);
  }
  const told = events.reduce<DeploysTable | undefined>(
    (before, event) => rowAfter(before, event) ?? undefined,
    undefined,
  );
  const column = (Object.keys(row) as (keyof DeploysTable)[]).find(
    (name) => row[name] !== told?.[name],
  );
  if (column === undefined) return { row: toDeployRow(row), events };
  if (version < row.version) {
    const reason = `version ${version + 1} of the stream is missing: its last one was ${row.version}`;
    throw new LogFault({ stream, position: Number(row.position), reason });
  }
  throw differs({ stream, position: events.at(-1)?.position ?? 0 }, `has another ${column}`);
}

function differs(
  { stream, position }: Pick<StreamBeginning, 'stream' | 'position'>,
  what: string,
): LogFault {
  const reason = `the table of deploys ${what}; its events themselves add up`;
  return new LogFault({ stream, position, reason });
}

function toDeployRow(row: DeploysTable): DeployRow {
  const { commit_id, requested_at, requested_position: _, settled, ...same } = row;
  return { ...same, commit: commit_id, requestedAt: requested_at, settled: settled === 1 };
}

/** Which deploys are wanted; what is left out does not matter. */
export interface DeploySearch {
  readonly lane: string;
  /** One of the nine states, or one within them. */
  readonly state?: string | undefined;
  /** In the title, or the beginning of the commit, of the build or of the deploy's id. */
  readonly text?: string | undefined;
  /** Part of the name of somebody who wrote the commit, or under whom a run of the deploy went. */
  readonly person?: string | undefined;
  /** Asked for from this time on: ISO 8601. */
  readonly since?: string | undefined;
  /** Asked for before this time: ISO 8601. */
  readonly until?: string | undefined;
  /** From the page before: only what was asked for before its last one. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** To find somebody's deploys each one is read whole: so many are looked at for one page. */
const lookedAtMax = 500;
/** So many are looked at in one go. */
const perPause = 25;

/** A page of what was searched for. `next` is what the page after this one is asked with; null where this is the last. */
export interface FoundDeploys {
  readonly rows: readonly DeployRow[];
  readonly next: number | null;
}

/**
 * The deploys of a lane that are searched for, the one asked for last first. Each row is compared with its deploy's events.
 * Of a person a page may hold fewer than `limit`, or none, and not be the last: it is what the next 500 deploys have.
 *
 * @throws LogFault a row is not what its events say
 */
export async function searchDeploys(log: EventLog, search: DeploySearch): Promise<FoundDeploys> {
  const { limit, person = '' } = search;
  const most = person === '' ? limit : lookedAtMax;
  const found = await select(log, (db) => matching(db, search).limit(most + 1));
  const wanted = person.toLowerCase();
  const rows: DeployRow[] = [];
  for (const [i, row] of found.slice(0, most).entries()) {
    // Others are answered meanwhile.
    if (i > 0 && i % perPause === 0) await new Promise((resolve) => setImmediate(resolve));
    const story = await storyOf(log, row);
    if (wanted === '' || peopleOf(story).some((name) => name.toLowerCase().includes(wanted))) {
      rows.push(story.row);
    }
    const isLast = i === found.length - 1;
    if (!isLast && (rows.length === limit || i === most - 1)) {
      return { rows, next: row.requested_position };
    }
  }
  return { rows, next: null };
}

/** Who wrote the commit, and under whom the runs went that wrote the deploy's events. */
function peopleOf({ events }: DeployStory): string[] {
  const [first] = events;
  const author = first === undefined ? null : text(object(inTodaysWords(first).commit).author);
  const actors = events.map(({ metadata }) => actorIn(metadata.actor));
  return [...new Set([...(author === null ? [] : [author]), ...actors])];
}

function matching(
  db: Kysely<DeploysTables>,
  { lane, state, text: typed = '', since, until, after }: DeploySearch,
): ReturnType<typeof newestFirst> {
  const like = typed.replace(/[\\%_]/g, '\\$&').toLowerCase();
  let query = newestFirst(db).where('lane', '=', lane);
  if (state !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('state', '=', state), eb('state', 'like', `${state}.%`)]),
    );
  }
  if (since !== undefined) query = query.where('requested_at', '>=', since);
  if (until !== undefined) query = query.where('requested_at', '<', until);
  if (after !== undefined) query = query.where('requested_position', '<', after);
  if (like === '') return query;
  return query.where(
    sql<boolean>`(lower(title) like ${`%${like}%`} escape '\\' or lower(deploy) like ${`${like}%`} escape '\\' or commit_id like ${`${like}%`} escape '\\' or lower(build) like ${`${like}%`} escape '\\')`,
  );
}
