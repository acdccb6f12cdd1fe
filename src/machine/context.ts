/** What a deploy has learnt: the chart's memory, and what it tells of its environments. Pure. */
import { environmentsOf, firstOf } from './environments.ts';
import type {
  Artifact,
  DeployRequest,
  DomainEvent,
  Ending,
  EnvironmentName,
  Release,
  ReleaseNotes,
  Running,
  Work,
} from './events.ts';
import type { Asked, SubmitInput } from './services.ts';

/** What the deploy has learnt so far. */
export interface DeployContext {
  request: DeployRequest;
  /** The fencing token under which the lane is held; null before, and where the provider has none. */
  token: number | null;
  /** What production ran when the lane was taken. */
  observed: Running | null;
  notes: ReleaseNotes | null;
  staging: Shipment;
  canary: Shipment;
  production: Shipment;
  /** The canary was given the commit, or may have been, and nothing says that production runs it. */
  isExposed: boolean;
  /** The canary could not be taken back: it may still run the commit of a deploy that is over or held. */
  isLeft: boolean;
  /** Where the history of either ended when the gates were read; null before. */
  cursors: { canary: string | null; production: string | null };
  /** The release (its id) of the rollback that this deploy lifts once it is live; null: none holds. */
  lifts: string | null;
  /** What production runs went through this deploy's gates; false where it was found there. */
  gatesPassed: boolean;
  /** The event that ended or held the deploy, when that needs a reason. */
  outcome: Outcome | null;
}

/** One environment's way from what was submitted to a release that runs. */
export interface Shipment {
  /** How many shares of the traffic it was given and verified with. */
  sharesDone: number;
  work: Work | null;
  artifact: Artifact | null;
  releaseId: string | null;
  release: Release | null;
}

export type Outcome = Extract<DomainEvent, { type: Ending | 'lock.waitTimedOut' }>;

export const nothingShipped: Shipment = {
  sharesDone: 0,
  work: null,
  artifact: null,
  releaseId: null,
  release: null,
};

/** What an event of an environment says of its way to a release that runs. */
export function learnt(
  context: DeployContext,
  name: EnvironmentName,
  event: DomainEvent,
): Shipment {
  const so = context[name];
  switch (event.type) {
    case 'staging.submitted':
    case 'canary.submitted':
    case 'production.submitted':
      return {
        ...nothingShipped,
        sharesDone: so.sharesDone,
        work: event.data.work,
        artifact: verifiedFor(context, name)?.artifact ?? null,
      };
    case 'staging.released':
    case 'canary.released':
    case 'production.released':
      return {
        ...so,
        releaseId: event.data.release,
        artifact: event.data.artifact ?? so.artifact,
      };
    case 'staging.deployed':
    case 'canary.deployed':
    case 'production.deployed':
      return { ...so, release: event.data.release, artifact: event.data.artifact };
    default:
      return so;
  }
}

/** What it asked its environments for, as far as no event tells that it runs there. */
export function askedBy(context: DeployContext): Asked[] {
  return environmentsOf(context.request.settings).flatMap(({ name, environment: { target } }) => {
    const { work, releaseId, release } = context[name];
    return work === null || release !== null ? [] : [{ target, work, release: releaseId }];
  });
}

/** A value that the order of the chart guarantees. */
export function known<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`the chart has no ${what} here`);
  return value;
}

export const settingsOf = ({ request }: DeployContext, name: EnvironmentName) =>
  known(request.settings[name], name);

/** What was verified before and is given now; null where the commit is. */
export function verifiedFor(
  context: DeployContext,
  name: EnvironmentName,
): SubmitInput['verified'] {
  const { settings } = context.request;
  const verified = (of: EnvironmentName) => ({
    artifact: known(context[of].artifact, 'artifact'),
    release: known(context[of].release, 'release'),
    at: settingsOf(context, of).target,
  });
  // A further share is of what the share before it was verified with.
  if (context[name].sharesDone > 0) return verified(name);
  return settingsOf(context, name).submits === 'artifact' ? verified(firstOf(settings)) : null;
}
