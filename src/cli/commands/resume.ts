/** `pipeline resume DEPLOY --reason`: a person lets a held deploy go on, or one that lost its run, and this process carries it. */
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { keepNames } from '../../redaction/gate.ts';
import { personOf } from '../../runtime/actor.ts';
import { madeByRollback } from '../../runtime/gates/made-by-rollback.ts';
import { newRun } from '../../runtime/identity.ts';
import { resumeDeploy } from '../../runtime/loop/resume.ts';
import { assertLockProvider } from '../ci/builds.ts';
import { detectCi, requireBranch } from '../ci/ci.ts';
import { ciJobOf } from '../ci/job.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeOrderer } from '../workspace/actor.ts';
import { assertCarriedOn } from '../workspace/carried-on.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { openHere, partsOf } from '../workspace/here.ts';
import { runAndReport } from '../workspace/run-and-report.ts';
import { openWorkspace } from '../workspace/workspace.ts';

export interface ResumeFlags extends GlobalFlags {
  reason: string;
  actor?: string;
  branch?: string;
}

export async function resume(
  name: string,
  flags: ResumeFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  if (flags.reason.trim() === '') {
    throw new UsageError('E_REASON', '--reason is empty; the log keeps why a person let it go on', {
      hint: `pipeline resume ${name} --reason "fixed by #812"`,
    });
  }
  const environment = readEnvironment(process.env);
  const workspace = await openWorkspace(flags, environment);
  const { config, storeUrl } = workspace;
  const repository = await openRepository(process.cwd());
  const ci = detectCi(process.env, flags);
  const here = await openHere({ environment, ci, repository, workspace });
  if (ci.isCi) requireBranch(ci, null, config.branch);
  assertLockProvider({ config, environment, ci });
  const run = newRun({
    actor: await observeOrderer({ claimed: flags.actor, ci, repository, environment }),
    ci: ci.isCi ? ci.build : null,
    program: version,
    job: ciJobOf(ci),
  });
  return runAndReport({
    terminal,
    json: flags.json === true,
    notices: here.notices,
    openLog: () => openDeployLog(storeUrl, { readOnly: false, create: false }),
    choose: async (log, { history, ports }) => {
      const { deploy, commit } = await findDeploy(log, name, terminal.err);
      keepNames(commit);
      await assertCarriedOn(log, deploy, here, 'goes on');
      await resumeDeploy(log, deploy, {
        run,
        reason: flags.reason,
        madeBy: (way, production) => madeByRollback(way, here.targets(production), history, ports),
      });
      return { deploy, isNew: false };
    },
    order: personOf(run.actor, flags.reason),
    parts: partsOf(here, run),
  });
}
