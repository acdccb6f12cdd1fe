/** What an explanation goes by: deploys and lanes as the log has them, and commits as git has them. */
import type { DomainEvent } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import type { EventLog } from '../../store/log.ts';
import { hasRun } from '../lock/living-runs.ts';
import { domainEvent, laneEvent } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';
import { type DeployEntry, indexedDeploys } from './deploy-index.ts';
import { readRollbacks } from './lane-marks.ts';

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
  /** The lane's deploys, the one asked for last first. */
  deploys(lane: string): Promise<readonly DeployEntry[]>;
  /** A deploy's events, oldest first; each is shown to be what was recorded. */
  events(deploy: string): Promise<readonly Told[]>;
  /** The lane's own events after a global position. */
  laneEvents(lane: string, after: number): Promise<readonly Told<LaneEvent>[]>;
  /** What people took production back by, oldest first: each that came to run, the last that was begun and that failed. */
  rollbacks(lane: string): Promise<readonly Told<RollbackEvent>[]>;
  /** Whether a run that is alive carries it on. */
  isRunning(deploy: string): Promise<boolean>;
}

/** How commits are related: git, or whatever stands in for it. */
export interface CommitOrder {
  /** Of the commits those that have this one, itself among them; `lacks`: why it may be more of them. */
  containing(
    commit: string,
    among: readonly string[],
  ): Promise<{ readonly having: ReadonlySet<string>; readonly lacks: string | null }>;
  /** Among what `head` has, those that undo or repeat it, the newest first. */
  echoes(commit: string, head: string): Promise<readonly Echo[]>;
}

export interface Echo {
  readonly kind: 'revert' | 'pick';
  readonly sha: string;
  readonly title: string;
}

const page = 1_000;

/** Reads each deploy once. */
export function factsOf(log: EventLog): ExplainFacts {
  const known = new Map<string, Promise<readonly Told[]>>();
  const lanes = new Map<string, Promise<readonly DeployEntry[]>>();
  const rollbacks = new Map<string, Promise<readonly Told<RollbackEvent>[]>>();
  return {
    deploys(lane) {
      const read = lanes.get(lane) ?? indexedDeploys(log, { lane });
      lanes.set(lane, read);
      return read;
    },
    events(deploy) {
      const read = known.get(deploy) ?? readEvents(log, deploy);
      known.set(deploy, read);
      return read;
    },
    laneEvents: (lane, after) => readLaneEvents(log, lane, after),
    rollbacks(lane) {
      const read = rollbacks.get(lane) ?? readRollbackEvents(log, lane);
      rollbacks.set(lane, read);
      return read;
    },
    isRunning: (deploy) => hasRun(log, deploy),
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

async function readLaneEvents(
  log: EventLog,
  lane: string,
  from: number,
): Promise<Told<LaneEvent>[]> {
  const found: Told<LaneEvent>[] = [];
  for (let after = from; ; ) {
    const events = await log.readAll({ after, limit: page, streamPrefix: laneStream(lane) });
    for (const record of events) {
      // A prefix is of other lanes, too.
      if (record.stream !== laneStream(lane)) continue;
      const { time, position } = record;
      found.push({ event: laneEvent(record), time, position });
    }
    if (events.length < page) return found;
    after = events.at(-1)?.position ?? after;
  }
}

async function readRollbackEvents(log: EventLog, lane: string): Promise<Told<RollbackEvent>[]> {
  const marks = await readRollbacks(log, lane);
  return marks.map(({ record }) => {
    const event = laneEvent(record) as RollbackEvent;
    return { event, time: record.time, position: record.position };
  });
}
