/** Whether the owner of a lease is known to be dead before its lease ends: by this host's processes, or by its CI. */
import { type CiJob, ciJobSchema } from '../../effects/ci/jobs.ts';
import type { Clock } from '../../effects/clock.ts';
import type { JsonObject } from '../../store/log.ts';
import { isGone } from '../identity.ts';

export interface Liveness {
  /** Why the owner is known to be dead, as far as was found out; null: it may be alive. */
  whyDead(owner: JsonObject): string | null;
  /**
   * Asks the owner's CI, where it has one that was not asked lately. True: it was asked, and what was
   * read before is old. Never fails: of a CI that does not answer nothing is known, and the lease
   * runs out as it would have.
   */
  ask(owner: JsonObject, signal: AbortSignal): Promise<boolean>;
}

/** What this host's processes tell. */
export const localLiveness: Liveness = {
  whyDead: (owner) => (isGone(owner) ? 'its process is gone' : null),
  ask: async () => false,
};

/** Every waiter asks of the one that it waits for: not so often that it uses up a CI's rate limit. */
const askAgainMs = 30_000;

/** @param endingOf how the job ended, in words; null: it has not, or that cannot be asked */
export function createLiveness({
  clock,
  endingOf,
  local = localLiveness,
}: {
  readonly clock: Clock;
  readonly endingOf: (job: CiJob, signal: AbortSignal) => Promise<string | null>;
  readonly local?: Liveness;
}): Liveness {
  /** By run. The dead stay dead: a job that is run again has a run of its own. */
  const asked = new Map<string, { readonly at: number; readonly ending: string | null }>();
  const runOf = (owner: JsonObject): string => String(owner.run);
  const whyDead = (owner: JsonObject): string | null =>
    local.whyDead(owner) ?? asked.get(runOf(owner))?.ending ?? null;

  return {
    whyDead,
    async ask(owner, signal) {
      const { data: job } = ciJobSchema.safeParse(owner.job);
      if (job === undefined || whyDead(owner) !== null) return false;
      const last = asked.get(runOf(owner))?.at ?? Number.NEGATIVE_INFINITY;
      if (clock.ran() - last < askAgainMs) return false;
      const ending = await endingOf(job, signal).catch(() => null);
      asked.set(runOf(owner), { at: clock.ran(), ending });
      return true;
    },
  };
}
