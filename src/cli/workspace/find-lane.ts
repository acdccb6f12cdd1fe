/** The lanes that a command is about. */
import { UsageError } from '../../errors/error.ts';
import { lanesIn } from '../../runtime/audit/deploy-index.ts';
import type { EventLog } from '../../store/log.ts';

/** The one that is named, or all. @throws UsageError E_NO_LANE */
export async function findLanes(log: EventLog, named: string | undefined): Promise<string[]> {
  const all = await lanesIn(log);
  if (named === undefined) return all;
  if (all.includes(named)) return [named];
  throw new UsageError('E_NO_LANE', `the log has no deploy of a lane ${named}`, {
    hint: `It has those of ${all.join(', ') || 'none'}.`,
  });
}
