/** What an explanation goes by: deploys and lanes as the log has them, and commits as git has them. */
import type { Tag } from '../../machine/chart.ts';
import type { DomainEvent } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { isTagged, stateNames } from '../../machine/state-facts.ts';
import type { EventLog } from '../../store/log.ts';
import { hasRun } from '../lock/living-runs.ts';
import { laneEventsAfter } from '../log/lane-events-after.ts';
import { positionBefore } from '../log/positions.ts';
import { domainEvent, laneEvent } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';
import {
  type DeployEntry,
  deployIn,
  deploysIn,
  firstToMeet,
  indexedDeploys,
  movedBefore,
  newestAndOpen,
  type Stretch,
} from './deploy-index.ts';
import { readLaneMark } from './lane-marks.ts';
import { readRollbacks } from './rollback-marks.ts';

/** An event with its place. */
export interface Told<E = DomainEvent> {
  readonly event: E;
  /** ISO 8601. */
  readonly time: string;
  /** Global. */
  readonly position: number;
}

export type RollbackEvent = Extract<
  LaneEvent,
  { type: 'rollback.begun' | 'rollback.done' | 'rollback.failed' }
>;

export interface ExplainFacts {
  /** The lane's newest 200 deploys, and those that may go on, however old; the one asked for last first. */
  recent(lane: string): Promise<readonly DeployEntry[]>;
  /** The lane's deploys of exactly this commit, the one asked for last first. */
  of(lane: string, commit: string): Promise<readonly DeployEntry[]>;
  /** So many of the lane's deploys whose last event is before that position, the newest last event first. */
  moved(lane: string, before: number, limit: number): Promise<readonly DeployEntry[]>;
  /** Of each release that production had been taken back from, the first deploy that met that, where its last event is after that position. */
  firstToMeet(lane: string, after: number): Promise<readonly DeployEntry[]>;
  /** A stretch of the lane's deploys that became live, in the order in which they did. */
  live(lane: string, stretch: Stretch): Promise<readonly DeployEntry[]>;
  /** The deploy of that id; null: the lane has none. */
  deploy(lane: string, deploy: string): Promise<DeployEntry | null>;
  /** The position of the log's last event that is older than a time (ISO 8601). */
  positionBefore(time: string): Promise<number>;
  /** A deploy's events, oldest first; each is shown to be what was recorded. */
  events(deploy: string): Promise<readonly Told[]>;
  /** The lane's own events after a global position. */
  laneEvents(lane: string, after: number): Promise<readonly Told<LaneEvent>[]>;
  /** The last order by which a person lifted the hold of that release (its id); null: nobody did. */
  lift(lane: string, release: string): Promise<Told<LaneEvent> | null>;
  /** What people took production back by, oldest first: each that came to run, the last that was begun and that failed. */
  rollbacks(lane: string): Promise<readonly Told<RollbackEvent>[]>;
  /** Whether a run that is alive carries it on. */
  isRunning(deploy: string): Promise<boolean>;
}

/** How commits are related: git, or whatever stands in for it. */
export interface CommitOrder {
  /** When it was made, as it says itself (ISO 8601); null: the history here does not have it. */
  madeAt(commit: string): Promise<string | null>;
  /** Of the commits those that have this one, itself among them. */
  containing(
    commit: string,
    among: readonly string[],
  ): Promise<{ readonly having: ReadonlySet<string>; readonly lacks: Lack | null }>;
  /** Among what `head` has, those that say they undo it or repeat it, the newest first; asked again, as the history is then. */
  echoes(commit: string, head: string): Promise<readonly Echo[]>;
  /** Among what `head` has, the one with the same change, where the two are near. */
  samePatch(commit: string, head: string): Promise<Echo | null>;
}

/** Why it may be more commits than are told. */
export interface Lack {
  /** In words, as a clause. */
  readonly why: string;
  /** Where it can be asked again, as a sentence. */
  readonly remedy: string;
}

export interface Echo {
  readonly kind: 'revert' | 'pick';
  readonly sha: string;
  readonly title: string;
}

/** So many of the newest are looked at, whatever became of them. */
const newestMax = 200;
/** So many deploys of one commit are told of. */
const ofCommitMax = 1_000;

const tagged = (tag: Tag): string[] => stateNames().filter((name) => isTagged(name, tag));

/** Reads everything once: what is written meanwhile is no part of an answer. */
export function factsOf(log: EventLog): ExplainFacts {
  const held = tagged('held');
  const live = tagged('live');
  return {
    recent: once((lane) => newestAndOpen(log, lane, { limit: newestMax, states: held })),
    of: once(async (lane, commit) => {
      const all = await indexedDeploys(log, { commit, limit: ofCommitMax });
      return all.filter((one) => one.lane === lane);
    }),
    moved: once((lane, before, limit) => movedBefore(log, lane, { before, limit })),
    firstToMeet: once((lane, after) => firstToMeet(log, lane, after)),
    live: once((lane, stretch) => deploysIn(log, lane, live, stretch)),
    deploy: once((lane, deploy) => deployIn(log, lane, deploy)),
    positionBefore: once(async (time) => positionBefore(log, time, await log.head())),
    events: once((deploy) => readEvents(log, deploy)),
    laneEvents: (lane, after) => laneEventsAfter(log, lane, after),
    lift: once((lane, release) => readLift(log, lane, release)),
    rollbacks: once((lane) => readRollbackEvents(log, lane)),
    isRunning: (deploy) => hasRun(log, deploy),
  };
}

/** Asked again for the same, it gives what it gave. */
function once<A extends readonly unknown[], T>(
  read: (...asked: A) => Promise<T>,
): (...asked: A) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (...asked) => {
    const name = JSON.stringify(asked);
    const found = known.get(name) ?? read(...asked);
    known.set(name, found);
    return found;
  };
}

async function readEvents(log: EventLog, deploy: string): Promise<Told[]> {
  const records = await log.readStream(deployStream(deploy));
  return records.map((record) => ({
    event: domainEvent(record),
    time: record.time,
    position: record.position,
  }));
}

async function readLift(
  log: EventLog,
  lane: string,
  release: string,
): Promise<Told<LaneEvent> | null> {
  const mark = await readLaneMark(log, lane, 'rollback.lifted', release);
  if (mark === null) return null;
  const { record } = mark;
  return { event: laneEvent(record), time: record.time, position: record.position };
}

async function readRollbackEvents(log: EventLog, lane: string): Promise<Told<RollbackEvent>[]> {
  const marks = await readRollbacks(log, lane);
  return marks.map(({ record }) => {
    const event = laneEvent(record) as RollbackEvent;
    return { event, time: record.time, position: record.position };
  });
}
