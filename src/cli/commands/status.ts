/** `pipeline status`: every deploy, its state, since when, and what to do next. */
import { UsageError } from '../../errors/error.ts';
import { nextFor } from '../../machine/state-facts.ts';
import { redactAll } from '../../redaction/gate.ts';
import { readDeploys } from '../../runtime/audit/deploys.ts';
import { livingRuns } from '../../runtime/lock/living-runs.ts';
import { readEnvironment } from '../config/environment.ts';
import { statusView } from '../render/status-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

export async function status(
  flags: GlobalFlags & { limit: string },
  terminal: Terminal,
): Promise<number> {
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError('E_USAGE', `--limit takes a whole number from 1, not ${flags.limit}`);
  }
  const store = await findStore(flags, readEnvironment(process.env));
  const log = await openDeployLog(store, { readOnly: true });
  try {
    const living = await livingRuns(log);
    // Before anything of them is cut: an imported log may hold secrets.
    const rows = redactAll(await readDeploys(log, { limit })).map((row) => ({
      ...row,
      /** Whether something carries it on now. */
      running: !row.settled && living.has(row.deploy),
      next: nextFor(row.state, row.deploy),
    }));
    if (flags.json === true) terminal.json(rows);
    else for (const line of statusView(rows, Date.now(), terminal)) terminal.out(line);
    return 0;
  } finally {
    await log.close();
  }
}
