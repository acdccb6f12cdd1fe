/** A lane whose queue is the CI's own list of builds, for teams without a shared log. Pure. */

/** A build of the lane's job on its branch, as the CI tells it. */
export interface CiBuild {
  /** Which is newer: the number of its pipeline or run, which a re-run keeps. */
  readonly order: number;
  /** How the CI numbers it; null while it has no number. */
  readonly id: string | null;
  /**
   * When this attempt began, in milliseconds since the epoch. Left out where `id` is given when a
   * build starts, and so tells who started first.
   */
  readonly startedAt?: number;
  /** What people call it. */
  readonly label: string;
  readonly commit: string;
  /**
   * - `running`: it deploys or waits to
   * - `pending`: it will run by itself, once the CI has room
   * - `held`: it waits for a person's approval
   * - `over`: it ended in any way, or was cancelled
   */
  readonly state: 'running' | 'pending' | 'held' | 'over';
}

export type CiTurn =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly behind: CiBuild }
  | { readonly kind: 'superseded'; readonly by: CiBuild };

/**
 * Whose turn it is by the CI's list: a build that started earlier and still runs goes first, for it may deploy.
 * That is not always an older one: a late build, or one that is run again, starts after newer ones.
 * With `skip`, a build that has to wait gives way to a newer one that waits as well, so that the
 * middle one of three exits. Builds that are not running hold nobody back and supersede nobody: they
 * may never run.
 */
export function decideCiTurn(options: {
  readonly me: CiBuild;
  readonly builds: readonly CiBuild[];
  readonly stacking: 'skip' | 'every';
}): CiTurn {
  const { me, builds, stacking } = options;
  const others = builds.filter(({ id, state }) => id !== me.id && state === 'running');
  const [first] = others.filter((other) => byStart(other, me) < 0).sort(byStart);
  if (first === undefined) return { kind: 'go' };
  const [newest] = others
    .filter((other) => other !== first && other.order > me.order)
    .sort((a, b) => b.order - a.order);
  if (stacking === 'skip' && newest !== undefined) return { kind: 'superseded', by: newest };
  return { kind: 'wait', behind: first };
}

/**
 * Whether that other build has to wait until this one is over before its own turn comes. Null: the list does
 * not show that both of them run, and says nothing of it.
 */
export function hasToWaitFor(options: {
  readonly me: CiBuild;
  /** Its `id`. */
  readonly other: string;
  readonly builds: readonly CiBuild[];
}): boolean | null {
  const { me, builds } = options;
  const other = builds.find(({ id }) => id === options.other);
  if (me.state !== 'running' || other?.state !== 'running') return null;
  return byStart(me, other) < 0;
}

/** A build of which nothing says that it started comes last. */
function byStart(a: CiBuild, b: CiBuild): number {
  const [startA, startB] = [startOf(a), startOf(b)];
  return startA === startB ? a.order - b.order : startA - startB;
}

function startOf({ startedAt, id }: CiBuild): number {
  return startedAt ?? (id === null ? Number.POSITIVE_INFINITY : Number(id));
}
