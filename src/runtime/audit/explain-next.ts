/** What would let a commit go on, as an explanation says it. */
import { nextFor } from '../../machine/state-facts.ts';
import { tell } from '../../machine/story.ts';
import { afterFailure } from '../../machine/story-endings.ts';
import { carryOn } from '../../machine/story-words.ts';
import type { DeployEntry } from './deploy-index.ts';
import type { Told } from './explain-facts.ts';
import { endOf } from './explain-links.ts';
import type { Verdict } from './explanation.ts';

/** Null: there is nothing to say. */
export const lines = (...all: readonly (string | null)[]): string | null =>
  all.filter((line) => line !== null).join('\n') || null;

/** Where production was taken back since: by a deploy of it that was not over then, or a newer one; by hand, where a rollback holds. */
export function bringsBack(holds: boolean, open: DeployEntry | undefined): string {
  const next = open === undefined ? null : nextFor(open.state, open.deploy);
  if (next === null && holds) {
    return 'Deploys are held by that rollback. Ship one by hand, from a clone of its commit: pipeline advance --build LABEL --reason "…"';
  }
  return next ?? 'A newer commit of the branch brings it back, once its own deploy goes through.';
}

/** What the event that ended a deploy says can be done: of a stuck lane, that is by what production runs. Null: nothing, or it goes on. */
export function wayOut(events: readonly Pick<Told, 'event'>[], deploy: string): string | null {
  const end = endOf(events)?.event;
  return end === undefined ? null : tell(end, deploy).detail;
}

/** Where it did not ship. @param isRunning a run carries the deploy on; null: nothing has to be done */
export function nextOf(
  verdict: Verdict,
  { state, deploy }: DeployEntry,
  events: readonly Told[],
  isRunning: boolean,
): string | null {
  const end = endOf(events)?.event;
  switch (verdict) {
    case 'underWay':
      return isRunning ? null : carryOn(deploy);
    case 'failed':
      return [
        ...(end?.type === 'deploy.failed' ? afterFailure(end.data) : []),
        'This deploy is over. A newer commit of the branch ships it too, once its own deploy goes through.',
      ].join('\n');
    case 'contained':
      return null;
    case 'disabled':
      // What is not as it was comes before what can be done about it, and is in the headline.
      return wayOut(events, deploy)?.split('\n').at(-1) ?? nextFor(state, deploy);
    case 'diverged':
      return wayOut(events, deploy) ?? nextFor(state, deploy);
    default:
      return nextFor(state, deploy);
  }
}
