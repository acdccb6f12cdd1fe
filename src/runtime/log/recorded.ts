/** From the log's rows to the chart: reading a deploy's stream and folding it. */
import { targetKinds } from '../../effects/targets/kinds.ts';
import { LockstepError } from '../../errors/error.ts';
import { parseEvent } from '../../machine/codec.ts';
import { schemaNumbers } from '../../machine/event-schemas.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { begin, type FoldedDeploy, next } from '../../machine/interpret.ts';
import { foldLane, type Lane, type LaneEvent, parseLaneEvent } from '../../machine/lane.ts';
import { upcasters } from '../../machine/upcasters.ts';
import { NewerSchema, Upcasting } from '../../machine/upcasting.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { deployStream } from './streams.ts';

/** The log holds something that this program's chart or schemas do not take. */
export class UnreadableLog extends LockstepError {}

const currentUpcasting = new Upcasting(schemaNumbers, [
  ...upcasters,
  ...targetKinds.flatMap((kind) => kind.upcasters),
]);

/** An event of a deploy in today's words. @throws UnreadableLog */
export function domainEvent(recorded: RecordedEvent): DomainEvent {
  return inTodaysWords(recorded, currentUpcasting, parseEvent);
}

/** An event of a lane in today's words. @throws UnreadableLog */
export function laneEvent(recorded: RecordedEvent): LaneEvent {
  return inTodaysWords(recorded, currentUpcasting, parseLaneEvent);
}

/** The lane after these events of its stream, which follow on it. @throws UnreadableLog */
export function laneAfter(lane: Lane, events: readonly RecordedEvent[]): Lane {
  return events.reduce(
    (state, recorded) => foldLane(state, laneEvent(recorded), recorded.version),
    lane,
  );
}

/** @throws UnreadableLog an event that this version does not know, of a newer schema, or whose data does not fit */
export function inTodaysWords<T>(
  { type, schema, data, stream, version }: RecordedEvent,
  upcasting: Upcasting,
  parse: (type: string, data: unknown) => T,
): T {
  const place = `${stream}@${version}`;
  try {
    const today = upcasting.upcast({ type, schema, data });
    return parse(today.type, today.data);
  } catch (cause) {
    if (cause instanceof NewerSchema) {
      const message = `${place} was written by a newer version of lockstep: ${cause.message}`;
      const hint = 'Update lockstep: whatever works on one log has to be as new as what wrote it.';
      throw new UnreadableLog('E_EVENT_NEWER', message, { hint, details: { type, schema }, cause });
    }
    throw new UnreadableLog(
      'E_EVENT_UNKNOWN',
      `${place}: this version of lockstep cannot read the event ${type}`,
      { hint: 'A newer version may have written it: update lockstep.', cause },
    );
  }
}

/** The state that an event led to, as its run wrote it beside it; null where it says none. */
export function stateAfter({ metadata }: Pick<RecordedEvent, 'metadata'>): string | null {
  const { to } = (metadata.transition ?? {}) as { readonly to?: unknown };
  return typeof to === 'string' ? to : null;
}

/** What `read` gives; null where this version cannot read what the log has. */
export function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    return unlessUnreadable(error);
  }
}

/** For the `catch` of a read that may take its time: null where this version cannot read what the log has. */
export function unlessUnreadable(error: unknown): null {
  if (error instanceof UnreadableLog) return null;
  throw error;
}

/** The deploy after one event more, recorded at that time; null where the chart does not handle it. */
export function fold(
  folded: FoldedDeploy | null,
  event: DomainEvent,
  time: string,
): FoldedDeploy | null {
  const at = Date.parse(time);
  if (folded !== null) return next(folded, event, at);
  return event.type === 'deploy.requested' ? begin(event.data, at) : null;
}

/** A deploy as its stream tells it; null when there is no such stream. @throws UnreadableLog */
export async function foldStream(log: EventLog, deploy: string): Promise<FoldedDeploy | null> {
  let folded: FoldedDeploy | null = null;
  for (const recorded of await log.readStream(deployStream(deploy))) {
    folded = fold(folded, domainEvent(recorded), recorded.time);
    if (folded === null) {
      throw new UnreadableLog(
        'E_EVENT_REFUSED',
        `${recorded.stream}@${recorded.version}: the chart does not take ${recorded.type} there`,
        { hint: `pipeline replay ${deploy} shows where the log and the chart part.` },
      );
    }
  }
  return folded;
}
