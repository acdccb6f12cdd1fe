/** The commit with which a pull request was merged, as GitHub says. */
import { systemClock } from '../../effects/clock.ts';
import { createGitHub, parseRepository } from '../../effects/history/github.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import { UsageError } from '../../errors/error.ts';
import type { Environment } from '../config/environment.ts';

const timeoutMs = 30_000;

/**
 * @param repositoryUrl where the repository is, as git or the configuration says; null: nothing says it
 * @throws UsageError E_MISSING_TOKEN, E_PULL_REQUEST
 */
export async function mergeCommitOf(
  number: number,
  repositoryUrl: string | null,
  { githubToken: token, githubApiUrl: baseUrl }: Environment,
): Promise<string> {
  if (token === null) {
    throw new UsageError(
      'E_MISSING_TOKEN',
      `GITHUB_TOKEN is not set, and GitHub knows what #${number} is`,
      {
        hint: 'Set it to a token that may read the repository, or give the merge commit’s id.',
      },
    );
  }
  const of = repositoryUrl === null ? null : parseRepository(repositoryUrl);
  if (of === null) {
    throw new UsageError(
      'E_PULL_REQUEST',
      'nothing says of which repository on GitHub the pull request is',
      {
        hint: 'Run it in a clone of that repository, or give the merge commit’s id.',
      },
    );
  }
  const transport = undiciTransport();
  const clock = systemClock;
  const beforeWrite = async () => {};
  const notice = () => {};
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: Math.random,
    beforeWrite,
    notice,
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const ports = { http, clock, signal, progress: () => {} };
    const merged = await createGitHub({ baseUrl, token }).mergeCommit(of, number, ports);
    if (merged.kind === 'merged') return merged.commit;
    const what =
      merged.kind === 'none' ? 'GitHub has no pull request' : 'nothing was merged by pull request';
    throw new UsageError('E_PULL_REQUEST', `${what} #${number} of ${of.owner}/${of.name}`, {
      hint: 'A commit’s id can be given, too.',
    });
  } finally {
    await transport.close();
  }
}
