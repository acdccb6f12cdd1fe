/** Reads what the log knows of a lane. What was recorded long ago costs nothing: each read is of so many events at most. */
import { emptyLane } from '../../machine/lane.ts';
import type { EventLog } from '../../store/log.ts';
import { type Aftermath, readAftermaths } from '../audit/aftermath.ts';
import {
  type DeployStory,
  lanesOfNewest,
  readDeployStories,
  readDeployStory,
} from '../audit/deploys.ts';
import { type LaneMarks, readLaneMark, readLaneMarks } from '../audit/lane-marks.ts';
import { type MarkedBack, readTakenBack } from '../audit/rollback-marks.ts';
import { readLane } from '../lock/lanes.ts';
import { hasRun, livingRuns } from '../lock/living-runs.ts';
import { unlessUnreadable } from '../log/recorded.ts';
import { laneStream } from '../log/streams.ts';
import { type Became, hangsOnProduction } from './became.ts';
import { type DeployFacts, deployFacts } from './deploy-facts.ts';
import type { Known, Told, WaitingRollback } from './known.ts';
import { type StoodDeploy, stoodDeploys } from './standing.ts';

/** How a lane stands is told by its newest deploys: whatever is older is over. */
const standingMin = 20;
/** More lanes than that are asked for by their names. */
const lanesMax = 20;

/** What the log has of a lane, before its targets are asked. */
export interface Logged {
  readonly lane: string;
  readonly marks: LaneMarks;
  readonly takenBack: readonly MarkedBack[];
  /** Rollbacks that wait for it, the one that was ordered first first. */
  readonly ordered: readonly WaitingRollback[];
  readonly deploys: readonly DeployFacts[];
  /** What came after each deploy of which it is told what became of it. */
  readonly after: ReadonlyMap<string, Aftermath>;
  readonly living: ReadonlySet<string>;
}

/** Lanes of the log, that of the newest deploy first; `more` of them are not listed. */
export interface LoggedLanes {
  readonly lanes: readonly Logged[];
  readonly more: number;
}

/**
 * @param limit of how many deploys, at least, it is told what became of them
 * @param lane only this one; undefined: all of the log's
 * @throws LogFault what is stored is not what was recorded
 */
export async function readLanes(
  log: EventLog,
  { limit, lane }: { readonly limit: number; readonly lane: string | undefined },
): Promise<LoggedLanes> {
  const living = await livingRuns(log);
  const most = Math.max(limit, standingMin);
  if (lane !== undefined) {
    const stories = await readDeployStories(log, { limit: most, lane });
    return { lanes: [await readOne(log, lane, stories, living)], more: 0 };
  }
  const newest = await readDeployStories(log, { limit: most });
  const isAll = newest.length < most;
  const names = new Set([...newest.map(({ row }) => row.lane), ...(await lanesBegun(log))]);
  const listed = [...names].slice(0, lanesMax);
  const lanes: Logged[] = [];
  for (const name of listed) {
    const own = newest.filter(({ row }) => row.lane === name);
    const isEnough = isAll || own.length === newest.length;
    const stories = isEnough
      ? own
      : await readDeployStories(log, { limit: standingMin, lane: name });
    lanes.push(await readOne(log, name, stories, living));
  }
  return { lanes, more: names.size - listed.length };
}

/** The names of the lanes that `readLanes` reads, as the log has them: nothing of them is compared. */
export async function laneNames(log: EventLog): Promise<readonly string[]> {
  const newest = await lanesOfNewest(log, standingMin);
  return [...new Set([...newest, ...(await lanesBegun(log))])].slice(0, lanesMax);
}

async function lanesBegun(log: EventLog): Promise<string[]> {
  const streams = await log.streams({ prefix: laneStream(''), limit: 1_000 });
  return streams.map(({ stream }) => stream.slice(laneStream('').length));
}

async function readOne(
  log: EventLog,
  lane: string,
  stories: readonly DeployStory[],
  living: ReadonlySet<string>,
): Promise<Logged> {
  const deploys = stories.map(deployFacts);
  const after = await readAftermathsOf(log, deploys);
  return {
    ...{ lane, ...(await readMarks(log, lane)), deploys, after, living },
    ordered: await waitingRollbacks(log, lane, stories, living),
  };
}

