/** What people order for a lane, and how it is told: a part of the lane's words. Pure. */
import { oneLine } from '../format/text.ts';
import { capital } from '../format/words.ts';
import type { Release } from './events.ts';
import type { LaneEvent, LaneEventType } from './lane.ts';
import { because, cameOfGivenUp, type EventText, eventText, inBrackets } from './story-words.ts';
import { isGivenUp } from './taken-back.ts';

/**
 * What everybody is told of. A `resume`, and what it lifts, is told by its deploy; so is a deploy by hand.
 */
export const orderTypes = [
  'lane.disabled',
  'lane.enabled',
  'lock.broken',
  'rollback.begun',
  'rollback.done',
  'rollback.failed',
] as const satisfies readonly LaneEventType[];

export type OrderType = (typeof orderTypes)[number];
export type Order = Extract<LaneEvent, { type: OrderType }>;
type DataOf<T extends OrderType> = Extract<Order, { type: T }>['data'];

export function isOrder(event: LaneEvent): event is Order {
  return orderTypes.some((type) => type === event.type);
}

/** An order in words, with who gave it and why. */
export function tellOrder(order: Order): EventText {
  const say = sentences[order.type] as (data: Order['data']) => EventText;
  return say(order.data);
}

const sentences: { readonly [T in OrderType]: (data: DataOf<T>) => EventText } = {
  'lane.disabled': (person) =>
    eventText(
      'waiting',
      `lane disabled by ${because(person)}`,
      'Nothing goes to production until `pipeline enable --reason "…"`.',
    ),
  'lane.enabled': (person) =>
    eventText(
      'neutral',
      `lane enabled by ${because(person)}`,
      'The next build ships by itself; one that was held goes on by `pipeline resume DEPLOY --reason "…"`.',
    ),
  'lock.broken': ({ deploy, ...person }) =>
    eventText(
      'neutral',
      `lane taken from ${deploy} by ${because(person)}`,
      'Its job, if it still runs, ends without writing more.',
    ),
  'rollback.begun': ({ from, to, ...person }) =>
    eventText(
      'waiting',
      `production is being taken back from ${from.version} to ${to.version} by ${because(person)}`,
    ),
  'rollback.done': ({ to, release, commit, ...person }) =>
    eventText('waiting', `${takenBack(to, commit, release)}, by ${because(person)}`, untilShipped),
  'rollback.failed': rollbackFailed,
};

const untilShipped =
  'Deploys are held until a person ships one: `pipeline advance --build LABEL --reason "…"`, or `pipeline resume DEPLOY --reason "…"` once one was held.';
const look = '`pipeline status` shows what production runs and what to do.';

const takenBack = (to: Release, commit: string | null, release: Release): string =>
  `production was taken back to ${to.version}${inBrackets(commit)}, as ${release.version}`;

function rollbackFailed({ to, code, message, made, ...person }: DataOf<'rollback.failed'>) {
  if (isGivenUp({ code })) {
    const ordered = `Ordered by ${because(person)}. ${capital(cameOfGivenUp(made))}.`;
    return eventText(
      'neutral',
      `the rollback to ${to.version} was ${oneLine(message)}`,
      `${ordered}\n${look}`,
    );
  }
  const why = `${code}: ${oneLine(message)}`;
  if (made?.runs === true) {
    const what = `${takenBack(to, made.commit, made.release)}, not verified`;
    return eventText('bad', `${what}, by ${because(person)}`, `${why}\n${untilShipped}\n${look}`);
  }
  const what =
    made === undefined
      ? `the rollback to ${to.version} failed`
      : `production was not taken back to ${to.version}${made === null ? '' : `: ${made.release.version} did not come to run`}`;
  return eventText('bad', `${what}, as ordered by ${because(person)}`, `${why}\n${look}`);
}
