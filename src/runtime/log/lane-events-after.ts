/** What happened in a lane after a place of the whole log. */
import type { LaneEvent } from '../../machine/lane.ts';
import type { EventLog } from '../../store/log.ts';
import { laneEvent } from './recorded.ts';
import { laneStream } from './streams.ts';

export interface PlacedLaneEvent {
  readonly event: LaneEvent;
  /** ISO 8601. */
  readonly time: string;
  /** Global. */
  readonly position: number;
}

const page = 1_000;

/** The lane's own events after a global position, oldest first. @throws UnreadableLog, LogFault */
export async function laneEventsAfter(
  log: EventLog,
  lane: string,
  from: number,
): Promise<PlacedLaneEvent[]> {
  const found: PlacedLaneEvent[] = [];
  for (let after = from; ; ) {
    const events = await log.readAll({ after, limit: page, streamPrefix: laneStream(lane) });
    for (const record of events) {
      // The prefix of `web` is that of `web-2`, too.
      if (record.stream !== laneStream(lane)) continue;
      const { time, position } = record;
      found.push({ event: laneEvent(record), time, position });
    }
    if (events.length < page) return found;
    after = events.at(-1)?.position ?? after;
  }
}
