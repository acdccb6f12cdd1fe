/** What a person can still do something about, each with the exact command. What is over asks for nothing. Pure. */
import { sentence } from '../../format/words.ts';
import type { EventData } from '../../machine/events.ts';
import { nextFor, stateFacts } from '../../machine/state-facts.ts';
import { giveUp, resume, runAgain, takeBack } from '../../machine/story-words.ts';
import type { DeployFacts } from './deploy-facts.ts';
import { type Hold, newestOf, unendedRollback } from './holds.ts';
import type { Known } from './known.ts';
import type { Place } from './places.ts';

export interface ToDo {
  /** The deploy that it is about; null: the lane. */
  readonly deploy: string | null;
  readonly why: string;
  /** To be typed, one after the other. */
  readonly commands: readonly string[];
}

const reason = '--reason "…"';

export function toDoOf(known: Known, holds: readonly Hold[], production: Place): ToDo[] {
  const newest = newestOf(known);
  const of = (kind: Hold['kind']): Hold | undefined => holds.find((hold) => hold.kind === kind);
  const lane = of('lane');
  const rollback = of('rollback');
  const stuck = of('stuck');
  const unfinished =
    unfinishedRollback(known, rollback, production) ?? unverifiedRollback(known, production);
  const forDeploy = newest === null ? null : ofDeploy(newest, known, holds, production);
  return [
    ...(unfinished === null ? [] : [unfinished]),
    ...(lane === undefined
      ? []
      : [{ deploy: null, why: lane.what, commands: [`pipeline enable ${reason}`] }]),
    ...(stuck === undefined ? [] : [leaveStuck(stuck, production)]),
    ...(forDeploy === null ? [] : [forDeploy]),
    ...(rollback !== undefined &&
    rollback.release !== null &&
    newest?.end?.type !== 'production.held' &&
    !isShippedOver(rollback, newest, known)
      ? [shipAnyway(rollback, newest, known)]
      : []),
  ];
}

/** A rollback that was begun, and whose run is gone. */
function unfinishedRollback(
  known: Known,
  rollback: Hold | undefined,
  { version }: Place,
): ToDo | null {
  const begun = unendedRollback(known);
  // After a later deploy or release, production no longer runs what the rollback was to take back.
  const shipped = known.marks['lane.shipped']?.record.version ?? 0;
  if (begun === null || shipped > begun.record.version) return null;
  if (version !== null && version !== begun.data.from.version && rollback === undefined)
    return null;
  const { to } = begun.data;
  return {
    deploy: null,
    why: `the rollback to ${to.version} was begun and not ended. Carry it out, or give it up`,
    commands: [takeBack(to), giveUp],
  };
}

/** Its release runs, and what was to be shown of it was not. */
function unverifiedRollback(
  { takenBack: [last] }: Known,
  { version, verified }: Place,
): ToDo | null {
  if (last?.why == null || verified || last.release.version !== version) return null;
  const { to, why } = last;
  return {
    deploy: null,
    why: `production was taken back to ${to.version} and runs that, not verified (${version}): ${why}`,
    commands: [`pipeline rollback VERSION ${reason}`],
  };
}

function leaveStuck({ what }: Hold, { commit }: Place): ToDo {
  return {
    deploy: null,
    why: `${what}. Merge what production runs into the branch, or leave it behind`,
    commands: [
      ...(commit === null ? [] : [`git merge ${commit}`]),
      `pipeline advance --override ${reason}`,
    ],
  };
}

/** A person ships a deploy over it by hand, and that one is on its way. */
function isShippedOver({ release }: Hold, newest: DeployFacts | null, { living }: Known): boolean {
  if (newest === null || !living.has(newest.row.deploy)) return false;
  const { passesOver } = newest;
  return passesOver === 'any' || (passesOver !== 'none' && passesOver.release === release?.id);
}

