/** Opens GitHub as a channel, with the token that reads the repository. */
import { github } from '../../ci/github-vendor.ts';
import { parseRepository } from '../../history/github.ts';
import type { OpenedChannel, OpeningPorts } from '../channel-kind.ts';
import { createGitHubApi } from './api.ts';
import { createGitHubChannel } from './channel.ts';
import type { GitHubSettings } from './config.ts';

export function open(
  settings: GitHubSettings,
  values: Readonly<Record<string, string | null>>,
  around: Pick<OpeningPorts, 'repository' | 'env'>,
): readonly OpenedChannel[] {
  const named = { name: github.id, title: github.name };
  const { [github.tokenVariable]: token = null, [github.urlVariable]: baseUrl = '' } = values;
  if (token === null) return [{ ...named, unset: github.tokenVariable }];
  const of = repositoryOf(around);
  if (of === null) return [{ ...named, unset: '`repository` in pipeline.yml' }];
  return [
    createGitHubChannel({ api: createGitHubApi({ baseUrl: baseUrl ?? '', token, of }), settings }),
  ];
}

/** As the configuration names it; else as the job does. */
export const repositoryOf = ({ repository, env }: Pick<OpeningPorts, 'repository' | 'env'>) =>
  parseRepository(repository ?? '') ?? inActions(env);

/** What a job of GitHub Actions says of its repository: `acme/web`. */
const inActions = ({ GITHUB_REPOSITORY: name = '' }: OpeningPorts['env']) =>
  parseRepository(`https://github.com/${name}`);
