/** The decisions of a deploy, as links of a chain; and whether anybody has lifted what held it. */
import { isEnd } from '../../machine/ending.ts';
import { type EventType, endings } from '../../machine/events.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { tell } from '../../machine/story.ts';
import { namedPerson } from '../../machine/story-words.ts';
import { releaseHolding } from '../../machine/taken-back.ts';
import type { ExplainFacts, Told } from './explain-facts.ts';

export interface Link {
  readonly deploy: string;
  /** ISO 8601. */
  readonly time: string;
  /** One line. */
  readonly words: string;
  /** It is of a rollback by a person, and `deploy` is that one's id. */
  readonly isRollback?: true;
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

/** What a deploy came to last; none of one that has no events. */
export async function endLink(
  deploy: string,
  facts: Pick<ExplainFacts, 'events'>,
): Promise<Link[]> {
  const end = (await facts.events(deploy)).at(-1);
  return end === undefined ? [] : [{ deploy, time: end.time, words: tell(end.event).headline }];
}

export function decisions(deploy: string, events: readonly Told[]): Link[] {
  return events
    .filter(({ event }) => decisive.has(event.type))
    .map(({ event, time }) => ({ deploy, time, words: tell(event).headline }));
}

/** The event that ended the deploy, or holds it; undefined: it goes on, or was let go on since. */
export function endOf<T extends Pick<Told, 'event'>>(events: readonly T[]): T | undefined {
  const since = events.findLastIndex(({ event }) => event.type === 'deploy.resumed');
  return events.slice(since + 1).findLast(({ event }) => isEnd(event));
}

/** What holds deploys: an event of one that was held, or the release by which a person took production back. */
export type Holding = Told | { readonly release: string };

export interface Lift {
  /** `lifted by nobody` */
  readonly words: string;
  /** Null: nobody. */
  readonly by: string | null;
}

/** Who lifted, in the lane, what deploys are held by; null: a person can lift nothing there. */
export async function liftOf(
  lane: string,
  held: Holding,
  facts: Pick<ExplainFacts, 'laneEvents' | 'lift'>,
): Promise<Lift | null> {
  // A person may lift what a rollback made before that tells how it ended.
  if ('release' in held) return told(await facts.lift(lane, held.release));
  const since = await facts.laneEvents(lane, held.position);
  const lifts = liftedBy(held, since);
  return lifts === null ? null : told(since.find(({ event }) => lifts(event)) ?? null);
}

function told(lift: Told<LaneEvent> | null): Lift {
  if (lift === null) return { words: 'lifted by nobody', by: null };
  const { actor = '', observed = '', reason = '' } = lift.event.data as Record<string, string>;
  const who = namedPerson({ actor, observed });
  const when = lift.time.slice(0, 16).replace('T', ' ');
  return { words: `lifted by ${who}, ${when} UTC: ${reason}`, by: actor };
}

const liftedFrom =
  (release: string) =>
  (of: LaneEvent): boolean =>
    of.type === 'rollback.lifted' && of.data.release === release;

/** @param since what happened in the lane since then */
function liftedBy(
  { event }: Told,
  since: readonly Told<LaneEvent>[],
): ((lane: LaneEvent) => boolean) | null {
  if (event.type === 'production.held') {
    const ofLane = since.map((one) => one.event);
    const release = releaseHolding(event.data.rollback, ofLane);
    return release === null ? null : liftedFrom(release);
  }
  if (event.type !== 'production.disabled') return null;
  const { switch: which, distrust } = event.data;
  if (which === 'lane') return (of) => of.type === 'lane.enabled';
  if (distrust === null) return null;
  return (of) => of.type === 'trust.given' && of.data.digest === distrust.digest;
}
