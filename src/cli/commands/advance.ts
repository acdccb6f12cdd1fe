/** `pipeline advance`: this build's commit, from the queue to production. */
import { UsageError } from '../../errors/error.ts';
import { redactAll } from '../../redaction/gate.ts';
import { personOf } from '../../runtime/actor.ts';
import { newRun } from '../../runtime/identity.ts';
import { requestDeploy } from '../../runtime/loop/request.ts';
import { detectCi } from '../ci/ci.ts';
import { ciJobOf } from '../ci/job.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeActor, observeOrderer } from '../workspace/actor.ts';
import { askedDeploy } from '../workspace/asked-deploy.ts';
import { assertCarriedOn } from '../workspace/carried-on.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { partsOf } from '../workspace/here.ts';
import { runAndReport } from '../workspace/run-and-report.ts';

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
  const said = reasonOf(flags);
  const override = flags.override === true ? said : null;
  const asked = await askedDeploy(flags);
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

/**
 * Why a person ships out of order, or by hand, which a rollback does not hold. Null: no person does.
 *
 * @throws UsageError E_REASON
 */
export function reasonOf(flags: AdvanceFlags): string | null {
  const { override, reason } = flags;
  const isEmpty = (reason ?? '').trim() === '';
  if (override === true && isEmpty) {
    throw new UsageError('E_REASON', '--override needs --reason: the log keeps why', {
      hint: 'pipeline advance --override --reason "hotfix from the release branch"',
    });
  }
  if (reason === undefined) return null;
  if (isEmpty) {
    throw new UsageError('E_REASON', '--reason is empty; the log keeps why', {
      hint: 'pipeline advance --build 505 --reason "the cause is mended by #812"',
    });
  }
  if (override === true || !detectCi(process.env, flags).isCi) return reason;
  throw new UsageError('E_REASON', '--reason is for a person: in a CI it needs --override', {
    hint: 'Leave it out, or add --override. From a person’s shell it ships by hand what a rollback holds.',
  });
}
