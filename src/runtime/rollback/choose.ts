/** To which release a person's rollback goes back. Pure. */
import { isSameArtifact, type Running } from '../../effects/targets/target.ts';
import { UsageError } from '../../errors/error.ts';
import type { Artifact, Release } from '../../machine/events.ts';
import type { Rollback, Shipped } from '../../machine/lane.ts';

/** What is to run again. */
export interface Goal {
  readonly release: Release;
  /** The full commit id; null where nothing tells. */
  readonly commit: string | null;
  /** The deploy of the lane that verified it; null: none did, and somebody named it all the same. */
  readonly deploy: string | null;
}

export interface RollbackPlan {
  /** Its id, and the key that the target is given. */
  readonly id: string;
  readonly from: Release;
  readonly to: Goal;
  /** An earlier try began it, and it goes on. */
  readonly again: boolean;
}

export interface Situation {
  /** What the lane verified in production, the last first. */
  readonly shipped: readonly Shipped[];
  readonly running: Running;
  /** What other code ran there before that; null: none did, or it is not known. */
  readonly ranBefore: Artifact | null;
  /** What runs was gone back to. */
  readonly isTakenBack: boolean;
  /** What an earlier try began and did not end. */
  readonly unfinished: Rollback | null;
  /** A release that the lane did not verify, which the target knows by the name that was given; null: there is none. */
  readonly named: { readonly release: Release; readonly artifact: Artifact | null } | null;
  /** The id for a new one. */
  readonly newId: string;
}

/**
 * Without a name: the release that ran before the code that runs, where a deploy of the lane verified it, and else the last
 * that one verified before it verified the code that runs: what people went away from meanwhile is not gone back to. What an earlier try
 * began goes on, unless other code was released since: what it has done already is not done once more.
 *
 * @param name a version, a release's id, the id of the deploy that verified it, or the beginning of its commit's
 * @throws UsageError E_NO_RELEASE, E_RUNS_ALREADY, E_ROLLED_BACK
 */
export function chooseRollback(name: string | null, situation: Situation): RollbackPlan {
  const { shipped, running, ranBefore, isTakenBack, newId } = situation;
  const unfinished = goesOn(situation);
  if (unfinished !== null && (name === null || isCalled(unfinished, name))) {
    return goOn(unfinished, shipped);
  }
  const from = running.release;
  const fresh = (to: Goal): RollbackPlan => ({ id: newId, from, to, again: false });
  if (name !== null) return fresh(named(name, situation));
  // Code that somebody went back to runs in a release of its own: what was shipped after it is what they went away from.
  const runs = ({ release, artifact }: Shipped): boolean =>
    release.id === from.id || isSameArtifact(artifact, running.artifact);
  const earlier = shipped.slice(shipped.findIndex(runs) + 1).filter((one) => !runs(one));
  if (isTakenBack) throw rolledBack(running, earlier);
  const before = earlier.find(({ artifact }) => isSameArtifact(artifact, ranBefore)) ?? earlier[0];
  if (before === undefined) throw nothing(running);
  return fresh(goalOf(before));
}

/** What an earlier try began, where the target still runs what it was to leave, or something that was gone back to from that. */
function goesOn({
  unfinished,
  running,
  shipped,
  ranBefore,
  isTakenBack,
}: Situation): Rollback | null {
  if (unfinished === null || unfinished.from.id === running.release.id) return unfinished;
  if (!isTakenBack && !running.isRollback) return null;
  const left = shipped.find(({ release }) => release.id === unfinished.from.id);
  // Where nothing tells what ran before, whoever carries it out looks for what it made.
  const isUnknown = left === undefined || ranBefore === null;
  return isUnknown || isSameArtifact(left.artifact, ranBefore) ? unfinished : null;
}

const goalOf = ({ release, commit, deploy }: Shipped): Goal => ({ release, commit, deploy });

const isCalled = ({ to }: Rollback, name: string): boolean => [to.id, to.version].includes(name);

function goOn(
  { rollback: id, from, to, commit }: Rollback,
  shipped: readonly Shipped[],
): RollbackPlan {
  const deploy = shipped.find(({ release }) => release.id === to.id)?.deploy ?? null;
  return { id, from, to: { release: to, commit, deploy }, again: true };
}

function named(name: string, { shipped, running, named: known }: Situation): Goal {
  const isShort = /^[0-9a-f]{7,40}$/.test(name);
  const isIt = ({ release, deploy, commit }: Shipped): boolean =>
    [release.id, release.version, deploy].includes(name) || (isShort && commit.startsWith(name));
  const found = shipped.find(isIt);
  const goal = found === undefined ? unverified(known) : goalOf(found);
  if (goal === null) throw noRelease(name, shipped);
  const artifact = found?.artifact ?? known?.artifact ?? null;
  if (goal.release.id === running.release.id || isSameArtifact(artifact, running.artifact)) {
    throw runsAlready(name, running);
  }
  return goal;
}

function unverified(known: Situation['named']): Goal | null {
  if (known === null) return null;
  return { release: known.release, commit: known.artifact?.commit ?? null, deploy: null };
}

const versionsOf = (shipped: readonly Shipped[], when = ''): string => {
  const few = shipped.slice(0, 5).map(({ release, deploy }) => `${release.version} (${deploy})`);
  return few.length === 0
    ? `This lane has verified none${when}.`
    : `This lane verified${when} ${few.join(', ')}.`;
};

function nothing({ release }: Running): UsageError {
  return new UsageError(
    'E_NO_RELEASE',
    `no deploy of this lane has verified a release before ${release.version}`,
    { hint: 'Name one that the target keeps: pipeline rollback VERSION --reason "…"' },
  );
}

function noRelease(name: string, shipped: readonly Shipped[]): UsageError {
  return new UsageError(
    'E_NO_RELEASE',
    `neither the log nor the target knows a release ${name} that came to run`,
    {
      hint: versionsOf(shipped),
    },
  );
}

/** @param earlier what the lane verified before the code that runs */
function rolledBack({ release, by }: Running, earlier: readonly Shipped[]): UsageError {
  return new UsageError(
    'E_ROLLED_BACK',
    `production was taken back already: ${release.version}, by ${by}`,
    { hint: `To go further back, name the release. ${versionsOf(earlier, ' before it')}` },
  );
}

function runsAlready(name: string, { release }: Running): UsageError {
  return new UsageError(
    'E_RUNS_ALREADY',
    `production runs what ${name} is of already (${release.version})`,
    { hint: 'There is nothing to go back to. pipeline status shows what holds it.' },
  );
}
