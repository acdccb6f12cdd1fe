/** What a check-up asks of GitHub, where deploys are to be shown there. */

import { gitHubHeaders, github } from '../../ci/github-vendor.ts';
import { type Diagnosis, ok, unknown, warning } from '../../diagnosis.ts';
import type { ChannelSurveyor } from '../channel-kind.ts';
import type { GitHubSettings } from './config.ts';
import { repositoryOf } from './open.ts';

export const surveyor: ChannelSurveyor<GitHubSettings> = {
  diagnose: (_, values, around, ports): readonly Diagnosis[] => [
    {
      id: 'github.deployments',
      subject: 'deployments on GitHub',
      why: 'Each commit and pull request shows where it is deployed. A deploy goes on without it.',
      async look() {
        const { [github.tokenVariable]: token = null, [github.urlVariable]: baseUrl = '' } = values;
        const of = repositoryOf(around);
        if (of === null) {
          return [
            warning('which repository it is, is not known', 'Set `repository` in pipeline.yml.'),
          ];
        }
        if (token === null) {
          return [
            unknown(
              `${github.tokenVariable} is not set here`,
              'In GitHub Actions, hand the job github.token, and give it deployments: write.',
            ),
          ];
        }
        const { status } = await ports.http.send({
          vendor: github,
          method: 'GET',
          url: `${baseUrl}/repos/${encodeURIComponent(of.owner)}/${encodeURIComponent(of.name)}/deployments?per_page=1`,
          headers: gitHubHeaders(token),
          signal: ports.signal,
        });
        if (status === 200) {
          return [ok('they can be read; whether the token may write them, only a write tells')];
        }
        return [
          warning(
            `GitHub answered ${status} to a look at the deployments of ${of.owner}/${of.name}`,
            'The token needs deployments: write (a classic one: repo_deployment).',
          ),
        ];
      },
    },
  ],
};
