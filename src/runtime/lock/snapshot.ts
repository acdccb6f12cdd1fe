/** The event that writes a lane down whole. */
import { isDeepStrictEqual } from 'node:util';
import type { Lane, LaneEvent, Waiter } from '../../machine/lane.ts';
import { isShortEnough, isSnapshotDue, snapshotOf } from '../../machine/lane-snapshot.ts';
import { redactAll } from '../../redaction/gate.ts';

/**
 * The snapshot of the lane, to be written right behind the events that made it; none where it is not due.
 *
 * @param left who waits in it, and whose run is over
 */
export function snapshotDue(lane: Lane, left: readonly Waiter[]): readonly LaneEvent[] {
  if (!isSnapshotDue(lane)) return [];
  const data = snapshotOf(lane, left);
  // A secret that became known after its event was written would be masked here: the snapshot would differ from the lane that the events make.
  const isKept = isShortEnough(data) && isDeepStrictEqual(redactAll(data), data);
  return isKept ? [{ type: 'lane.snapshot', data }] : [];
}
