/** The history that git knows here, and GitHub where there is a token. */
import type { Repository } from '../../effects/git/repository.ts';
import { createGitHub, type GitHub, parseRepository } from '../../effects/history/github.ts';
import { createHistory, type QueueHistory } from '../../effects/history/history.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';

export function githubOf({ githubApiUrl, githubToken }: Environment): GitHub | null {
  return githubToken === null ? null : createGitHub({ baseUrl: githubApiUrl, token: githubToken });
}

export function historyOf(
  config: Pick<Config, 'repository'>,
  github: GitHub | null,
  repository: Repository,
): QueueHistory {
  const webUrl = config.repository ?? null;
  const name = webUrl === null ? null : parseRepository(webUrl);
  return createHistory({ repository, github, name, webUrl });
}
