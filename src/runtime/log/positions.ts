/** Places in the whole log by their time. */
import type { EventLog } from '../../store/log.ts';

/** The last position of an older time, by halves, for times never go back. @throws LogFault */
export async function positionBefore(log: EventLog, since: string, head: number): Promise<number> {
  let [older, newer] = [0, head + 1];
  while (newer - older > 1) {
    const middle = Math.floor((older + newer) / 2);
    const [event] = await log.readAll({ after: middle - 1, limit: 1 });
    if (event !== undefined && event.time < since) older = middle;
    else newer = middle;
  }
  return older;
}
