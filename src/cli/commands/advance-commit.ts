/** What `pipeline advance` does once it knows its commit. */
import { redactAll } from '../../redaction/gate.ts';
import { personOf } from '../../runtime/actor.ts';
import { newRun } from '../../runtime/identity.ts';
import { requestDeploy } from '../../runtime/loop/request.ts';
import type { CiFlags } from '../ci/ci.ts';
import { ciJobOf } from '../ci/job.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeActor, observeOrderer } from '../workspace/actor.ts';
import type { AskedCommit } from '../workspace/asked-commit.ts';
import { askedDeploy } from '../workspace/asked-deploy.ts';
import { assertCarriedOn } from '../workspace/carried-on.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { partsOf } from '../workspace/here.ts';
import { runAndReport } from '../workspace/run-and-report.ts';

export interface AdvanceFlags extends GlobalFlags, CiFlags {
  actor?: string;
  override?: boolean;
  reason?: string;
}

/**
 * Everything that can be wrong with what was given is found before the log is touched.
 *
 * @param said why a person ships; null: no person does
 */
export async function advanceCommit(
  found: AskedCommit,
  said: string | null,
  flags: AdvanceFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  const override = flags.override === true ? said : null;
  const asked = await askedDeploy(found, flags);
  const { environment, ci, repository, commit, workspace, notices } = asked;
  const { build, branch, settings } = asked;
  const { config, storeUrl } = workspace;
  const who = { claimed: flags.actor, ci, repository, environment };
  const actor = said === null ? await observeActor(who) : await observeOrderer(who);
  const run = newRun({ actor, ci: build, program: version, job: ciJobOf(ci) });
  return runAndReport({
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
          ...(said === null || override !== null ? {} : { manual: personOf(actor, said) }),
        }),
        run,
      );
      // A stream alone does not show that its last events were taken away.
      if (!isNew) {
        await findDeploy(log, deploy);
        await assertCarriedOn(log, deploy, asked, 'stays');
      }
      return { deploy, isNew };
    },
    parts: partsOf(asked, run),
  });
}
