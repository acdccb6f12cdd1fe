/** How a person's rollback began, found from its end. */
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { laneStream } from './streams.ts';

/** How many events are read at once. Little is written while a rollback has the lane, so the first page nearly always has its beginning. */
const pageSize = 50;

/** @param end the version of its end in the lane's stream. @returns its `rollback.begun`; null: the stream has none. @throws LogFault */
export async function beginningOfRollback(
  log: EventLog,
  lane: string,
  { rollback, end }: { readonly rollback: string; readonly end: number },
): Promise<RecordedEvent | null> {
  for (let before = end; before > 1; ) {
    const fromVersion = Math.max(1, before - pageSize);
    const limit = before - fromVersion;
    const page = await log.readStream(laneStream(lane), { fromVersion, limit });
    const begun = page.findLast(
      ({ type, data }) => type === 'rollback.begun' && data.rollback === rollback,
    );
    if (begun !== undefined) return begun;
    before = fromVersion;
  }
  return null;
}
