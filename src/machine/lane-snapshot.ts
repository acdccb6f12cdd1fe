/** When a lane is written down whole, and what of it: so that reading it takes as long after a million events as after a hundred. Pure. */
import type { Lane, LaneSnapshot, Superseder, Waiter } from './lane.ts';

/** A snapshot is due after so many events, and written with the next grant. */
const eventsBetween = 100;
/**
 * In UTF-16 units of JSON. A longer snapshot, of a lane in which thousands wait, is not written: the lane is read from the one before.
 */
const lengthMax = 262_144;
/** For those who left, some eight thousand of them: each is named in one snapshot alone. Both together are shorter than an event may be. */
const leftLengthMax = 655_360;

export const isSnapshotDue = ({ version, snapshotAt }: Lane): boolean =>
  version - snapshotAt >= eventsBetween;

/** @param left who waits in it, and whose run is over */
export function snapshotOf(
  lane: Lane,
  left: readonly Pick<Waiter, 'deploy' | 'run'>[],
): LaneSnapshot {
  const { version: _, snapshotAt: __, waiting, superseded, lifted, trusted, ...same } = lane;
  const { deployed, asked, live, ...rest } = same;
  // A deploy waits once.
  const runs = new Map(left.map(({ deploy, run }) => [deploy, run]));
  const isLeft = (waiter: Waiter): boolean => runs.get(waiter.deploy) === waiter.run;
  return {
    ...rest,
    ...{ deployed: [...deployed], asked: [...asked], live: [...live] },
    left: left.map(({ deploy, run }) => ({ deploy, run })),
    waiting: waiting.filter((waiter) => !isLeft(waiter)).map(written),
    superseded: grouped(superseded),
    lifted: [...lifted],
    trusted: [...trusted],
  };
}

export const isShortEnough = ({ left, ...kept }: LaneSnapshot): boolean =>
  JSON.stringify(kept).length <= lengthMax && JSON.stringify(left).length <= leftLengthMax;

function written({ deploy, run, build, commit, first, rollback, yieldsTo }: Waiter) {
  return {
    ...{ deploy, run, build, commit, yieldsTo: [...yieldsTo] },
    ...(first === true ? { first } : {}),
    ...(rollback === undefined ? {} : { rollback }),
  };
}

/** Those that one deploy superseded stand together: they came into the lane's state together. */
function grouped(superseded: ReadonlyMap<string, Superseder>): LaneSnapshot['superseded'] {
  const groups: LaneSnapshot['superseded'] = [];
  for (const [deploy, by] of superseded) {
    const last = groups.at(-1);
    if (last !== undefined && isSame(last.by, by)) last.deploys.push(deploy);
    else groups.push({ by: { ...by }, deploys: [deploy] });
  }
  return groups;
}

const isSame = (a: Superseder, b: Superseder): boolean =>
  a.deploy === b.deploy && a.build === b.build && a.commit === b.commit;
