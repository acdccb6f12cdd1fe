/** `pipeline log DEPLOY`: a deploy's events, in words, and what became of it. */
import { deployStream } from '../../runtime/log/streams.ts';
import { readBecame } from '../../runtime/standing/read.ts';
import { readEnvironment } from '../config/environment.ts';
import { becameLine, logView } from '../render/log-view.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeployHere } from '../workspace/find-commit.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

export async function log(name: string, flags: GlobalFlags, terminal: Terminal): Promise<number> {
  const store = await findStore(flags, readEnvironment(process.env));
  const events = await openDeployLog(store, { readOnly: true });
  try {
    const row = await findDeployHere(name, events, terminal.err);
    const { deploy, lane } = row;
    const records = await events.readStream(deployStream(deploy));
    // What happened is told though what came after it in the lane cannot be read.
    if (flags.json !== true) printLines(logView(deploy, records, terminal), terminal);
    const became = await readBecame(events, { row, events: records });
    if (flags.json === true) terminal.json({ version: 1, deploy, lane, became, events: records });
    else printLines(['', becameLine(became, terminal)], terminal);
    return 0;
  } finally {
    await events.close();
  }
}
