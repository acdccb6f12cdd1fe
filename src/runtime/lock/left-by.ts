/** What an earlier holder of a lane may have left under way, as its stream tells it. */
import { type LeftBehind, leftBehind } from '../../machine/left-behind.ts';
import type { EventLog } from '../../store/log.ts';
import { foldStream, unlessUnreadable } from '../log/recorded.ts';

/** Null: nothing tells. A rollback has no stream of its own, and a newer version may have written a deploy's. */
export async function leftBy(log: EventLog, holder: string): Promise<LeftBehind | null> {
  const folded = await foldStream(log, holder).catch(unlessUnreadable);
  return folded === null ? null : leftBehind(folded);
}
