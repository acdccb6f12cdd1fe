/** An event of a deploy as a channel is told it: with what came before it, and what has happened since. Reads the log. */
import type { DeployEvents, News, Since } from '../../effects/channels/channel.ts';
import type { DeployRequest, DomainEvent } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { headWords } from '../audit/head.ts';
import { followerOf } from '../lock/follower.ts';
import { domainEvent, ifReadable, laneEvent, stateAfter, UnreadableLog } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';

const batch = 200;
/** Words about the run that carries a deploy, which say nothing of what became of the deploy. */
const aboutRuns = /^run\./;

/**
 * Null where this version cannot read the event, or its deploy.
 *
 * @param until the last position that is told about now
 */
export async function deployNews(
  log: EventLog,
  event: RecordedEvent,
  until: number,
  leaveOut: (error: unknown) => void,
): Promise<News | null> {
  const { id, stream, position, version, time, metadata } = event;
  const events = await log.readStream(stream);
  const later = events.filter((one) => one.version > version);
  const history = historyOf(
    events.filter((one) => one.version <= version),
    leaveOut,
  );
  if (history === null) return null;
  const next = later.find((one) => one.position <= until);
  return {
    ...{ id, position, version, time, history },
    deploy: stream.slice(deployStream('').length),
    state: stateAfter({ metadata }),
    nextTime: next?.time ?? null,
    since: () => sinceOf(log, event, later, history[0].data),
    head: async () => headWords(await log.headDigest()),
  };
}

async function sinceOf(
  log: EventLog,
  { position }: RecordedEvent,
  later: readonly RecordedEvent[],
  { lane, deploy, settings: { stacking } }: DeployRequest,
): Promise<Since> {
  // What this version cannot read is no word about a run that it knows.
  const types = later.map((one) => ifReadable(() => domainEvent(one))?.type ?? one.type);
  const wentOn = types.some((type) => !aboutRuns.test(type));
  const shipped = await shippedAfter(log, position, laneStream(lane));
  return { wentOn, shipped, follower: await followerOf(log, { lane, deploy, stacking }) };
}

/** Which deploy of the lane went live after that position, first. */
async function shippedAfter(
  log: EventLog,
  position: number,
  stream: string,
): Promise<string | null> {
  for (let after = position; ; ) {
    const read = await log.readAll({ after, limit: batch, streamPrefix: stream });
    for (const one of read) {
      const event = one.stream === stream ? ifReadable(() => laneEvent(one)) : null;
      if (event?.type === 'lane.shipped') return event.data.deploy;
    }
    after = read.at(-1)?.position ?? after;
    if (read.length < batch) return null;
  }
}

/** The deploy's events up to the last of these; null where this version cannot read that one. */
function historyOf(
  recorded: readonly RecordedEvent[],
  leaveOut: (error: unknown) => void,
): DeployEvents | null {
  const events: DomainEvent[] = [];
  for (const [at, one] of recorded.entries()) {
    try {
      events.push(redactAll(domainEvent(one)));
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      // A newer version wrote it, and that one can tell it.
      if (at < recorded.length - 1) continue;
      leaveOut(error);
      return null;
    }
  }
  const [first, ...rest] = events;
  return first?.type === 'deploy.requested' ? [first, ...rest] : null;
}
