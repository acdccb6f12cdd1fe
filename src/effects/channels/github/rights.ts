/** What the token may do: each right that it lacks is told once a run, and whatever needs it is left out meanwhile. */
import { LockstepError } from '../../../errors/error.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { ChannelFault } from '../channel.ts';
import type { GitHubCode } from './error-codes.ts';

/** By the name that a workflow's `permissions` has for it. */
const rights = {
  deployments: { name: 'deployments: write', shows: 'deployments' },
  pullRequests: { name: 'pull-requests: write', shows: 'deploys at pull requests' },
  records: { name: 'artifact-metadata: write', shows: 'where artifacts run' },
} as const;

export type Right = keyof typeof rights;

/** Refusals of this one thing: another may pass. */
const ofOne = [400, 404, 409, 410, 422];

export class Rights {
  readonly #lacking = new Set<Right>();

  /**
   * Null: GitHub does not take it, which `leftOut` is told.
   *
   * @throws what `gitHubFault` explains
   */
  async use<T>(
    right: Right,
    act: () => Promise<T>,
    leftOut: (error: unknown) => void,
  ): Promise<T | null> {
    if (this.#lacking.has(right)) return null;
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof VendorRefused)) throw error;
      if (error.status === 403) {
        this.#lacking.add(right);
        leftOut(lacking(right));
      } else if (ofOne.includes(error.status)) leftOut(error);
      else throw error;
      return null;
    }
  }
}

function lacking(right: Right): LockstepError<GitHubCode> {
  const { name, shows } = rights[right];
  return new LockstepError<GitHubCode>(
    'E_GITHUB_PERMISSION',
    `GITHUB_TOKEN lacks ${name}, so this run shows no ${shows} on GitHub; the deploy goes on. Add it to the job’s permissions, or turn this off in notify.github`,
  );
}

/** A wrong token or a repository that has moved lasts until a person mends it. */
export function gitHubFault(error: unknown): ChannelFault {
  if (!(error instanceof VendorRefused)) return 'passing';
  return error.status === 401 || (error.status >= 300 && error.status < 400) ? 'setup' : 'passing';
}
