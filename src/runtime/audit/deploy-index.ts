/**
 * Deploys by their commits and lanes, as the table of deploys lists them. It is an index: what is concluded from a deploy
 * is read from its events.
 */
import type { EventLog } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { deploysProjection } from './deploys.ts';

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

type Narrowed = { readonly lane: string } | { readonly commit: string; readonly limit: number };

/** Those of one lane, or of the commits whose id begins so; the one asked for last first. */
export async function indexedDeploys(log: EventLog, by: Narrowed): Promise<DeployEntry[]> {
  const rows = await projected(log).query(deploysProjection, (db) => {
    const all = db
      .selectFrom('deploys')
      .select([
        'deploy',
        'lane',
        'commit_id',
        'state',
        'settled',
        'requested_position',
        'position',
      ]);
    return 'lane' in by
      ? all.where('lane', '=', by.lane).orderBy('requested_position', 'desc')
      : all
          .where('commit_id', '>=', by.commit)
          // Behind every hex digit.
          .where('commit_id', '<', `${by.commit}g`)
          .limit(by.limit);
  });
  return rows
    .map(({ commit_id, settled, requested_position, position, ...same }) => ({
      ...same,
      commit: commit_id,
      settled: Number(settled) === 1,
      requestedPosition: Number(requested_position),
      position: Number(position),
    }))
    .toSorted((a, b) => b.requestedPosition - a.requestedPosition);
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
