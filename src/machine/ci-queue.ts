/** A lane whose queue is the CI's own list of builds, for teams without a shared log. Pure. */

/** A build of the lane's job on its branch, as the CI tells it. */
export interface CiBuild {
  /** Orders builds: the number of its pipeline or run. */
  readonly order: number;
  /** How the CI numbers it; null while it has no number. */
  readonly id: string | null;
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
 * As the article had it: an older build that runs goes first. With `skip`, a build that has to wait
 * gives way to a newer one that runs as well, so that the middle one of three exits. Builds that are
 * not running hold nobody back and supersede nobody: they may never run.
 */
export function decideCiTurn(options: {
  readonly me: CiBuild;
  readonly builds: readonly CiBuild[];
  readonly stacking: 'skip' | 'every';
}): CiTurn {
  const { me, builds, stacking } = options;
  const others = builds.filter(({ order, state }) => order !== me.order && state === 'running');
  const older = others.filter(({ order }) => order < me.order).sort((a, b) => a.order - b.order);
  const newest = others
    .filter(({ order }) => order > me.order)
    .sort((a, b) => b.order - a.order)[0];
  const [first] = older;
  if (first === undefined) return { kind: 'go' };
  if (stacking === 'skip' && newest !== undefined) return { kind: 'superseded', by: newest };
  return { kind: 'wait', behind: first };
}
