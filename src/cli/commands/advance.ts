/** `pipeline advance`: this build's commit, from the queue to production. */
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { keepNames, redact, redactAll } from '../../redaction/gate.ts';
import { personOf } from '../../runtime/actor.ts';
import { newRun } from '../../runtime/identity.ts';
import { requestDeploy } from '../../runtime/loop/request.ts';
import { assertLockProvider } from '../ci/builds.ts';
import { detectCi, requireBranch, requireBuild } from '../ci/ci.ts';
import { commitToDeploy } from '../ci/commit-to-deploy.ts';
import { ciJobOf } from '../ci/job.ts';
import { toSettings } from '../config/config.ts';
import { environmentForPrograms, readEnvironment } from '../config/environment.ts';
import { checkSource } from '../config/source-check.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeActor, observeOrderer } from '../workspace/actor.ts';
import { carry } from '../workspace/carry.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { checkTargetsOf, openTargets } from '../workspace/targets.ts';
import { isLogKept, noticesFor, openWorkspace } from '../workspace/workspace.ts';

export interface AdvanceFlags extends GlobalFlags {
  commit?: string;
  branch?: string;
  build?: string;
  actor?: string;
  override?: boolean;
  reason?: string;
}

/** Everything that can be wrong with what was given is found before the log is touched. */
export async function advance(
  flags: AdvanceFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  const override = overrideReason(flags);
  const environment = readEnvironment(process.env);
  const ci = detectCi(process.env, flags);
  const repository = await openRepository(process.cwd());
  const commit = await commitToDeploy(ci, repository);
  keepNames(commit.sha);
  const deployed = { repository, sha: commit.sha, isCi: ci.isCi };
  const workspace = await openWorkspace(flags, environment, deployed);
  const { config, storeUrl } = workspace;
  const around = { root: repository.root, env: environmentForPrograms(process.env, config.notify) };
  const targets = await openTargets(config, environment, around);
  const source = checkSource(await repository.oddities(commit.sha), config.source);
  const notices = [...noticesFor(workspace, environment, ci.isCi), ...source];
  const build = requireBuild(ci);
  assertNoSecret(build.label);
  const branch = requireBranch(ci, ci.isCi ? null : await repository.branch(), config.branch);

  assertLockProvider({ config, environment, ci });

  const settings = toSettings(config, environment);
  const who = { claimed: flags.actor, ci, repository, environment };
  const actor = override === null ? await observeActor(who) : await observeOrderer(who);
  const run = newRun({ actor, ci: build, program: version, job: ciJobOf(ci) });
  return carry({
    terminal,
    json: flags.json === true,
    notices,
    openLog: () => openDeployLog(storeUrl, { readOnly: false }),
    choose: async (log) => {
      const { deploy, isNew } = await requestDeploy(
        log,
        redactAll({
          lane: config.app,
          branch,
          commit: { sha: commit.sha, title: commit.title, author: commit.author },
          build,
          settings,
          override: override === null ? null : personOf(actor, override),
        }),
        run,
      );
      // A stream alone does not show that its last events were taken away.
      if (!isNew) {
        await findDeploy(log, deploy);
        await checkTargetsOf(log, deploy, targets);
      }
      return { deploy, isNew };
    },
    parts: {
      config,
      folder: workspace.directory,
      environment,
      targets,
      env: process.env,
      ci,
      repository,
      run,
      leaseMs: settings.lock.leaseMs,
      isLogKept: isLogKept(workspace, ci.isCi),
    },
  });
}

/** The label is a part of the deploy's id, by which the log, messages and people find it. */
function assertNoSecret(label: string): void {
  if (redact(label) === label) return;
  throw new UsageError('E_BUILD_LABEL', 'the build’s label is or holds a secret', {
    hint: 'Say --build with the build’s number: --build 502',
  });
}

function overrideReason({ override, reason }: AdvanceFlags): string | null {
  if (override === true && (reason ?? '').trim() !== '') return reason ?? null;
  if (override === true) {
    throw new UsageError('E_REASON', '--override needs --reason: the log keeps why', {
      hint: 'pipeline advance --override --reason "hotfix from the release branch"',
    });
  }
  if (reason === undefined) return null;
  throw new UsageError('E_REASON', '--reason is for --override, which is not given', {
    hint: 'Leave it out, or add --override.',
  });
}
