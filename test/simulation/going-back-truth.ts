/**
 * Whether somebody took production back, told from the world itself: from who made each release, what
 * people did to make it, and how its commit stands to the one before. Texts are not asked.
 */
import { production } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';

type Release = ReturnType<typeof releasesOf>[number];

export interface GoingBack {
  readonly what: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** A person's word for any one of these releases lifts it. */
  readonly liftedBy: readonly string[];
}

export interface Running {
  /** The id of the release that put it there. */
  readonly release: string;
  readonly commit: string | null;
  /** When the release was made that put it there: milliseconds since the epoch. */
  readonly at: number;
}

/** What production runs. */
export function runningOf(lane: LaneWorld): Running | null {
  const came = stretchOf(ranOf(lane))[0];
  return came === undefined ? null : { release: came.id, commit: came.commit, at: came.createdAt };
}

/** What took production back, or was to; empty: nothing. */
export function goingsBackOf(lane: LaneWorld): GoingBack[] {
  const ran = ranOf(lane);
  return [...takenBack(lane, ran), ...failedToGoBack(lane, ran)];
}

function takenBack(lane: LaneWorld, ran: readonly Release[]): GoingBack[] {
  const stretch = stretchOf(ran);
  const before = ran.slice(0, ran.length - stretch.length);
  const [came] = stretch;
  const rollback = stretch.findLast(({ id }) => lane.madeBy(id) === 'rollback');
  const liftedBy = stretch.map(({ id }) => id);
  if (rollback !== undefined) {
    return [{ what: `rolled back by v${rollback.version}`, at: rollback.createdAt, liftedBy }];
  }
  if (came === undefined || lane.madeBy(came.id) === undefined) return [];
  if (!isOlder(lane, came, before)) return [];
  return [{ what: `taken back by v${came.version}`, at: came.createdAt, liftedBy }];
}

/** What failed before anybody released code again: that it failed does not undo what was wanted. */
function failedToGoBack(lane: LaneWorld, ran: readonly Release[]): GoingBack[] {
  const decided = ran.findLast(({ id }) => lane.madeBy(id) !== 'config');
  const since = releasesOf(lane).filter(({ version }) => version > (decided?.version ?? 0));
  return since.flatMap(({ id, version, createdAt, ...release }) => {
    const made = lane.madeBy(id);
    if (release.status !== 'failed' || made === undefined || made === 'config') return [];
    if (made !== 'rollback' && !isOlder(lane, { version, ...release }, ran)) return [];
    const liftedBy = since.filter((one) => one.version >= version).map((one) => one.id);
    return [{ what: `to be taken back by v${version}, which failed`, at: createdAt, liftedBy }];
  });
}

/** Behind what ran before it, or a slug that ran before and does not go ahead of that. */
function isOlder(
  lane: LaneWorld,
  { slug, commit }: Pick<Release, 'slug' | 'commit' | 'version'>,
  before: readonly Release[],
): boolean {
  const last = before.at(-1);
  if (last === undefined || last.slug === slug || last.commit === null || commit === null) {
    return false;
  }
  const relation = lane.graph.relation(last.commit, commit);
  return relation === 'behind' || (relation !== 'ahead' && before.some((o) => o.slug === slug));
}

function releasesOf(lane: LaneWorld) {
  return lane.state().apps[production]?.releases ?? [];
}

const ranOf = (lane: LaneWorld): Release[] =>
  releasesOf(lane).filter(({ status, slug }) => /succeeded|expired/.test(status) && slug !== null);

/** The newest releases in a row of one slug. */
function stretchOf(ran: readonly Release[]): readonly Release[] {
  const slug = ran.at(-1)?.slug;
  return ran.slice(ran.findLastIndex((one) => one.slug !== slug) + 1);
}
