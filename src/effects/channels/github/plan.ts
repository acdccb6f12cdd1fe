/** What GitHub is to show of a deploy, from its events so far. Pure. */
import type { DomainEvent, EnvironmentName, EventType } from '../../../machine/events.ts';
import { environmentNames } from '../../../machine/events.ts';
import { goingBackIn } from '../../../machine/taken-back.ts';
import type { DeployEvents } from '../channel.ts';
import type { DeploymentState } from './api.ts';

/** What each environment is to show; those that were given nothing are left out. */
export type Standing = Readonly<Partial<Record<EnvironmentName, DeploymentState>>>;

/** Events by which it may change, and the one that tells what ships. */
export const shownEvents: ReadonlySet<string> = new Set<EventType>([
  'deploy.observed',
  ...['staging.submitted', 'canary.submitted', 'production.submitted', 'production.found'],
  ...['staging.verified', 'canary.verified', 'production.verified'],
  ...['staging.baked', 'canary.baked', 'production.baked', 'canary.restored'],
  ...['deploy.failed', 'deploy.superseded', 'production.held', 'production.disabled'],
] as EventType[]);

/** How the deploy stands after all of its events. */
export function standingAfter(history: DeployEvents): Standing {
  let standing: Standing = {};
  let share: number | null = null;
  const lastShare = history[0].data.settings.canary?.shares?.at(-1) ?? null;
  for (const event of history) {
    if (event.type === 'canary.submitted') share = event.data.share;
    standing = { ...standing, ...changeBy(event, standing, share === lastShare) };
  }
  return standing;
}

/** How it stood before its last event. */
export function standingBefore([first, ...rest]: DeployEvents): Standing {
  return standingAfter([first, ...rest.slice(0, -1)]);
}

/** @param isWhole whether the canary has its last share */
function changeBy(event: DomainEvent, standing: Standing, isWhole: boolean): Standing {
  switch (event.type) {
    case 'staging.submitted':
      return { staging: 'in_progress' };
    case 'canary.submitted':
      return { canary: 'in_progress' };
    case 'production.submitted':
    case 'production.found':
      return { production: 'in_progress' };
    case 'staging.verified':
      return event.data.bakeMs === undefined ? { staging: 'success' } : {};
    case 'staging.baked':
      return { staging: 'success' };
    case 'canary.verified':
      return isWhole && event.data.bakeMs === undefined ? { canary: 'success' } : {};
    case 'canary.baked':
      return isWhole ? { canary: 'success' } : {};
    case 'production.verified':
      return event.data.bakeMs === undefined ? { production: 'success' } : {};
    case 'production.baked':
      return { production: 'success' };
    case 'canary.restored':
      // That it failed there says more than that it does not run there any more.
      return standing.canary === 'success' && event.data.stays === null
        ? { canary: 'inactive' }
        : {};
    case 'deploy.failed':
      return underWay(standing, 'failure');
    case 'deploy.superseded':
    case 'production.held':
    case 'production.disabled':
      return underWay(standing, 'inactive');
    default:
      return {};
  }
}

/** What had only begun ends so. */
function underWay(standing: Standing, end: DeploymentState): Standing {
  const names = environmentNames.filter((name) => standing[name] === 'in_progress');
  return Object.fromEntries(names.map((name) => [name, end]));
}

/** Which commit production runs, where the event tells that people took it back from another; null: it does not. */
export function takenBackTo(event: DomainEvent): string | null {
  return event.type === 'production.held' ? (goingBackIn(event)?.commit ?? null) : null;
}

/**
 * The commits whose pull requests are carried, the newest first, at most `max` of them. A first deploy carries all that
 * there ever was: none is named.
 */
export function carriedCommits(event: DomainEvent, max: number): readonly string[] {
  if (event.type !== 'deploy.observed' || event.data.notes.base === null) return [];
  return event.data.notes.commits
    .map(({ sha }) => sha)
    .reverse()
    .slice(0, max);
}
