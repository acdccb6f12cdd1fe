/** `pipeline disable`, `enable`, `unlock` and `rollback --give-up`: what people order for a lane, each with a reason. */
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import type { Run } from '../../runtime/identity.ts';
import { newRun } from '../../runtime/identity.ts';
import { breakLock, giveUpRollback, switchLane } from '../../runtime/lock/lane-orders.ts';
import type { EventLog } from '../../store/log.ts';
import { detectCi, requireBranch } from '../ci/ci.ts';
import { toSettings } from '../config/config.ts';
import { readEnvironment } from '../config/environment.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeOrderer } from '../workspace/actor.ts';
import { openAnnouncer } from '../workspace/channels.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { noticesFor, openWorkspace } from '../workspace/workspace.ts';

export interface LaneFlags extends GlobalFlags {
  reason: string;
  actor?: string;
  branch?: string;
}

export type LaneOrder = 'disable' | 'enable' | 'unlock' | 'rollback --give-up';

export async function order(
  what: LaneOrder,
  flags: LaneFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  if (flags.reason.trim() === '') {
    throw new UsageError('E_REASON', '--reason is empty; the log keeps why', {
      hint: `pipeline ${what} --reason "…"`,
    });
  }
  const environment = readEnvironment(process.env);
  const workspace = await openWorkspace(flags, environment);
  const { config, storeUrl } = workspace;
  const ci = detectCi(process.env, flags);
  for (const line of noticesFor(workspace, environment, ci.isCi)) terminal.err(line);
  const repository = await openRepository(process.cwd()).catch(withoutRepository);
  if (ci.isCi) requireBranch(ci, null, config.branch);
  const actor = await observeOrderer({ claimed: flags.actor, ci, repository, environment });
  const run = newRun({ actor, ci: ci.isCi ? ci.build : null, program: version });
  const log = await openDeployLog(storeUrl, { readOnly: false, create: false });
  const { leaseMs } = toSettings(config, environment).lock;
  const announcer = await openAnnouncer({
    ...{ config, folder: workspace.directory, environment, env: process.env, repository },
    ...{ log, run, leaseMs, progress: terminal.err },
  });
  try {
    const { line, isGiven } = await carryOut[what](log, config.app, run, flags.reason);
    printLines([line], terminal);
    if (isGiven) await announcer.announce();
    return 0;
  } finally {
    await announcer.close();
    await log.close();
  }
}

/** Orders for a lane are given from anywhere: a repository only tells more about who gives them. */
function withoutRepository(error: unknown): null {
  if (error instanceof UsageError) return null;
  throw error;
}

/** What became of an order; `isGiven`: it changed something, and everybody is told. */
interface Given {
  readonly line: string;
  readonly isGiven: boolean;
}

const carryOut: {
  readonly [O in LaneOrder]: (
    log: EventLog,
    lane: string,
    run: Run,
    reason: string,
  ) => Promise<Given>;
} = {
  async disable(log, lane, run, reason) {
    const isGiven = await switchLane(log, lane, 'disabled', run, reason);
    const line = isGiven
      ? `lane ${lane} is disabled: nothing goes to production until pipeline enable --reason "…"`
      : `lane ${lane} is disabled already`;
    return { line, isGiven };
  },
  async enable(log, lane, run, reason) {
    const isGiven = await switchLane(log, lane, 'enabled', run, reason);
    const line = isGiven
      ? `lane ${lane} is enabled; one that was held goes on by pipeline resume DEPLOY --reason "…" (pipeline status names it)`
      : `lane ${lane} is enabled already`;
    return { line, isGiven };
  },
  async unlock(log, lane, run, reason) {
    const { deploy } = await breakLock(log, lane, run, reason);
    const line = `lane ${lane} was taken from ${deploy}; its job, if it still runs, ends without writing more`;
    return { line, isGiven: true };
  },
  async 'rollback --give-up'(log, lane, run, reason) {
    const { to } = await giveUpRollback(log, lane, run, reason);
    const line = `the rollback to ${to.version} is given up: it holds no deploy any more; what production runs is looked at all the same`;
    return { line, isGiven: true };
  },
};
