/**
 * The story in sentences: what each event says to a person, in the terminal, in `pipeline log` and
 * in a channel. Pure, and the only place where events become words.
 */
import { formatDuration } from '../format/duration.ts';
import { cut, oneLine } from '../format/text.ts';
import { counted } from '../format/words.ts';
import { isEnd, isOfWayBack } from './ending.ts';
import type { DomainEvent, EventData, EventType } from './events.ts';
import { disabled, failed, held, superseded } from './story-endings.ts';
import {
  baked,
  canarySubmitted,
  deployed,
  instancesUp,
  released,
  restored,
  submitted,
  verified,
} from './story-environments.ts';
import {
  because,
  buildName,
  type EventText,
  eventText,
  resume,
  runs,
  shortSha,
  switchState,
} from './story-words.ts';

/** An event in words. @param deploy its id, for the commands that take it; null: whoever reads this has it */
export function tell(event: DomainEvent, deploy: string | null = null): EventText {
  const say = sentences[event.type] as (
    data: DomainEvent['data'],
    deploy: string | null,
  ) => EventText;
  return say(event.data, deploy);
}

/** How a deploy stands by its events, oldest first: by the last; where that is of its canary's way back, by why first. `deploy` as in `tell`. */
export function tellStanding(
  events: readonly [DomainEvent, ...DomainEvent[]],
  deploy: string | null = null,
): EventText {
  const last = events.at(-1) ?? events[0];
  const told = tell(last, deploy);
  const isLeft = isOfWayBack(last);
  const why = isLeft || last.type === 'canary.restored' ? events.findLast(stops) : undefined;
  if (why === undefined) return told;
  const end = tell(why, deploy);
  if (!isLeft) return { ...end, headline: `${end.headline}; ${oneLine(told.headline)}` };
  const more = [end.detail, told.detail].filter((detail) => detail !== null);
  return {
    tone: 'bad',
    headline: `${end.headline}; the canary was not taken back, and may still run the commit: ${oneLine(told.headline)}`,
    detail: more.length === 0 ? null : more.join('\n'),
  };
}

/** Why a deploy does not go on. What fails on its canary's way back comes beside that. */
const stops = (event: DomainEvent): boolean => event.type === 'lock.waitTimedOut' || isEnd(event);

