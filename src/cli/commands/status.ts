/** `pipeline status`: every deploy, its state, since when, and what to do next. */
import { UsageError } from '../../errors/error.ts';
import { nextFor } from '../../machine/state-facts.ts';
import { redactAll } from '../../redaction/gate.ts';
import { type DeployRow, readDeploy, readDeploys } from '../../runtime/audit/deploys.ts';
import { livingRuns } from '../../runtime/lock/living-runs.ts';
import { readUndelivered, type UndeliveredTo } from '../../runtime/notify/read-undelivered.ts';
import type { EventLog } from '../../store/log.ts';
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
    const undelivered = redactAll(await readUndelivered(log));
    // Before anything of them is cut: an imported log may hold secrets.
    const rows = redactAll(
      await withStuck(log, await readDeploys(log, { limit }), undelivered),
    ).map((row) => ({
      ...row,
      undelivered: undeliveredOf(row, undelivered),
      /** Whether something carries it on now. */
      running: !row.settled && living.has(row.deploy),
      next: nextFor(row.state, row.deploy),
    }));
    if (flags.json === true) terminal.json(rows);
    else for (const line of statusView(rows, undelivered, Date.now(), terminal)) terminal.out(line);
    return 0;
  } finally {
    await log.close();
  }
}

/** The deploy at which a channel stands is listed, however old it is. */
async function withStuck(
  log: EventLog,
  rows: readonly DeployRow[],
  undelivered: readonly UndeliveredTo[],
): Promise<DeployRow[]> {
  const listed = new Set(rows.map(({ deploy }) => deploy));
  const stuck = new Set(undelivered.flatMap(({ waiting }) => waiting?.event.deploy ?? []));
  const more: DeployRow[] = [];
  for (const deploy of stuck) {
    if (listed.has(deploy)) continue;
    const [row] = await readDeploy(log, deploy);
    if (row?.deploy === deploy) more.push(row);
  }
  return [...rows, ...more];
}

/** What of a deploy's events was not delivered, and to which channel. */
function undeliveredOf({ deploy }: DeployRow, all: readonly UndeliveredTo[]) {
  return all.flatMap(({ channel, title, waiting, leftOut }) => {
    const same = { channel, title };
    const waits =
      waiting?.event.deploy === deploy ? [{ ...same, kind: 'waiting', ...waiting }] : [];
    const left = leftOut.filter(({ event }) => event.deploy === deploy);
    return [...waits, ...left.map((one) => ({ ...same, kind: 'leftOut', ...one }))];
  });
}