/** No deploy waits for it: the next one will be held, unless a person ships it on their word. */
function shipAnyway({ what }: Hold, newest: DeployFacts | null, { living }: Known): ToDo {
  const goesOn = newest !== null && living.has(newest.row.deploy);
  const next = goesOn ? newest.row.deploy : 'the next deploy';
  return {
    deploy: null,
    why: `${what}; ${next} will be held. To ship a commit all the same, from a clone of it`,
    commands: [`pipeline advance --build LABEL ${reason}`],
  };
}

function ofDeploy(
  facts: DeployFacts,
  known: Known,
  holds: readonly Hold[],
  production: Place,
): ToDo | null {
  const { row, end } = facts;
  const { deploy } = row;
  const isAlive = known.living.has(deploy);
  const tags = stateFacts(row.state)?.tags;
  const isShipped = production.commit === row.commit && production.verified;
  const isOver = isShipped || (known.after.get(deploy)?.carrier ?? null) !== null;
  if (isAlive || tags?.includes('live') === true) return null;
  if (end?.type === 'production.held') {
    if (isOver || isOnItsWay(end.data, known)) return null;
    const isHeld = holds.some(({ kind }) => kind === 'rollback');
    const why = isHeld
      ? 'held by a rollback. Once the cause is mended'
      : 'it was held by a rollback that holds no longer; it goes on with';
    return { deploy, why, commands: [resume(deploy)] };
  }
  if (end?.type === 'production.disabled') {
    return isOver ? null : afterSwitch(facts, end.data, holds);
  }
  if (tags === undefined) return isOver ? null : inUnknownState(facts);
  if (isOver && row.settled) return null;
  if (tags.includes('failed')) return afterFailure(facts, production);
  if (isOver || row.settled) return null;
  const next = nextFor(row.state, deploy);
  if (next !== null) return { deploy, why: row.reason ?? 'it gave up', commands: [resume(deploy)] };
  return carriedOnByNobody(deploy);
}

const carriedOnByNobody = (deploy: string): ToDo => ({
  deploy,
  why: `no run carries it on: ${runAgain}, or`,
  commands: [resume(deploy)],
});

/** Its rollback comes first: until it is over there is nothing to do. */
const isOnItsWay = ({ rollback }: EventData<'production.held'>, { living }: Known): boolean =>
  rollback.kind === 'ordered' && living.has(rollback.rollback);

function afterSwitch(
  { row: { deploy } }: DeployFacts,
  {
    switch: which,
    killSwitch,
    distrust,
  }: Extract<DeployFacts['end'], { type: 'production.disabled' }>['data'],
  holds: readonly Hold[],
): ToDo {
  const commands = [resume(deploy)];
  if (which === 'environment') {
    return { deploy, why: `set ${killSwitch.name} to true where it runs, then`, commands };
  }
  if (which === 'lane') {
    const isOff = holds.some(({ kind }) => kind === 'lane');
    const why = isOff ? 'it waits for the lane; once that is enabled' : 'the lane is enabled again';
    return { deploy, why, commands };
  }
  const changes = distrust?.changes.join('; ') ?? '';
  return { deploy, why: `whoever accepts this lets it go on: ${changes}`, commands };
}

/** A failure that a newer deploy overtook asks for nothing. One whose release runs unverified may have to go. */
function afterFailure({ row, released }: DeployFacts, production: Place): ToDo {
  const { deploy } = row;
  const made = released.production?.release.version;
  const runs = made !== undefined && made === production.version;
  const said = row.reason ?? 'it failed';
  return {
    deploy,
    why: runs
      ? `${said}; production runs it (${made}), not verified. What happened, and the way back`
      : `${sentence(said)} Once the cause is mended, ${runAgain}. What happened`,
    commands: [`pipeline log ${deploy}`, ...(runs ? [`pipeline rollback ${reason}`] : [])],
  };
}

function inUnknownState({ row }: DeployFacts): ToDo {
  const { deploy, state, settled, reason: said } = row;
  if (!settled) return carriedOnByNobody(deploy);
  const why = `${said === null ? '' : `${sentence(said)} `}This version has no state ${state}; another one left the deploy there. If it waits for a person`;
  return { deploy, why, commands: [`pipeline log ${deploy}`, resume(deploy)] };
}
