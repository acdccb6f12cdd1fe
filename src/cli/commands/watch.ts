/** `pipeline status --watch`: shows how things stand again whenever the log has something new, until Ctrl-C. */
import { livingRuns } from '../../runtime/lock/living-runs.ts';
import type { EventLog } from '../../store/log.ts';
import type { StatusDocument } from '../render/status-document.ts';
import type { Terminal } from '../render/terminal.ts';
import { signalExitCodes } from '../workspace/exit-codes.ts';

/** A run that was killed writes nothing: its lease ends within so long of a look. */
const lookMs = 5_000;

export interface Watching {
  readonly find: () => Promise<StatusDocument>;
  readonly lines: (found: StatusDocument) => string[];
}

/** @returns the exit code of the signal that ended it */
export async function watch(
  log: EventLog,
  { find, lines }: Watching,
  terminal: Terminal,
): Promise<number> {
  const over = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const end = (signal: NodeJS.Signals): void => over.abort(signal);
  for (const signal of signals) process.on(signal, end);
  try {
    for (let shown = ''; !over.signal.aborted; ) {
      // Watched from before the look: what is written meanwhile is seen.
      const changed = log.changed({ timeoutMs: lookMs, signal: over.signal });
      const now = await stateOf(log);
      if (now !== shown) {
        const found = await find();
        if (over.signal.aborted) break;
        terminal.redraw(lines(found));
        shown = now;
      }
      await changed;
    }
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
  return signalExitCodes[over.signal.reason as (typeof signals)[number]];
}

/** What makes a difference to what is shown: that leases are prolonged does not. */
async function stateOf(log: EventLog): Promise<string> {
  const living = [...(await livingRuns(log))].sort();
  return [await log.head(), ...living].join('\n');
}
