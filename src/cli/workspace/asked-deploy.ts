/** What `advance` is asked for: everything that can be wrong with what was given is found before the log is touched. */
import type { Commit } from '../../effects/git/commit-object.ts';
import { openRepository, type Repository } from '../../effects/git/repository.ts';
import type { Targets } from '../../effects/targets/target.ts';
import { UsageError } from '../../errors/error.ts';
import type { Build, Settings } from '../../machine/events.ts';
import { keepNames, redact } from '../../redaction/gate.ts';
import { assertLockProvider } from '../ci/builds.ts';
import { type CiFacts, type CiFlags, detectCi, requireBranch, requireBuild } from '../ci/ci.ts';
import { commitToDeploy } from '../ci/commit-to-deploy.ts';
import { toSettings } from '../config/config.ts';
import {
  type Environment,
  environmentForPrograms,
  readEnvironment,
} from '../config/environment.ts';
import { checkSource } from '../config/source-check.ts';
import type { GlobalFlags } from './flags.ts';
import { openTargets } from './targets.ts';
import { noticesFor, openWorkspace, type Workspace } from './workspace.ts';

export interface AskedDeploy {
  readonly environment: Environment;
  readonly ci: CiFacts;
  readonly repository: Repository;
  readonly commit: Commit;
  readonly workspace: Workspace;
  readonly targets: Targets;
  /** What is told before anything is done. */
  readonly notices: readonly string[];
  readonly build: Build;
  readonly branch: string;
  readonly settings: Settings;
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
  const around = { root: repository.root, env: environmentForPrograms(process.env, config.notify) };
  const targets = await openTargets(config, environment, around);
  const source = checkSource(await repository.oddities(commit.sha), config.source);
  const notices = [...noticesFor(workspace, environment, ci.isCi), ...source];
  const build = requireBuild(ci);
  assertNoSecret(build.label);
  const branch = requireBranch(ci, ci.isCi ? null : await repository.branch(), config.branch);
  assertLockProvider({ config, environment, ci });
  const settings = toSettings(config, environment);
  return {
    ...{ environment, ci, repository, commit, workspace },
    ...{ targets, notices, build, branch, settings },
  };
}

/** The label is a part of the deploy's id, by which the log, messages and people find it. */
function assertNoSecret(label: string): void {
  if (redact(label) === label) return;
  throw new UsageError('E_BUILD_LABEL', 'the build’s label is or holds a secret', {
    hint: 'Say --build with the build’s number: --build 502',
  });
}
