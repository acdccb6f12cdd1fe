/**
 * The commit that `advance` is asked for, by the CI and git alone. It is found out before what a deploy needs is loaded: the
 * more memory a process has, the longer it takes to start another one.
 */
import type { Commit } from '../../effects/git/commit-object.ts';
import { openRepository, type Repository } from '../../effects/git/repository.ts';
import type { SourceOddities } from '../../effects/git/source.ts';
import { keepNames } from '../../redaction/gate.ts';
import { type CiFacts, type CiFlags, detectCi } from '../ci/ci.ts';
import { commitToDeploy } from '../ci/commit-to-deploy.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';

export interface AskedCommit {
  readonly environment: Environment;
  readonly ci: CiFacts;
  readonly repository: Repository;
  readonly commit: Commit;
  readonly oddities: SourceOddities;
}

/** @throws UsageError */
export async function askedCommit(flags: CiFlags): Promise<AskedCommit> {
  const environment = readEnvironment(process.env);
  const ci = detectCi(process.env, flags);
  const repository = await openRepository(process.cwd());
  const commit = await commitToDeploy(ci, repository);
  keepNames(commit.sha);
  const oddities = await repository.oddities(commit.sha);
  return { environment, ci, repository, commit, oddities };
}
