/** How a person's rollback began, found from its end. */
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { laneStream } from './streams.ts';

/** So many are read at once. Between the two only runs that came and waited are, so the first page has it nearly always. */
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
