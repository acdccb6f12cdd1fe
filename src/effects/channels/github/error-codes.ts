/** The part of the error catalogue of GitHub as a channel. */
import type { ErrorEntries } from '../../../errors/entry.ts';

export const gitHubErrors = {
  E_GITHUB_PERMISSION: {
    meaning:
      'The token may not do what `notify.github` asks for. Nothing is shown there; the deploy goes on.',
    remedy:
      'Give the job the permission that the message names (`permissions:` in a workflow), or turn that part of `notify.github` off.',
  },
} as const satisfies ErrorEntries;

export type GitHubCode = keyof typeof gitHubErrors;
