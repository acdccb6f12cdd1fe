/** Whether lanes are what their events make: each event can be read, and each snapshot is the lane that the events before it make. */
import { isDeepStrictEqual } from 'node:util';
import { emptyLane, foldLane, type Lane, type LaneSnapshot } from '../../machine/lane.ts';
import { snapshotOf } from '../../machine/lane-snapshot.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { laneEvent, UnreadableLog } from '../log/recorded.ts';

export interface LaneFinding {
  readonly kind: 'event' | 'snapshot';
  readonly reason: string;
}

export class LaneVerifier {
  /** By their streams, as far as they were folded; null: something was wrong, and the next snapshot is gone on from. */
  readonly #lanes = new Map<string, Lane | null>();

  /** @param isWrong it is not what was recorded, and a finding already */
  take(record: RecordedEvent, isWrong: boolean): LaneFinding | null {
    const { stream } = record;
    const before = this.#lanes.get(stream);
    this.#lanes.set(stream, null);
    if (isWrong) return null;
    try {
      const { lane, finding } = next(before === undefined ? emptyLane : before, record);
      this.#lanes.set(stream, lane);
      return finding;
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      return { kind: 'event', reason: error.message };
    }
  }
}

/** @throws UnreadableLog */
function next(
  before: Lane | null,
  record: RecordedEvent,
): { readonly lane: Lane | null; readonly finding: LaneFinding | null } {
  const event = laneEvent(record);
  if (event.type !== 'lane.snapshot') {
    return { lane: before && foldLane(before, event, record.version), finding: null };
  }
  const other = before === null ? null : otherIn(event.data, before);
  const reason = `the lane was written down with another ${other} than the events before make`;
  return {
    lane: foldLane(emptyLane, event, record.version),
    finding: other === null ? null : { kind: 'snapshot', reason },
  };
}

/** The first thing in which a snapshot is not the one that the lane gives; null: there is none. */
function otherIn(snapshot: LaneSnapshot, lane: Lane): string | null {
  const made = snapshotOf(lane, snapshot.left);
  const names = Object.keys(made) as (keyof LaneSnapshot)[];
  return names.find((name) => !isDeepStrictEqual(snapshot[name], made[name])) ?? null;
}