const sentences: {
  readonly [T in EventType]: (data: EventData<T>, deploy: string | null) => EventText;
} = {
  'deploy.requested': ({ build, commit, override, manual }) =>
    eventText(
      'neutral',
      `queued: ${buildName(build.label, commit.sha)} “${cut(commit.title, 100)}” by ${commit.author}`,
      orderOf(override, manual),
    ),
  'run.resumed': ({ order }) =>
    eventText(
      'neutral',
      order === null
        ? 'going on: the same command runs again, from where the log ends'
        : `going on from where the log ends, carried on by ${because(order)}`,
    ),
  'run.interrupted': ({ signal }, deploy) =>
    eventText(
      'waiting',
      `interrupted by ${signal}; nothing is lost`,
      `The same command goes on from here, and so does ${resume(deploy)}.`,
    ),
  'lock.acquired': lockAcquired,
  'lock.reacquired': ({ token, why }) =>
    eventText('neutral', `holds the lane again (token ${token}): ${why}`),
  'lock.lost': ({ to }) =>
    eventText(
      'neutral',
      `lost the lane to ${to}`,
      'It queues again, and all is checked anew; a deploy that was taking its canary back does so once it holds the lane.',
    ),
  'lock.waitTimedOut': ({ timeoutMs }) =>
    eventText(
      'waiting',
      `gave up waiting: the lane was not free within ${formatDuration(timeoutMs)}`,
      'Nothing more was deployed. `pipeline status` shows who holds the lane; the same command waits anew.',
    ),
  'deploy.superseded': superseded,
  'deploy.observed': observed,
  'production.found': ({ release, own }) =>
    eventText(
      'neutral',
      own
        ? `production runs this deploy’s release already: ${release.version}`
        : `production runs exactly this commit (${release.version}), and no deploy has verified it; checking it now`,
    ),
  'staging.submitted': (data) => submitted('staging', data),
  'staging.released': (data) => released('staging', data),
  'staging.deployed': (data) => deployed('staging', data),
  'staging.instancesUp': (data) => instancesUp('staging', data),
  'staging.verified': (data) => verified('staging', data),
  'staging.baked': (data) => baked('staging', data),
  'canary.submitted': (data) => canarySubmitted(data),
  'canary.released': (data) => released('canary', data),
  'canary.deployed': (data) => deployed('canary', data),
  'canary.instancesUp': (data) => instancesUp('canary', data),
  'canary.verified': (data) => verified('canary', data),
  'canary.baked': (data) => baked('canary', data),
  'canary.restored': restored,
  'gates.passed': ({ killSwitch, cursor, lifts }) =>
    eventText(
      'good',
      // Not set, it lets production be written only where no CI runs the command.
      `gates are open: ${cursor === '' ? 'order and rollback are waived' : `order is right, ${lifts === undefined ? 'no rollback holds' : `the rollback (${lifts.release.version} by ${lifts.by}) does not hold what a person ships by hand, and is lifted once this is live`}`}, ${killSwitch.name} is ${switchState(killSwitch)}${killSwitch.state === 'not set' ? ', which means on outside of a CI' : ''}`,
    ),
  'production.held': held,
  'production.disabled': disabled,
  'production.submitted': (data) => submitted('production', data),
  'production.released': (data) => released('production', data),
  'production.deployed': (data) => deployed('production', data),
  'production.instancesUp': (data) => instancesUp('production', data),
  'production.verified': (data) => verified('production', data),
  'production.baked': (data) => baked('production', data),
  'deploy.failed': failed,
  'deploy.resumed': (person) => eventText('neutral', `resumed by ${because(person)}`),
};

function orderOf(
  override: EventData<'deploy.requested'>['override'],
  manual: EventData<'deploy.requested'>['manual'],
): string | null {
  const words = [
    ...(override === null ? [] : [`Out of order on the word of ${because(override)}`]),
    ...(manual === undefined ? [] : [`Shipped by hand by ${because(manual)}`]),
  ];
  return words.length === 0 ? null : words.join('\n');
}

function lockAcquired({ provider, token, waitedMs, takenOver }: EventData<'lock.acquired'>) {
  const kept = { store: '', circleci: ', kept by CircleCI', github: ', kept by GitHub' }[provider];
  const which = token === null ? kept.replace(', ', ' ') : ` (token ${token}${kept})`;
  const waited = waitedMs < 1_000 ? '' : ` after waiting ${formatDuration(waitedMs)}`;
  return eventText(
    'neutral',
    `took lane lock${which}${waited}`,
    takenOver === null
      ? null
      : `Taken over from ${takenOver.deploy} (token ${takenOver.token}): ${takenOver.why}`,
  );
}

/** How many commits the terminal lists; the notes in a channel and in the log have them all. */
const listedMax = 20;

function observed({ production, notes, order }: EventData<'deploy.observed'>): EventText {
  const count = notes.commits.length + notes.omitted;
  const what = counted(count, 'commit');
  const headline = {
    first: `first deploy: production runs none of this yet; ${what} to ship`,
    ahead: `production runs ${runs(production)}; ${what} to ship`,
    waived: 'what production runs is not known: order and rollback are waived by the configuration',
    overridden: `order is overridden: production runs ${runs(production)}; ${what} to ship`,
  }[order];
  const lines = notes.commits
    .slice(-listedMax)
    .map(({ sha, title, author }) => `${shortSha(sha)} ${cut(title, 100)} (${author})`);
  const more = count - lines.length;
  if (more > 0) lines.unshift(`${counted(more, 'earlier commit')}, and`);
  if (notes.compareUrl !== null) lines.push(notes.compareUrl);
  return eventText('neutral', headline, lines.length === 0 ? null : lines.join('\n'));
}
