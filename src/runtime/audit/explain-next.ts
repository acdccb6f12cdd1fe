/** What would let a commit go on, as an explanation says it. */
import { nextFor } from '../../machine/state-facts.ts';
import { tell } from '../../machine/story.ts';
import { afterFailure } from '../../machine/story-endings.ts';
import { carryOn, runs } from '../../machine/story-words.ts';
import type { DeployEntry } from './deploy-index.ts';
import type { ExplainFacts, Told } from './explain-facts.ts';
import { endOf, type Link } from './explain-links.ts';
import { rollbacksSince } from './explain-rollbacks.ts';
import type { Explanation, Verdict } from './explanation.ts';

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

/** What production runs since a commit was refused for what that ran then. */
interface Since {
  /** In words; null: the same, or nobody looked. */
  readonly runs: string | null;
  /** Whether that has the commit. */
  readonly has: boolean;
  /** It was taken back, and no person has lifted that. */
  readonly holds: boolean;
  /** What people took it back by. */
  readonly links: readonly Link[];
}

/** Nothing, where the deploy ended otherwise, or where nobody saw what production runs. */
export async function sinceRefused(
  events: readonly Told[],
  lane: string,
  production: Explanation['production'],
  facts: Pick<ExplainFacts, 'rollbacks' | 'laneEvents' | 'lift'>,
): Promise<Since> {
  const end = endOf(events);
  const refused =
    end?.event.type === 'deploy.superseded' && end.event.data.cause === 'diverged'
      ? end.event.data.production
      : null;
  if (end === undefined || refused === null || production === null || production.version === null) {
    return { runs: null, has: false, holds: false, links: [] };
  }
  const { links, holds } = await rollbacksSince(lane, end.position, facts);
  const isSame = production.version === refused.version;
  return { runs: isSame ? null : runs(production), has: production.has === true, holds, links };
}

/** What was said of another release than the one that runs now is nothing to go by. */
const comparedAnew = ({ runs, holds }: Since): string =>
  lines(
    `Production runs ${runs} by now: the next build of the branch is compared with that.`,
    holds ? bringsBack(true, undefined) : null,
  ) ?? '';

/** Where it did not ship. @param isRunning a run carries the deploy on; null: nothing has to be done */
export function nextOf(
  verdict: Verdict,
  { state, deploy }: DeployEntry,
  events: readonly Told[],
  { isRunning, since }: { readonly isRunning: boolean; readonly since: Since },
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
      if (since.has) return null;
      return since.runs === null
        ? (wayOut(events, deploy) ?? nextFor(state, deploy))
        : comparedAnew(since);
    default:
      return nextFor(state, deploy);
  }
}
