/**
 * The events that an export is asked for, in the log's order. They are found by the indexes of streams, deploys and
 * positions; where what is found does not add up, the whole log is read, so that nothing is left out of a doubt.
 */
import { deploysOf } from '../../runtime/audit/deploys.ts';
import { firstEventsOf } from '../../runtime/log/first-events.ts';
import { positionBefore } from '../../runtime/log/positions.ts';
import { deployStream, laneStream } from '../../runtime/log/streams.ts';
import { type EventLog, LogFault, type RecordedEvent } from '../../store/log.ts';

/** From one time on, and before another: two exports that meet there share no event and miss none. */
export interface Range {
  readonly since: string | null;
  readonly until: string | null;
}

/** Which deploy's, or which lane's; neither: everybody's. */
export interface Whose {
  readonly deploy: string | null;
  readonly lane: string | null;
}

type Pages = AsyncGenerator<readonly RecordedEvent[]>;

const pageSize = 500;
/** A lane with more deploys than that has a good part of the log, which is then read from its beginning. */
const deploysMax = 1_000;

/**
 * What the log holds when it begins, however it grows meanwhile.
 *
 * @param faults is given what is found wrong with the events of a page, before the page comes
 */
export async function* selected(
  log: EventLog,
  whose: Whose,
  range: Range,
  faults: Map<number, LogFault>,
): Pages {
  const head = await log.head();
  const found = await unlessFaulty(() => ofStreams(log, whose));
  if (found === null) return yield* scanned(log, head, whose, range, faults);
  const asked = found.filter((event) => event.position <= head && isIn(range, event));
  for (let from = 0; from < asked.length; from += pageSize) {
    yield asked.slice(from, from + pageSize);
  }
}

async function unlessFaulty<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LogFault) return null;
    throw error;
  }
}

const isIn = ({ since, until }: Range, { time }: RecordedEvent): boolean =>
  (since === null || time >= since) && (until === null || time < until);

/** Null: they are not found by their streams. @throws LogFault */
async function ofStreams(log: EventLog, { deploy, lane }: Whose): Promise<RecordedEvent[] | null> {
  if (deploy !== null) return [...(await log.readStream(deployStream(deploy)))];
  return lane === null ? null : ofLane(log, lane);
}

async function ofLane(log: EventLog, lane: string): Promise<RecordedEvent[] | null> {
  const deploys = await deploysOf(log, lane, { limit: deploysMax + 1 });
  if (deploys.length > deploysMax) return null;
  const events = [...(await log.readStream(laneStream(lane)))];
  const known = new Set(deploys.map(deployStream));
  if (await hasMore(log, lane, known)) return null;
  for (const deploy of deploys) {
    const stream = await log.readStream(deployStream(deploy));
    if (stream[0] !== undefined && isOfLane(stream[0], lane)) events.push(...stream);
  }
  return events.sort((a, b) => a.position - b.position);
}

/** Whether a deploy of the lane is not known: each deploy's first event is the log's own word, which no table of deploys can take back. */
async function hasMore(log: EventLog, lane: string, known: ReadonlySet<string>): Promise<boolean> {
  for await (const first of firstEventsOf(log, deployStream(''))) {
    if (!known.has(first.stream) && isOfLane(first, lane)) return true;
  }
  return false;
}

/** A deploy's first event says whose it is. */
const isOfLane = ({ type, version, data }: RecordedEvent, lane: string): boolean =>
  type === 'deploy.requested' && version === 1 && data.lane === lane;

async function* scanned(
  log: EventLog,
  head: number,
  whose: Whose,
  range: Range,
  faults: Map<number, LogFault>,
): Pages {
  const { since, until } = range;
  const isOurs = chosen(whose);
  // A lane's deploys are known by their first events, which may be older.
  const canSkip = since !== null && whose.lane === null;
  const start = canSkip ? await unlessFaulty(() => positionBefore(log, since, head)) : 0;
  for (let after = start ?? 0; after < head; ) {
    const page = await log.readAll({
      after,
      limit: Math.min(pageSize, head - after),
      onFault: (fault) => void faults.set(fault.position, fault),
    });
    const last = page.at(-1);
    if (last === undefined) return;
    const ours = page.filter((event) => isOurs(event) && isIn(range, event));
    if (ours.length > 0) yield ours;
    // Times never go back.
    if (until !== null && last.time >= until) return;
    after = last.position;
  }
}

function chosen({ deploy, lane }: Whose): (event: RecordedEvent) => boolean {
  if (deploy !== null) return ({ stream }) => stream === deployStream(deploy);
  if (lane === null) return () => true;
  const streams = new Set([laneStream(lane)]);
  return (event) => {
    if (isOfLane(event, lane)) streams.add(event.stream);
    return streams.has(event.stream);
  };
}
