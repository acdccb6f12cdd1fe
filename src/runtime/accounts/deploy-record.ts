/** Deploys of a time as the log tells them, event by event: what figures, reports and exports are made of. */
import type { DeployRequest, DomainEvent, EventType, Failure } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { heldStates } from '../../machine/waiting.ts';
import type { EventLog } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { actorIn } from '../actor.ts';
import { deploysProjection } from '../audit/deploys-table.ts';
import { factsOf, type Told } from '../audit/explain-facts.ts';
import { positionBefore } from '../log/positions.ts';
import { domainEvent, laneEvent, stateAfter, unlessUnreadable } from '../log/recorded.ts';
import { beginningOfRollback } from '../log/rollback-beginning.ts';
import { deployStream, laneStream } from '../log/streams.ts';

/** An event of a deploy with its place, and the state that it led to. */
export interface RecordedStep {
  readonly version: number;
  /** Global. */
  readonly position: number;
  /** ISO 8601. */
  readonly time: string;
  readonly hash: string;
  readonly event: DomainEvent;
  readonly to: string;
  /** Under whom the run went that wrote it. */
  readonly by: string;
}

export interface DeployRecord {
  readonly deploy: string;
  readonly request: DeployRequest;
  /** Oldest first; the first one is `deploy.requested`. */
  readonly steps: readonly [RecordedStep, ...RecordedStep[]];
}

/** From one time on, and before another: ISO 8601 in UTC, with milliseconds. */
export interface Period {
  readonly since: string;
  readonly until: string;
}

/** A lane's part of the log in a period: its deploys, in the order in which they were asked for, and its own events. */
export interface LaneRecord {
  readonly lane: string;
  readonly deploys: readonly DeployRecord[];
  readonly orders: readonly Told<LaneEvent>[];
  /** When a deploy was live last before the period: ISO 8601; null: none was. */
  readonly liveBefore: string | null;
}

const [daysMax, deploysMax] = [30, 100];

/**
 * What is recent in a lane: the thirty days up to the log's last event, or less where there were a hundred deploys since.
 * Null: the lane has none. It is so short that it is read while somebody waits for a page.
 */
export async function recentPeriod(log: EventLog, lane: string): Promise<Period | null> {
  const [last] = await log.readAll({ after: (await log.head()) - 1, limit: 1 });
  const rows = await projected(log).query(deploysProjection, (db) =>
    db
      .selectFrom('deploys')
      .select('requested_at')
      .where('lane', '=', lane)
      .orderBy('requested_position', 'desc')
      .limit(deploysMax),
  );
  const oldest = rows[deploysMax - 1]?.requested_at ?? '';
  if (last === undefined || rows.length === 0) return null;
  // A period ends before its end.
  const untilMs = Date.parse(last.time) + 1;
  const since = new Date(untilMs - daysMax * 24 * 60 * 60_000).toISOString();
  const [, later = since] = [since, oldest].sort();
  return { since: later, until: new Date(untilMs).toISOString() };
}

/** Null: there is no such deploy, or what it begins with is none. @throws UnreadableLog, LogFault */
export async function readDeployRecord(
  log: EventLog,
  deploy: string,
  until?: string,
): Promise<DeployRecord | null> {
  const steps: RecordedStep[] = [];
  for (const record of await log.readStream(deployStream(deploy))) {
    const { version, position, time, hash, metadata } = record;
    if (until !== undefined && time >= until) break;
    const event = domainEvent(record);
    const to = stateAfter(record) ?? steps.at(-1)?.to ?? '';
    steps.push({ version, position, time, hash, event, to, by: actorIn(metadata.actor) });
  }
  const [first, ...others] = steps;
  if (first?.event.type !== 'deploy.requested') return null;
  return { deploy, request: first.event.data, steps: [first, ...others] };
}

/** The event as the end of a person's rollback; null: it is none. */
export function endOfRollback(event: LaneEvent) {
  return event.type === 'rollback.done' || event.type === 'rollback.failed' ? event.data : null;
}

/**
 * What a lane did in a period. A deploy that came to rest before it is left out, unless it is held, and no other was live since; of any
 * other, and of the lane's own events, all that was recorded before the period's end is there. A rollback that ended in it has its
 * beginning, too, however long ago that was.
 *
 * @throws UnreadableLog, LogFault
 */
export async function readLaneRecord(
  log: EventLog,
  lane: string,
  { since, until }: Period,
): Promise<LaneRecord> {
  const live = await lastLive(log, lane, since);
  const rows = await projected(log).query(deploysProjection, (db) =>
    db
      .selectFrom('deploys')
      .select(['deploy', 'requested_position'])
      .where('lane', '=', lane)
      .where('requested_at', '<', until)
      .where((eb) =>
        eb.or([
          eb('settled', '=', 0),
          eb('since', '>=', since),
          eb('state', 'in', heldStates()).and('position', '>', live?.position ?? 0),
        ]),
      )
      .orderBy('requested_position'),
  );
  const deploys: DeployRecord[] = [];
  for (const { deploy } of rows) {
    const record = await readDeployRecord(log, deploy, until);
    if (record !== null) deploys.push(record);
  }
  const before = await positionBefore(log, since, await log.head());
  const first = Number(rows[0]?.requested_position ?? before + 1);
  const told = await factsOf(log).laneEvents(lane, Math.min(first - 1, before));
  const orders = await withBeginnings(
    log,
    lane,
    told.filter(({ time }) => time < until),
  );
  return { lane, deploys, orders, liveBefore: live?.since ?? null };
}

