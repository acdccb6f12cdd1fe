/** Errors that several files of this folder make. */
import { LockstepError } from '../../../errors/error.ts';
import type { Release } from '../../../machine/events.ts';
import type { Host } from './host.ts';
import type { ReleaseLine } from './protocol.ts';

export function releaseFailed(host: Host, { id }: ReleaseLine, said?: string): LockstepError {
  return new LockstepError(
    'E_RELEASE_FAILED',
    `${host.name}: release ${id} failed; what ran before keeps running`,
    {
      hint:
        said ?? `See what runs: ${host.shown('current')}. Why it failed, the output above may say.`,
      details: { target: host.name, release: id },
    },
  );
}

/** @param why what was seen */
export function releaseNotCurrent(host: Host, ours: Release, why: string): LockstepError {
  return new LockstepError(
    'E_RELEASE_NOT_CURRENT',
    `${host.name} does not run ${ours.version} any more: ${why}`,
    {
      hint: `Somebody released there meanwhile: ${host.shown('current')}. Deploy again once that is over.`,
      details: { target: host.name, release: ours.id },
    },
  );
}

/** @param what is not there yet: `work 77`, `release 12` */
export function releaseLate(host: Host, what: string, timeoutMs: number): LockstepError {
  return new LockstepError(
    'E_RELEASE_TIMEOUT',
    `${host.name}: ${what} has not come to run in time`,
    {
      hint: `See what it waits for: ${host.shown('current')}. A longer time is set by command.timeout in pipeline.yml.`,
      details: { target: host.name, timeoutMs },
    },
  );
}
