/** Looks for deploys in a lane's history, a page at a time. */
import { type Kysely, sql } from 'kysely';
import { type EventLog, LogFault } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { liveBeforeBacks } from './aftermath.ts';
import { type DeployStory, storyOf } from './deploys.ts';
import { beginsAs, type DeploysTables, deploysProjection, nameKept } from './deploys-table.ts';

/** Which deploys are wanted; what is left out does not matter. */
export interface DeploySearch {
  readonly lane: string;
  /** One of the nine states, or one within them. */
  readonly state?: string | undefined;
  /** Only what was live and may have been rolled back since: of what the log cannot tell by its indexes, more than that. */
  readonly isRolledBack?: boolean | undefined;
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

/** A page of what was searched for. `faults` are of deploys that match by their rows, and are not what was recorded; `next` is what the page after this one is asked with; null where this is the last. */
export interface FoundDeploys {
  readonly stories: readonly DeployStory[];
  readonly faults: readonly LogFault[];
  readonly next: number | null;
}

/** The deploys of a lane that are searched for, the one asked for last first. Each row is compared with its deploy's events. */
export async function searchDeploys(log: EventLog, search: DeploySearch): Promise<FoundDeploys> {
  const { limit } = search;
  const left = search.isRolledBack === true ? await liveBeforeBacks(log, search.lane) : null;
  const found = await projected(log).query(deploysProjection, (db) =>
    (left === null ? matching(db, search) : leftAmong(matching(db, search), left)).limit(limit + 1),
  );
  const rows = found.slice(0, limit);
  const stories: DeployStory[] = [];
  const faults: LogFault[] = [];
  for (const row of rows) {
    const story = await storyOf(log, row).catch(faultOf);
    if (story instanceof LogFault) faults.push(story);
    else stories.push(story);
  }
  const next = found.length > limit ? (rows.at(-1)?.requested_position ?? null) : null;
  return { stories, faults, next };
}

function faultOf(error: unknown): LogFault {
  if (error instanceof LogFault) return error;
  throw error;
}

/** Of those that match, which production may have been taken back from: by a person, or as a deploy met it. */
const leftAmong = (query: ReturnType<typeof matching>, left: readonly string[]) =>
  query
    .where('live_position', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('deploy', 'in', left.length === 0 ? [''] : left),
        eb.exists(
          eb
            .selectFrom('deploys as m')
            .select('m.deploy')
            .whereRef('m.lane', '=', 'deploys.lane')
            .whereRef('m.back_from', '=', 'deploys.released'),
        ),
      ]),
    );

function matching(
  db: Kysely<DeploysTables>,
  { lane, state, text: typed = '', person = '', since, until, after }: DeploySearch,
) {
  let query = db
    .selectFrom('deploys')
    .selectAll()
    .orderBy('requested_position', 'desc')
    .where('lane', '=', lane);
  if (state !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('state', '=', state), eb('state', 'like', `${state}.%`)]),
    );
  }
  if (since !== undefined) query = query.where('requested_at', '>=', since);
  if (until !== undefined) query = query.where('requested_at', '<', until);
  if (after !== undefined) query = query.where('requested_position', '<', after);
  if (person !== '') query = query.where(has('people', nameKept(person)));
  if (typed === '') return query;
  return query.where((eb) =>
    eb.or([has('title_sought', nameKept(typed)), has('names_sought', beginsAs(typed))]),
  );
}

/** A text of any length and no pattern, on either engine. */
const has = (column: 'people' | 'title_sought' | 'names_sought', part: string) =>
  sql<boolean>`replace(${sql.ref(column)}, ${part}, '') <> ${sql.ref(column)}`;
