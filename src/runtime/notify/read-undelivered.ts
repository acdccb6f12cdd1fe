/** What the channels of all lanes were not told, for whoever looks. */
import type { EventLog } from '../../store/log.ts';
import { type RosterEntry, readRoster } from './roster.ts';
import { sendingPrefix, type Undelivered, undeliveredIn } from './undelivered.ts';

/** What one channel of a lane was not told. */
export interface UndeliveredTo extends Undelivered, RosterEntry {
  readonly lane: string;
}

/** Of the channels that each lane's last run had, those that were not told everything. */
export async function readUndelivered(log: EventLog): Promise<UndeliveredTo[]> {
  const found: UndeliveredTo[] = [];
  for (const { resource } of await log.leases(sendingPrefix)) {
    const consumer = resource.slice(sendingPrefix.length);
    const end = consumer.lastIndexOf('/');
    const lane = consumer.slice(end + 1);
    const roster = await readRoster(log, lane);
    const entry = roster.find(({ channel }) => channel === consumer.slice(0, Math.max(0, end)));
    if (entry === undefined) continue;
    const undelivered = undeliveredIn((await log.checkpoint(consumer)).state);
    if (undelivered.waiting === null && undelivered.leftOut.length === 0) continue;
    found.push({ ...entry, lane, ...undelivered });
  }
  return found;
}
