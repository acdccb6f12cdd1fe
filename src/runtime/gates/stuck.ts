/**
 * Whether a commit that does not follow on what production runs is an old build, run again, or the newest that the
 * lane has: then nothing ships until a person acts, for every later commit of the branch will be refused as well.
 */
import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import type { Release, Stuck } from '../../machine/events.ts';
import type { Lane } from '../../machine/lane.ts';

/**
 * Null: an old build. It shipped before, or the lane was asked for a commit that follows on it. Where that cannot
 * be told it counts as none: a problem that is told once too often is better than a lane that is stuck unseen.
 *
 * @param commit the full id of what is refused
 * @param release what production runs
 */
export async function stuckAt(
  commit: string,
  release: Release,
  lane: Lane,
  history: History,
  ports: Ports,
): Promise<Stuck | null> {
  if (lane.live.includes(commit)) return null;
  for (const other of lane.asked.toReversed()) {
    if (other === commit) continue;
    if ((await history.relation(commit, other, ports)) === 'ahead') return null;
  }
  return {
    release: { id: release.id, version: release.version },
    first: lane.stuck !== release.id,
  };
}
