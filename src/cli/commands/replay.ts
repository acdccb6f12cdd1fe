/** `pipeline replay DEPLOY`: folds its events through the chart again; 1 when that differs from the record. */
import { replay as replayDeploy } from '../../runtime/audit/replay.ts';
import { readEnvironment } from '../config/environment.ts';
import { replayView } from '../render/replay-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeployHere } from '../workspace/find-commit.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

export async function replay(
  name: string,
  flags: GlobalFlags,
  terminal: Terminal,
): Promise<number> {
  const store = await findStore(flags, readEnvironment(process.env));
  const log = await openDeployLog(store, { readOnly: true });
  try {
    const { deploy } = await findDeployHere(name, log, terminal.err);
    const result = await replayDeploy(log, deploy);
    if (flags.json === true) terminal.json(result);
    else for (const line of replayView(result, terminal)) terminal.out(line);
    return result.disagreement === null ? 0 : 1;
  } finally {
    await log.close();
  }
}
