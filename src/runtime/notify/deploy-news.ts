/** An event of a deploy as a channel is told it: with what came before it, and what has happened since. Reads the log. */
import type { News, Since } from '../../effects/channels/channel.ts';
import type { DeployRequest } from '../../machine/events.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { headWords } from '../audit/head.ts';
import { followerOf } from '../lock/follower.ts';
import { domainEvent, ifReadable, laneEvent, stateAfter } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';
import type { ToldHistories } from './told-histories.ts';

const batch = 200;
/** Words about the run that carries a deploy, which say nothing of what became of the deploy. */
const aboutRuns = /^run\./;

/**
 * Null where this version cannot read the event, or its deploy.
 *
 * @param until the last position that is told about now
 */
export async function deployNews(
  { log, histories }: { readonly log: EventLog; readonly histories: ToldHistories },
  event: RecordedEvent,
  until: number,
  leaveOut: (error: unknown) => void,
): Promise<News | null> {
  const { id, stream, position, version, time, metadata } = event;
  const history = await histories.upTo(event, leaveOut);
  if (history === null) return null;
  const [next] = await log.readStream(stream, { fromVersion: version + 1, limit: 1 });
  return {
    ...{ id, position, version, time, history },
    deploy: stream.slice(deployStream('').length),
    state: stateAfter({ metadata }),
    nextTime: next !== undefined && next.position <= until && isReadable(next) ? next.time : null,
    since: () => sinceOf(log, event, history[0].data),
    head: async () => headWords(await log.headDigest()),
  };
}

/** What this version cannot read is left out when its turn comes: nothing is told with it. */
const isReadable = (event: RecordedEvent): boolean => ifReadable(() => domainEvent(event)) !== null;

async function sinceOf(
  log: EventLog,
  { stream, position, version }: RecordedEvent,
  { lane, deploy, settings: { stacking } }: DeployRequest,
): Promise<Since> {
  const later = await log.readStream(stream, { fromVersion: version + 1 });
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
