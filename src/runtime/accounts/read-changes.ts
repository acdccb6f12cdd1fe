/** Every change of production in a period, read from the log. */
import type { EventLog } from '../../store/log.ts';
import { type Change, changesIn } from './changes.ts';
import { type Period, readLaneRecord } from './deploy-record.ts';

/**
 * The oldest first. Of two periods that meet, of the same log, each change is in exactly one.
 *
 * @throws UnreadableLog, LogFault
 */
export async function readChanges(
  log: EventLog,
  lane: string,
  period: Period,
): Promise<readonly Change[]> {
  // What came later may tell of a release that was made elsewhere within the period; and what came right before may have told
  // of one that a target with a fast clock puts into it.
  const since = new Date(Date.parse(period.since) - fastMs).toISOString();
  const record = await readLaneRecord(log, lane, { since, until: endOfTime });
  return changesIn(record, period);
}

/** So far ahead of the log's clock a target's may be. */
const fastMs = 24 * 60 * 60_000;
const endOfTime = '9999-12-31T23:59:59.999Z';
