/** What a rollback made whose run was over before it could tell: production says so, by what it runs and what it ran before. */
import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import { type Decision, isSameArtifact, type Target } from '../../effects/targets/target.ts';
import type { Release } from '../../machine/events.ts';
import type { Made, Ordered } from '../../machine/taken-back.ts';
import { observeSettled } from './production.ts';

/** What was ordered: production goes from one release back to another. */
export type Way = Pick<Ordered, 'from' | 'to'>;

/**
 * The release that goes exactly that way, whoever made it, as the rollback itself would adopt it; one that failed was meant all
 * the same. Releases of the same code between them, as by a changed configuration, make no difference. Null: there is none.
 *
 * @throws E_RELEASE_UNDER_WAY
 */
export async function madeByRollback(
  { from, to }: Way,
  target: Target,
  history: History,
  ports: Ports,
): Promise<Made | null> {
  if (!target.isReadable) return null;
  const { running, before, failed } = await observeSettled(target, history, ports);
  if (running === null) return null;
  const isOf = async (decision: Decision | null, { id }: Release): Promise<boolean> => {
    if (decision?.release.id === id) return true;
    const ran = decision === null ? null : await target.findRelease(id, ports);
    return isSameArtifact(decision?.artifact ?? null, ran?.artifact ?? null);
  };
  if (await isOf(running, from)) {
    for (const one of failed) {
      if (!one.isRollback || !(await isOf(one, to))) continue;
      return { release: one.release, commit: one.artifact?.commit ?? null, runs: false };
    }
    return null;
  }
  if (!running.isRollback || !(await isOf(running, to)) || !(await isOf(before, from))) return null;
  return { release: running.release, commit: running.artifact.commit, runs: true };
}
