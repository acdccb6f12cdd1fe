/** Which commit a build deploys: in a CI, what it names and what is checked out have to be one. */
import type { Commit } from '../../effects/git/commit-object.ts';
import type { Repository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import type { CiFacts } from './ci.ts';

/**
 * A person may name any commit. A job deploys what it checked out, for that is what it tested: whoever
 * names another commit there (a flag, or the CI's own variable) is refused.
 *
 * @throws UsageError E_WRONG_COMMIT, E_COMMIT_UNKNOWN
 */
export async function commitToDeploy(
  { isCi, commits }: Pick<CiFacts, 'isCi' | 'commits'>,
  repository: Repository,
): Promise<Commit> {
  if (!isCi) return repository.commit(commits[0]?.name ?? (await repository.head()));
  // Read first, for mostly it is what they name, and then read once. But a name that the repository does not know is the
  // clearer mistake than that nothing is checked out.
  const checkedOut = await repository.head().catch(() => null);
  const named = await Promise.all(
    commits.map(async ({ by, name }) => ({ by, sha: (await repository.commit(name)).sha })),
  );
  const head = checkedOut ?? (await repository.head());
  const wrong = named.find(({ sha }) => sha !== head);
  if (wrong === undefined) return repository.commit(head);
  throw new UsageError(
    'E_WRONG_COMMIT',
    `${wrong.by} names commit ${wrong.sha}, and commit ${head} is checked out`,
    {
      hint: 'A job deploys the commit that it checked out and tested. Check out the commit that the build is of; in a workflow_run that is github.event.workflow_run.head_sha.',
    },
  );
}
