/** What `advance` is asked for: everything that can be wrong with what was given is found before the log is touched. */
import type { Commit } from '../../effects/git/commit-object.ts';
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import type { Build } from '../../machine/events.ts';
import { keepNames, redact } from '../../redaction/gate.ts';
import { assertLockProvider } from '../ci/builds.ts';
import { type CiFlags, detectCi, requireBranch, requireBuild } from '../ci/ci.ts';
import { commitToDeploy } from '../ci/commit-to-deploy.ts';
import { readEnvironment } from '../config/environment.ts';
import { checkSource } from '../config/source-check.ts';
import type { GlobalFlags } from './flags.ts';
import { type Here, openHere } from './here.ts';
import { openWorkspace } from './workspace.ts';

export interface AskedDeploy extends Here {
  readonly commit: Commit;
  readonly build: Build;
  readonly branch: string;
}

/** @throws UsageError */
export async function askedDeploy(flags: CiFlags & GlobalFlags): Promise<AskedDeploy> {
  const environment = readEnvironment(process.env);
  const ci = detectCi(process.env, flags);
  const repository = await openRepository(process.cwd());
  const commit = await commitToDeploy(ci, repository);
  keepNames(commit.sha);
  const deployed = { repository, sha: commit.sha, isCi: ci.isCi };
  const workspace = await openWorkspace(flags, environment, deployed);
  const { config } = workspace;
  const here = await openHere({ environment, ci, repository, workspace });
  const source = checkSource(await repository.oddities(commit.sha), config.source);
  const build = requireBuild(ci);
  assertNoSecret(build.label);
  const branch = requireBranch(ci, ci.isCi ? null : await repository.branch(), config.branch);
  assertLockProvider({ config, environment, ci });
  return { ...here, notices: [...here.notices, ...source], commit, build, branch };
}

/** The label is a part of the deploy's id, by which the log, messages and people find it. */
function assertNoSecret(label: string): void {
  if (redact(label) === label) return;
  throw new UsageError('E_BUILD_LABEL', 'the build’s label is or holds a secret', {
    hint: 'Say --build with the build’s number: --build 502',
  });
}
