/** What GitHub hands in as a kind of channel. */
import { github } from '../../ci/github-vendor.ts';
import type { ChannelKind } from '../channel-kind.ts';
import type { GitHubSettings } from './config.ts';
import { gitHubErrors } from './error-codes.ts';

export const gitHubKind: ChannelKind<GitHubSettings> = {
  name: github.id,
  title: github.name,
  variables: {
    tokens: [
      {
        name: github.tokenVariable,
        use: 'deployments, shown at commits and pull requests (notify.github)',
      },
    ],
    webhooks: [],
    urls: [
      { name: github.urlVariable, standard: 'https://api.github.com', token: github.tokenVariable },
    ],
  },
  errors: gitHubErrors,
  schema: async () => (await import('./config.ts')).schema,
  opener: () => import('./open.ts'),
  surveyor: async () => (await import('./survey.ts')).surveyor,
};
