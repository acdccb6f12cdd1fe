/** Deploys as the log tells them: each row of the table of deploys is compared with its deploy's events. */
import type { Kysely } from 'kysely';
import {
  type EventLog,
  LogFault,
  type RecordedEvent,
  type StreamBeginning,
} from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { deployStream } from '../log/streams.ts';
import {
  type DeploysTable,
  type DeploysTables,
  deploysProjection,
  idsPerQuery,
  rowAfter,
} from './deploys-table.ts';

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

const streamPrefix = deployStream('');
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

/**
 * As `readDeploys`, with the events that each row was compared with; of these deploys only those whose last event is at
 * this global position or after it, where it is named.
 *
 * @throws LogFault
 */
export async function readDeployStories(
  log: EventLog,
  {
    limit = listLimit,
    lane,
    since = 0,
  }: { limit?: number | undefined; lane?: string | undefined; since?: number } = {},
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
  for (const row of rows) if (row.position >= since) compared.push(await storyOf(log, row));
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

/** The lanes of the deploys that were asked for last, by the table alone. */
export async function lanesOfNewest(log: EventLog, limit: number): Promise<readonly string[]> {
  const rows = await select(log, (db) => newestFirst(db).limit(limit));
  return [...new Set(rows.map(({ lane }) => lane))];
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
export async function storyOf(log: EventLog, row: DeploysTable): Promise<DeployStory> {
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
  const { deploy, lane, commit_id: commit, title, branch, build, state, since, reason } = row;
  const { requested_at: requestedAt, settled, version, position } = row;
  const same = { deploy, lane, commit, title, branch, build, state, since, requestedAt };
  return { ...same, settled: settled === 1, reason, version, position };
}
