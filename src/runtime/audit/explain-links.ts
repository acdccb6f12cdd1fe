/** The decisions of a deploy, as links of a chain; and whether anybody has lifted what held it. */
import { type EventType, endings } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { namedPerson, tell } from '../../machine/story.ts';
import type { ExplainFacts, Told } from './explain-facts.ts';

export interface Link {
  readonly deploy: string;
  /** ISO 8601. */
  readonly time: string;
  /** One line. */
  readonly words: string;
}

/** Events by which it was decided whether a deploy goes on; the others say how it went. */
const decisive: ReadonlySet<EventType> = new Set<EventType>([
  ...endings,
  'deploy.requested',
  'run.interrupted',
  'lock.acquired',
  'lock.lost',
  'lock.waitTimedOut',
  'deploy.observed',
  'production.found',
  'staging.verified',
  'canary.verified',
  'canary.restored',
  'gates.passed',
  'deploy.resumed',
  'production.verified',
  'production.baked',
]);

export function decisions(deploy: string, events: readonly Told[]): Link[] {
  return events
    .filter(({ event }) => decisive.has(event.type))
    .map(({ event, time }) => ({ deploy, time, words: tell(event).headline }));
}

const ends: ReadonlySet<EventType> = new Set(endings);

/** The event that ended the deploy, or holds it; undefined: it goes on, or was let go on since. */
export function endOf(events: readonly Told[]): Told | undefined {
  const since = events.findLastIndex(({ event }) => event.type === 'deploy.resumed');
  return events.slice(since + 1).findLast(({ event }) => ends.has(event.type));
}

/** Who lifted, in the lane, what the event held a deploy for: `lifted by nobody`; null: a person can lift nothing there. */
export async function liftOf(
  lane: string,
  held: Told,
  facts: Pick<ExplainFacts, 'laneEvents'>,
): Promise<string | null> {
  const lifts = liftedBy(held);
  if (lifts === null) return null;
  const since = await facts.laneEvents(lane, held.position);
  const lift = since.find(({ event }) => lifts(event));
  if (lift === undefined) return 'lifted by nobody';
  const { actor, observed, reason } = lift.event.data as Record<string, string>;
  const who = namedPerson({ actor: actor ?? '', observed: observed ?? '' });
  return `lifted by ${who}, ${lift.time.slice(0, 16).replace('T', ' ')} UTC: ${reason ?? ''}`;
}

function liftedBy({ event }: Told): ((lane: LaneEvent) => boolean) | null {
  if (event.type === 'production.held') {
    const { id } = event.data.rollback.release;
    return (of) => of.type === 'rollback.lifted' && of.data.release === id;
  }
  if (event.type !== 'production.disabled') return null;
  const { switch: which, distrust } = event.data;
  if (which === 'lane') return (of) => of.type === 'lane.enabled';
  if (distrust === null) return null;
  return (of) => of.type === 'trust.given' && of.data.digest === distrust.digest;
}
