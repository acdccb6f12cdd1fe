/** What people ordered for a lane, as a channel is told it. Reads the log. */
import type { OrderNews } from '../../effects/channels/channel.ts';
import { isOrder, type OrderType } from '../../machine/orders.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { isMarkedAfter } from '../audit/lane-marks.ts';
import { laneEvent, UnreadableLog } from '../log/recorded.ts';
import { laneStream } from '../log/streams.ts';

const batch = 200;

/** Orders of these types, in order. Without any, one look at an index says so. */
export async function ordersBetween(
  log: EventLog,
  {
    lane,
    types,
    after,
    until,
  }: { lane: string | null; types: readonly OrderType[]; after: number; until: number },
): Promise<readonly RecordedEvent[]> {
  if (after >= until || !(await isMarkedAfter(log, { lane, types, after }))) return [];
  const found: RecordedEvent[] = [];
  const streamPrefix = laneStream(lane ?? '');
  for (let from = after; ; ) {
    const read = await log.readAll({ after: from, limit: batch, streamPrefix });
    for (const event of read) {
      const isOurs = lane === null || event.stream === streamPrefix;
      const isOne = types.some((type) => type === event.type);
      if (event.position <= until && isOurs && isOne) found.push(event);
    }
    from = read.at(-1)?.position ?? until;
    if (read.length < batch || from >= until) return found;
  }
}

/** Null where this version cannot read it. */
export function orderNews(
  event: RecordedEvent,
  leaveOut: (error: unknown) => void,
): OrderNews | null {
  const { id, stream, position, version, time } = event;
  try {
    const order = redactAll(laneEvent(event));
    if (!isOrder(order)) return null;
    return { id, position, version, time, lane: stream.slice(laneStream('').length), order };
  } catch (error) {
    if (!(error instanceof UnreadableLog)) throw error;
    leaveOut(error);
    return null;
  }
}