/** The deploy that was live last before that time. */
async function lastLive(
  log: EventLog,
  lane: string,
  before: string,
): Promise<{ since: string; position: number } | null> {
  const [row] = await projected(log).query(deploysProjection, (db) =>
    db
      .selectFrom('deploys')
      .select(['since', 'position'])
      .where('lane', '=', lane)
      .where('settled', '=', 1)
      .where('state', 'like', 'production%')
      .where('since', '<', before)
      .orderBy('position', 'desc')
      .limit(1),
  );
  return row === undefined ? null : { since: row.since, position: Number(row.position) };
}

/** Before them what began the rollbacks that ended among them, where that was earlier. */
async function withBeginnings(
  log: EventLog,
  lane: string,
  orders: readonly Told<LaneEvent>[],
): Promise<readonly Told<LaneEvent>[]> {
  const there = new Set(
    orders.flatMap(({ event }) => (event.type === 'rollback.begun' ? event.data.rollback : [])),
  );
  const earlier: Told<LaneEvent>[] = [];
  for (const { event, position } of orders) {
    const rollback = endOfRollback(event)?.rollback;
    if (rollback === undefined || there.has(rollback)) continue;
    const [end] = await log.readAll({ after: position - 1, limit: 1 });
    const begun = await beginningOfRollback(log, lane, { rollback, end: end?.version ?? 1 });
    if (begun === null) continue;
    earlier.push({ event: laneEvent(begun), time: begun.time, position: begun.position });
  }
  return [...earlier, ...orders];
}

/**
 * The deploys of all lanes that were asked for last, the newest first, one after the other: each is large. One that this
 * version cannot read is left out.
 *
 * @throws LogFault
 */
export async function* recentDeploys(log: EventLog, limit: number): AsyncGenerator<DeployRecord> {
  const rows = await projected(log).query(deploysProjection, (db) =>
    db.selectFrom('deploys').select('deploy').orderBy('requested_position', 'desc').limit(limit),
  );
  for (const { deploy } of rows) {
    const record = await readDeployRecord(log, deploy).catch(unlessUnreadable);
    if (record !== null) yield record;
  }
}

/** What was said of it in its lane's stream while it was under way: no more of that is read. @throws LogFault */
export async function ordersMeanwhile(
  log: EventLog,
  { request: { lane }, steps }: DeployRecord,
): Promise<Told<LaneEvent>[]> {
  const last = (steps.at(-1) ?? steps[0]).position;
  const found: Told<LaneEvent>[] = [];
  for (let after = steps[0].position - 1; ; ) {
    const events = await log.readAll({ after, limit: pageSize, streamPrefix: laneStream(lane) });
    for (const record of events) {
      // A prefix is of other lanes, too.
      if (record.stream !== laneStream(lane) || record.position > last) continue;
      const { time, position } = record;
      found.push({ event: laneEvent(record), time, position });
    }
    after = events.at(-1)?.position ?? last;
    if (events.length < pageSize || after >= last) return found;
  }
}

const pageSize = 200;

/** The ids of the deploys that were asked for in a time, of one lane or of all, the one asked for first first. */
export async function deploysAsked(
  log: EventLog,
  {
    lane,
    since,
    until,
  }: { readonly lane: string | null; readonly since: string | null; readonly until: string | null },
): Promise<string[]> {
  const rows = await projected(log).query(deploysProjection, (db) => {
    let query = db.selectFrom('deploys').select('deploy').orderBy('requested_position');
    if (lane !== null) query = query.where('lane', '=', lane);
    if (since !== null) query = query.where('requested_at', '>=', since);
    return until === null ? query : query.where('requested_at', '<', until);
  });
  return rows.map(({ deploy }) => deploy);
}

/** What the deploy failed with since it last went on, whatever came of its canary after that; null: it did not. */
export function failureOf({ steps }: Pick<DeployRecord, 'steps'>): Failure | null {
  const since = steps.findLastIndex(({ event }) => event.type === 'deploy.resumed');
  const why = steps.slice(since + 1).find(({ event }) => event.type === 'deploy.failed')?.event;
  return why?.type === 'deploy.failed' ? why.data.failure : null;
}

/** The last event of that type. */
export function lastOf<T extends EventType>(
  { steps }: Pick<DeployRecord, 'steps'>,
  type: T,
): (RecordedStep & { readonly event: Extract<DomainEvent, { type: T }> }) | null {
  const found = steps.findLast(({ event }) => event.type === type);
  return (found ?? null) as
    | (RecordedStep & { readonly event: Extract<DomainEvent, { type: T }> })
    | null;
}
