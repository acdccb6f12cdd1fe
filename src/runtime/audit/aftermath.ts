/**
 * What came after a deploy in its lane: which one was live next, and how production was taken back from what it had released.
 * Found by indexes, however long ago it was and however much came since.
 */
import type { ExpressionBuilder, Kysely } from 'kysely';
import { goingBackIn } from '../../machine/taken-back.ts';
import type { EventLog } from '../../store/log.ts';
import { projected } from '../../store/projection.ts';
import { domainEvent, ifReadable } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';
import { type DeploysTables, deploysProjection, idsPerQuery } from './deploys-table.ts';
import { type BackMark, backsAfter, markedBack } from './rollback-marks.ts';

/** How production was taken back from what a deploy had released. */
export interface LeftBy {
  /** Who took it back: a person by `pipeline rollback`, or as the target names people. */
  readonly by: string;
  /** When: ISO 8601. */
  readonly at: string;
  /** The version that it went back to; null: nothing tells. */
  readonly to: string | null;
}

export interface Aftermath {
  /** The first deploy that became live after this one did, and when (ISO 8601); null: none, or this one was not live. */
  readonly next: { readonly deploy: string; readonly at: string } | null;
  /** Of those that were asked for after this one, the first that became live; null: none did. */
  readonly carrier: string | null;
  /** Null: production was not taken back from it before the next one was live, or nobody has met that yet. */
  readonly back: LeftBy | null;
}

/** Of each of these deploys (ids). @throws LogFault */
export async function readAftermaths(
  log: EventLog,
  deploys: readonly string[],
): Promise<ReadonlyMap<string, Aftermath>> {
  const found = new Map<string, Aftermath>();
  for (let from = 0; from < deploys.length; from += idsPerQuery) {
    const some = deploys.slice(from, from + idsPerQuery);
    const rows = await projected(log).query(deploysProjection, (db) => followed(db, some));
    for (const [lane, ofLane] of Map.groupBy(rows, (row) => row.lane)) {
      const first = Math.min(...ofLane.map((row) => row.live_position ?? Number.MAX_SAFE_INTEGER));
      const backs = await backsAfter(log, lane, first);
      for (const row of ofLane) found.set(row.deploy, await aftermathOf(log, row, backs));
    }
  }
  return found;
}

async function aftermathOf(
  log: EventLog,
  row: Followed,
  backs: readonly BackMark[],
): Promise<Aftermath> {
  const { next_deploy, next_at, carrier, live_position } = row;
  const next =
    next_deploy === null || next_at === null ? null : { deploy: next_deploy, at: next_at };
  const back =
    live_position === null
      ? null
      : ((await orderedFrom(log, row, backs)) ?? (await metFrom(log, row)));
  return { next, carrier, back };
}

/** Whether that was while what the deploy released was the last that was live. */
const isMeanwhile = ({ live_position, next_position }: Followed, position: number): boolean =>
  position > Number(live_position) && position < Number(next_position ?? Number.MAX_SAFE_INTEGER);

/** As the person's rollback tells. */
async function orderedFrom(
  log: EventLog,
  row: Followed,
  backs: readonly BackMark[],
): Promise<LeftBy | null> {
  const mark = backs.find(({ position }) => isMeanwhile(row, position));
  if (mark === undefined) return null;
  const { from, actor, time, to } = await markedBack(log, mark);
  // Somebody else may have released there before the rollback was begun.
  return from === row.released ? { by: actor, at: time, to: to.version } : null;
}

/** As the first deploy that met it tells. */
async function metFrom(log: EventLog, row: Followed): Promise<LeftBy | null> {
  if (row.met === null) return null;
  for (const record of await log.readStream(deployStream(row.met))) {
    const isIt = isMeanwhile(row, record.position);
    const event = isIt ? ifReadable(() => domainEvent(record)) : null;
    const back = event === null ? null : goingBackIn(event);
    if (back !== null && back.before === row.released)
      return { by: back.by, at: back.at, to: null };
  }
  return null;
}

/** How many of the last rollbacks are looked at. */
const backsMax = 200;

/** For each of the last rollbacks the deploy that was live when a person took production back. */
export async function liveBeforeBacks(log: EventLog, lane: string): Promise<readonly string[]> {
  const backs = (await backsAfter(log, lane, 0)).slice(-backsMax);
  const found = new Set<string>();
  for (const { position } of backs) {
    const [last] = await projected(log).query(deploysProjection, (db) =>
      db
        .selectFrom('deploys')
        .select('deploy')
        .where('lane', '=', lane)
        .where('live_position', '<', position)
        .orderBy('live_position', 'desc')
        .limit(1),
    );
    if (last !== undefined) found.add(last.deploy);
  }
  return [...found];
}

/** A deploy with what comes after it in its lane. */
interface Followed {
  readonly deploy: string;
  readonly lane: string;
  readonly live_position: number | null;
  readonly released: string | null;
  readonly next_deploy: string | null;
  readonly next_at: string | null;
  readonly next_position: number | null;
  readonly carrier: string | null;
  /** The first that met a going-back from what it had released. */
  readonly met: string | null;
}

function followed(db: Kysely<DeploysTables>, deploys: readonly string[]) {
  return db
    .selectFrom('deploys as d')
    .where('d.deploy', 'in', deploys)
    .select(['d.deploy', 'd.lane', 'd.live_position', 'd.released'])
    .select((eb) => [
      nextLive(eb).select('n.deploy').as('next_deploy'),
      nextLive(eb).select('n.since').as('next_at'),
      nextLive(eb).select('n.live_position').as('next_position'),
      eb
        .selectFrom('deploys as c')
        .select('c.deploy')
        .whereRef('c.lane', '=', 'd.lane')
        .whereRef('c.live_position', '>', 'd.requested_position')
        .whereRef('c.requested_position', '>', 'd.requested_position')
        .orderBy('c.live_position')
        .limit(1)
        .as('carrier'),
      eb
        .selectFrom('deploys as m')
        .select('m.deploy')
        .whereRef('m.lane', '=', 'd.lane')
        .whereRef('m.back_from', '=', 'd.released')
        .whereRef('m.position', '>', 'd.live_position')
        .orderBy('m.requested_position')
        .limit(1)
        .as('met'),
    ]);
}

const nextLive = (eb: ExpressionBuilder<DeploysTables & { d: DeploysTables['deploys'] }, 'd'>) =>
  eb
    .selectFrom('deploys as n')
    .whereRef('n.lane', '=', 'd.lane')
    .whereRef('n.live_position', '>', 'd.live_position')
    .orderBy('n.live_position')
    .limit(1);
