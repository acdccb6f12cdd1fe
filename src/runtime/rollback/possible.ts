/** Whether the target can have run again what a rollback was chosen to go back to: asked before anything is written. */
import type { Ports } from '../../effects/ports.ts';
import {
  isSameArtifact,
  type RanRelease,
  type Running,
  type Target,
} from '../../effects/targets/target.ts';
import { UsageError } from '../../errors/error.ts';
import type { Shipped } from '../../machine/lane.ts';
import type { RollbackPlan } from './choose.ts';

export interface Choice {
  readonly plan: RollbackPlan;
  /** What the lane verified in production, the last first. */
  readonly shipped: readonly Shipped[];
  readonly running: Running;
}

/** So many are asked about for a hint, and so many of them named. */
const askedMax = 10;
const namedMax = 5;

/** @throws UsageError E_NO_RELEASE it cannot run again; which of those that the lane verified can */
export async function mustBePossible(
  { plan, shipped, running }: Choice,
  target: Pick<Target, 'findRelease'>,
  ports: Ports,
): Promise<void> {
  // An earlier try may have made it already: whoever carries it out finds that first.
  if (plan.again) return;
  const { release } = plan.to;
  const whyNot = whyNotAgain(await target.findRelease(release.id, ports));
  if (whyNot === null) return;
  const others = shipped.filter((one) => !isSameArtifact(one.artifact, running.artifact));
  throw new UsageError(
    'E_NO_RELEASE',
    `production cannot be taken back to ${release.version}: ${release.version} ${whyNot}`,
    { hint: await possible(others, target, ports) },
  );
}

const whyNotAgain = (found: RanRelease | null): string | null =>
  found === null ? 'is not among the releases that the target tells of' : found.whyNot;

async function possible(
  shipped: readonly Shipped[],
  target: Pick<Target, 'findRelease'>,
  ports: Ports,
): Promise<string> {
  const names: string[] = [];
  for (const { release, deploy } of shipped.slice(0, askedMax)) {
    if (names.length === namedMax) break;
    // It is only a hint: what is not told of one hides nothing of the others.
    const whyNot = await target
      .findRelease(release.id, ports)
      .then(whyNotAgain, () => 'is not told of');
    ports.signal.throwIfAborted();
    if (whyNot === null) names.push(`${release.version} (${deploy})`);
  }
  return names.length === 0
    ? 'Nothing that this lane verified before can run again. Deploy a commit that is well: pipeline advance --build LABEL --reason "…"'
    : `Of what this lane verified before, these can run again: ${names.join(', ')}.`;
}
