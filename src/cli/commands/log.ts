/** `pipeline log DEPLOY`: a deploy's events, in words. */
import { deployStream } from '../../runtime/log/streams.ts';
import { readEnvironment } from '../config/environment.ts';
import { logView } from '../render/log-view.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeployHere } from '../workspace/find-commit.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

export async function log(name: string, flags: GlobalFlags, terminal: Terminal): Promise<number> {
  const store = await findStore(flags, readEnvironment(process.env));
  const events = await openDeployLog(store, { readOnly: true });
  try {
    const { deploy } = await findDeployHere(name, events, terminal.err);
    const records = await events.readStream(deployStream(deploy));
    if (flags.json === true) terminal.json(records);
    else printLines(logView(deploy, records, terminal), terminal);
    return 0;
  } finally {
    await events.close();
  }
}
