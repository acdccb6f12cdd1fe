/**
 * Deploys by their commits and lanes, as the table of deploys lists them. It is an index: what is concluded from a deploy
 * is read from its events.
 */
import type { Kysely } from 'kysely';
import type { EventLog } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { type DeploysTables, deploysProjection } from './deploys-table.ts';

export interface DeployEntry {
  readonly deploy: string;
  readonly lane: string;
  /** The full commit id. */
  readonly commit: string;
  readonly state: string;
  readonly settled: boolean;
  /** The global positions of its first and its last event. */
  readonly requestedPosition: number;
  readonly position: number;
}

const columns = [
  ...(['deploy', 'lane', 'commit_id', 'state', 'settled'] as const),
  ...(['requested_position', 'position'] as const),
];
const entries = (db: Kysely<DeploysTables>) => db.selectFrom('deploys').select(columns);

async function select(
  log: EventLog,
  build: (db: Kysely<DeploysTables>) => ReturnType<typeof entries>,
): Promise<DeployEntry[]> {
  const rows = await projected(log).query(deploysProjection, build);
  return rows.map(({ commit_id, settled, requested_position, position, ...same }) => ({
    ...same,
    commit: commit_id,
    settled: Number(settled) === 1,
    requestedPosition: Number(requested_position),
    position: Number(position),
  }));
}

/** The one asked for last first. */
export const byRequest = (found: readonly DeployEntry[]): DeployEntry[] =>
  found.toSorted((a, b) => b.requestedPosition - a.requestedPosition);

/** Those of the commits whose id begins so; the one asked for last first. */
export async function indexedDeploys(
  log: EventLog,
  { commit, limit }: { commit: string; limit: number },
): Promise<DeployEntry[]> {
  const found = await select(log, (db) =>
    entries(db)
      .where('commit_id', '>=', commit)
      // Behind every hex digit.
      .where('commit_id', '<', `${commit}g`)
      .limit(limit),
  );
  return byRequest(found);
}

/** The newest of a lane, and of the older ones those that are not settled or are in one of these states; the one asked for last first. */
export async function newestAndOpen(
  log: EventLog,
  lane: string,
  { limit, states }: { limit: number; states: readonly string[] },
): Promise<DeployEntry[]> {
  const newest = await select(log, (db) =>
    entries(db).where('lane', '=', lane).orderBy('requested_position', 'desc').limit(limit),
  );
  const oldest = newest.at(-1);
  if (oldest === undefined || newest.length < limit) return newest;
  const open = await select(log, (db) =>
    entries(db)
      .where('lane', '=', lane)
      .where('requested_position', '<', oldest.requestedPosition)
      .where((eb) => eb.or([eb('settled', '=', 0), eb('state', 'in', [...states])])),
  );
  return [...newest, ...byRequest(open)];
}

/** So many of a lane's deploys whose last event is before a position; the newest last event first. */
export function movedBefore(
  log: EventLog,
  lane: string,
  { before, limit }: { before: number; limit: number },
): Promise<DeployEntry[]> {
  return select(log, (db) =>
    entries(db)
      .where('lane', '=', lane)
      .where('position', '<', before)
      .orderBy('position', 'desc')
      .limit(limit),
  );
}

/** From more releases than that nobody is seen to have gone back in one lane. */
const metMax = 50;

/** Of each release that production had been taken back from, the first of a lane's deploys that met that, of those whose last event is after a position; the one asked for first first. */
export async function firstToMeet(
  log: EventLog,
  lane: string,
  after: number,
): Promise<DeployEntry[]> {
  const found = await select(log, (db) =>
    entries(db)
      .where('requested_position', 'in', (eb) =>
        eb
          .selectFrom('deploys')
          .select(({ fn }) => fn.min('requested_position').as('first'))
          .where('lane', '=', lane)
          .where('back_from', 'is not', null)
          .where('position', '>', after)
          .groupBy('back_from'),
      )
      .orderBy('requested_position', 'desc')
      .limit(metMax),
  );
  return found.reverse();
}

/** So many as are next to a position on one side of it; `before` leaves it out, and `after`, too. */
export type Stretch = ({ readonly before: number } | { readonly after: number }) & {
  readonly limit: number;
};

/** Of a lane's deploys in one of these states a stretch by their last events, the oldest of these first. */
export async function deploysIn(
  log: EventLog,
  lane: string,
  states: readonly string[],
  stretch: Stretch,
): Promise<DeployEntry[]> {
  const found = await select(log, (db) => {
    const all = entries(db)
      .where('lane', '=', lane)
      .where('state', 'in', [...states])
      .limit(stretch.limit);
    return 'after' in stretch
      ? all.where('position', '>', stretch.after).orderBy('position')
      : all.where('position', '<', stretch.before).orderBy('position', 'desc');
  });
  return 'after' in stretch ? found : found.reverse();
}

/** The lane's deploy of that id; null: it has none. */
export async function deployIn(
  log: EventLog,
  lane: string,
  deploy: string,
): Promise<DeployEntry | null> {
  const [found] = await select(log, (db) =>
    entries(db).where('deploy', '=', deploy).where('lane', '=', lane),
  );
  return found ?? null;
}

/** The names of all lanes that were asked for a deploy. */
export async function lanesIn(log: EventLog): Promise<string[]> {
  const rows = await projected(log).query(deploysProjection, (db) =>
    db.selectFrom('deploys').select('lane').distinct().orderBy('lane'),
  );
  return rows.map(({ lane }) => lane);
}

/** The ids of all deploys that were asked for since a time (ISO 8601), the one asked for first first. */
export async function deploysSince(log: EventLog, since: string | null): Promise<string[]> {
  const rows = await projected(log).query(deploysProjection, (db) => {
    const all = db.selectFrom('deploys').select('deploy').orderBy('requested_position');
    return since === null ? all : all.where('requested_at', '>=', since);
  });
  return rows.map(({ deploy }) => deploy);
}
