/** How a lane stands: what runs, what holds it, who holds the lock and who waits, what can be done, what became of its deploys. Pure. */
import { isTagged, stateFacts } from '../../machine/state-facts.ts';
import { describeStep } from '../../machine/step-words.ts';
import type { DeployRow } from '../audit/deploys.ts';
import { type Became, becameOf } from './became.ts';
import type { DeployFacts } from './deploy-facts.ts';
import { type Hold, holdsOf, isEnded } from './holds.ts';
import type { Known } from './known.ts';
import { withOrderer } from './ordered.ts';
import { type Place, placesOf } from './places.ts';
import { type ToDo, toDoOf } from './to-do.ts';

export interface LaneStanding {
  readonly lane: string;
  /** Production first, then what comes before it. */
  readonly places: readonly Place[];
  readonly holds: readonly Hold[];
  /** Who holds the lane; null: nobody. */
  readonly holder: Holder | null;
  readonly waiting: readonly Waiting[];
  readonly toDo: readonly ToDo[];
  /** The one that was asked for last first. */
  readonly deploys: readonly StoodDeploy[];
}

export interface Holder {
  /** The deploy's id, or a rollback's. */
  readonly deploy: string;
  /** ISO 8601. */
  readonly since: string;
  /** In words. */
  readonly doing: string;
  /** Whether a run carries it on: where none does, whoever comes next takes the lane over. */
  readonly running: boolean;
}

export interface Waiting {
  /** The deploy's id, or a rollback's. */
  readonly deploy: string;
  readonly since: string;
  /** The deploy that it waits for; null: it is about to be given the lane. */
  readonly behind: string | null;
}

export interface StoodDeploy {
  readonly row: DeployRow;
  readonly by: string;
  readonly running: boolean;
  readonly became: Became;
}

export function laneStanding(logged: Known): LaneStanding {
  const known = withOrderer(logged);
  const places = placesOf(known);
  const [production] = places;
  if (production === undefined) throw new Error('a lane has a production');
  const holds = holdsOf(known);
  const holder = holderOf(known);
  return {
    lane: known.lane,
    places,
    holds,
    holder,
    waiting: waitingOf(known, holder),
    toDo: toDoOf(known, holds, production),
    deploys: known.deploys.map((facts) => stood(facts, known, production)),
  };
}

/** How deploys stand that need not be among the newest, which say what production runs. */
export function stoodDeploys(
  logged: Known,
  deploys: readonly DeployFacts[],
): readonly StoodDeploy[] {
  const known = withOrderer(logged);
  const [production] = placesOf(known);
  if (production === undefined) throw new Error('a lane has a production');
  return deploys.map((facts) => stood(facts, known, production));
}

const stood = (facts: DeployFacts, known: Known, production: Place): StoodDeploy => ({
  row: facts.row,
  by: facts.by,
  running: !facts.row.settled && known.living.has(facts.row.deploy),
  became: becameOf(facts, known, production),
});

/** By the lane's own stream; where a CI's list gives the lane, by the deploy that says it holds it. */
function holderOf({ marks, deploys, living }: Known): Holder | null {
  const grant = marks['lock.granted'];
  const over = [marks['lock.released'], marks['lock.broken']].some(
    (mark) => mark !== undefined && mark.data.token === grant?.record.version,
  );
  if (grant !== undefined && !over) {
    const { deploy } = grant.data;
    const row = deploys.find((facts) => facts.row.deploy === deploy)?.row;
    const doing = row === undefined ? doingRollback(deploy, marks) : doingIn(row);
    return { deploy, since: grant.record.time, doing, running: living.has(deploy) };
  }
  if (grant !== undefined) return null;
  const byItself = deploys.find(
    ({ row }) => living.has(row.deploy) && isTagged(row.state, 'holdsLock'),
  );
  if (byItself === undefined) return null;
  const { row } = byItself;
  return { deploy: row.deploy, since: row.since, doing: doingIn(row), running: true };
}

function doingIn({ state }: DeployRow): string {
  const step = stateFacts(state)?.step ?? null;
  return step === null ? state : describeStep(step);
}

function doingRollback(name: string, marks: Known['marks']): string {
  const begun = marks['rollback.begun'];
  if (begun?.data.rollback !== name) return 'working';
  // Whatever else ends it gives the lane back with it.
  if (isEnded(begun, marks)) return 'its rollback was given up';
  return `taking production back to ${begun.data.to.version}`;
}

function waitingOf({ ordered, deploys, living }: Known, holder: Holder | null): Waiting[] {
  const behind = holder?.deploy ?? null;
  const rollbacks = ordered.map(({ rollback, at }) => ({ deploy: rollback, since: at, behind }));
  const others = deploys.flatMap(({ row: { deploy, state, since } }) => {
    const waits = stateFacts(state)?.step === 'acquireLock' && living.has(deploy);
    if (!waits || deploy === holder?.deploy) return [];
    return [{ deploy, since, behind }];
  });
  return [...rollbacks, ...others];
}