const readMarks = async (log: EventLog, lane: string) => ({
  marks: await readLaneMarks(log, lane),
  takenBack: await readTakenBack(log, lane),
});

const readAftermathsOf = (log: EventLog, deploys: readonly DeployFacts[]) =>
  readAftermaths(
    log,
    deploys.map(({ row }) => row.deploy),
  );

/** Of a lane that a newer version wrote to, nothing is known here. */
async function waitingRollbacks(
  log: EventLog,
  lane: string,
  stories: readonly DeployStory[],
  living: ReadonlySet<string>,
): Promise<WaitingRollback[]> {
  const deploys = new Set(stories.map(({ row }) => row.deploy));
  // The run of a rollback is of no deploy: without one the lane need not be read.
  if ([...living].every((one) => deploys.has(one))) return [];
  const { waiting } = (await readLane(log, lane).catch(unlessUnreadable)) ?? emptyLane;
  return waiting.flatMap(({ deploy, rollback }) =>
    rollback === undefined || !living.has(deploy) ? [] : [{ rollback: deploy, ...rollback }],
  );
}

/**
 * How deploys of a lane stand, however long ago they were asked for, as the log knows it: no target is asked.
 *
 * @throws LogFault
 */
export async function readStood(
  log: EventLog,
  lane: string,
  stories: readonly DeployStory[],
): Promise<readonly StoodDeploy[]> {
  const newest = await readDeployStories(log, { limit: standingMin, lane });
  const deploys = stories.map(deployFacts);
  const after = await readAftermathsOf(log, deploys);
  const said = { ...(await readMarks(log, lane)), deploys: newest.map(deployFacts) };
  return stoodDeploys({ lane, ...said, after, living: await livingRuns(log), ...offline }, deploys);
}

/**
 * What became of one deploy, likewise: of others only those are read, and compared with their events, on which that hangs.
 *
 * @throws LogFault
 */
export async function readBecame(log: EventLog, story: DeployStory): Promise<Became> {
  const { deploy, lane } = story.row;
  const facts = deployFacts(story);
  const after = await readAftermaths(log, [deploy]);
  const isOpen = hangsOnProduction(facts, after);
  // What was recorded before it was released there says nothing of what production runs since.
  const since = facts.released.production?.position ?? 0;
  const newest = isOpen ? await readDeployStories(log, { limit: standingMin, lane, since }) : [];
  const marks = isOpen ? await readMarks(log, lane) : { marks: {}, takenBack: [] };
  const living = await livingRuns(log);
  const said = { ...marks, deploys: newest.map(deployFacts) };
  const [stood] = stoodDeploys({ lane, ...said, after, living, ...offline }, [facts]);
  if (stood === undefined) throw new Error('a deploy stands somehow');
  const { became } = stood;
  if (became.by !== null) await readDeployStory(log, became.by);
  return became;
}

/** What became of a deploy hangs on no hold and no rollback that waits. */
const offline = {
  told: { kind: 'notAsked', why: '' },
  ordered: [],
  isLifted: () => false,
} as const;

/** What its own events say, where the log does not add up beside it: what became of it hangs on what came after. @throws LogFault of it */
export async function standsAlone(log: EventLog, story: DeployStory): Promise<StoodDeploy> {
  const { row, by } = deployFacts(story);
  const running = !row.settled && (await hasRun(log, row.deploy));
  const what = 'not known: the log does not add up beside it';
  return { row, by, running, became: { kind: 'unknown', what, by: null, at: null } };
}

/** With what the targets told, and whether a person lifted what they, or the log, know to hold. */
export async function knownOf(log: EventLog, logged: Logged, told: Told): Promise<Known> {
  const { lane, deploys, takenBack } = logged;
  const place = told.kind === 'asked' ? told.places.production : undefined;
  const candidates = new Set([
    ...(place?.kind === 'runs' && place.back !== null ? [place.back.release.id] : []),
    ...deploys.flatMap(({ sighting }) => sighting?.back?.release.id ?? []),
    ...takenBack.map(({ release }) => release.id),
  ]);
  const lifted = new Set<string>();
  for (const id of candidates) {
    if ((await readLaneMark(log, lane, 'rollback.lifted', id)) !== null) lifted.add(id);
  }
  return { ...logged, told, isLifted: (release) => lifted.has(release) };
}
