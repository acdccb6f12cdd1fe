/** What of the checkout a deploy goes by: the configuration in the commit, the history, what the commit carries. */
import { type Diagnosis, type Finding, fault, ok, warning } from '../../effects/diagnosis.ts';
import type { SourceOddities } from '../../effects/git/source.ts';
import { UsageError } from '../../errors/error.ts';
import type { Config } from '../config/config.ts';
import { checkSource } from '../config/source-check.ts';
import type { RepositoryFacts } from '../setup/facts.ts';

export interface Checkout {
  readonly facts: Pick<
    RepositoryFacts,
    'defaultBranch' | 'checkedOut' | 'hasCommits' | 'isShallow'
  >;
  /** Whether `pipeline.yml` is in the commit that is checked out, as it is on this disk. */
  readonly committed: 'same' | 'another' | 'missing';
  readonly oddities: SourceOddities;
  readonly hasGitHubToken: boolean;
}

export const configuration = (error: UsageError | null): Diagnosis => ({
  id: 'config',
  subject: 'pipeline.yml',
  why: 'A deploy goes by it.',
  look: async () => [
    error === null
      ? ok('it is there, and right')
      : fault(error.message, error.hint ?? 'docs/configuration.md has every key.'),
  ],
});

export const committed = ({ facts, committed: how }: Checkout): Diagnosis => ({
  id: 'config.committed',
  subject: 'pipeline.yml in the commit',
  why: 'A deploy goes by the file of its own commit, not by the one on a disk.',
  async look() {
    if (!facts.hasCommits) return [fault('nothing is committed yet', 'git add . && git commit')];
    if (how === 'same') return [ok('it is committed')];
    return [
      how === 'missing'
        ? fault('it is not committed: a CI finds none', 'git add pipeline.yml && git commit')
        : warning('it differs from the commit’s, which counts', 'Commit the change, or undo it.'),
    ];
  },
});

export const history = ({ facts, hasGitHubToken }: Checkout): Diagnosis => ({
  id: 'git.history',
  subject: 'the clone’s history',
  why: 'Git says which commit is newer. Without history, nothing ships that cannot be told to be newer.',
  async look() {
    if (!facts.isShallow) return [ok('it is whole')];
    const remedy =
      'Clone the whole of it: fetch-depth: 0 on GitHub Actions, git fetch --unshallow here.';
    return [
      hasGitHubToken
        ? warning('it was cut off; GitHub is asked for what is missing', remedy)
        : fault('it was cut off, and there is no GITHUB_TOKEN to ask for the rest', remedy),
    ];
  },
});

export const branch = ({ facts }: Checkout, config: Config): Diagnosis => ({
  id: 'git.branch',
  subject: 'the branch that is deployed',
  why: 'Builds of any other branch are refused.',
  look: async () => [branchFinding(facts, config.branch)],
});

function branchFinding({ defaultBranch, checkedOut }: Checkout['facts'], branch: string): Finding {
  if (checkedOut !== null && checkedOut !== branch && checkedOut !== defaultBranch) {
    return warning(
      `pipeline.yml deploys ${branch}; ${checkedOut} is checked out, of which no build deploys`,
      `What is said here is of ${checkedOut}. To look at what deploys: git switch ${branch}`,
    );
  }
  if (defaultBranch === null || defaultBranch === branch) return ok(branch);
  return warning(
    `pipeline.yml deploys ${branch}; the repository’s branch is ${defaultBranch}`,
    `Set branch: ${defaultBranch} in pipeline.yml, if that is the one.`,
  );
}

export const source = ({ oddities }: Checkout, config: Config): Diagnosis => ({
  id: 'git.source',
  subject: 'submodules, Git LFS, export attributes',
  why: 'What ships are the committed bytes; these say that something else may be meant.',
  async look() {
    try {
      const notices = checkSource(oddities, config.source);
      return [
        ok(
          notices.length === 0
            ? 'the commit has no submodule, LFS pointer or export attribute'
            : notices.join('; '),
        ),
      ];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return [fault(error.message, error.hint ?? '')];
    }
  },
});
