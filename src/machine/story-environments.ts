/** What is told of one environment on its way: submitted, released, up, verified, baked, taken back. */
import { formatDuration } from '../format/duration.ts';
import { counted, listed } from '../format/words.ts';
import type { EnvironmentName, EventData } from './events.ts';
import { type EventText, eventText, shortSha } from './story-words.ts';

export function submitted(
  environment: EnvironmentName,
  { work, adopted }: EventData<'staging.submitted'>,
): EventText {
  const what = `${environment} ${work.kind} ${shortSha(work.id)}`;
  return eventText(
    'neutral',
    adopted ? `${what} was requested by an earlier try; following that one` : `${what} requested`,
  );
}

export function restored({ release, stays }: EventData<'canary.restored'>): EventText {
  if (release !== null) {
    return eventText(
      'neutral',
      `the canary was taken back: it runs ${release.version}, what it ran before`,
    );
  }
  if (stays === 'production') {
    return eventText('neutral', 'production runs the commit, too: the canary stays as it is');
  }
  return stays === null
    ? eventText('neutral', 'the canary does not run this deploy: nothing is to be taken back')
    : eventText(
        'bad',
        'the canary runs this commit, or is about to, by a release that is not known to be this deploy’s: it is left as it is',
      );
}

export function canarySubmitted({ share, ...data }: EventData<'canary.submitted'>): EventText {
  const told = submitted('canary', data);
  return share === null
    ? told
    : { ...told, headline: `${told.headline}, for ${share}% of the traffic` };
}

export function released(
  environment: EnvironmentName,
  { artifact }: EventData<'staging.released'>,
): EventText {
  return eventText(
    'neutral',
    artifact === null
      ? `${environment} has a release of what was submitted`
      : `${environment} has a release of ${artifact.kind} ${shortSha(artifact.id)}`,
  );
}

export function deployed(
  environment: EnvironmentName,
  { release, artifact }: EventData<'staging.deployed'>,
): EventText {
  return eventText(
    'neutral',
    `${environment} ${release.version} is released (${shortSha(artifact.commit)})`,
  );
}

export function instancesUp(
  environment: EnvironmentName,
  { instances, waitedMs }: EventData<'staging.instancesUp'>,
): EventText {
  const after = waitedMs < 1_000 ? '' : ` after ${formatDuration(waitedMs)}`;
  const versions = [...new Set(instances.map(({ version }) => version))].join(', ');
  const names = instances.map(({ name }) => name);
  if (names.length === 0) {
    return eventText('good', `${environment} has no instances to wait for${after}`);
  }
  return eventText(
    'good',
    `${environment} ${versions} is up${after}: ${counted(names.length, 'instance')} (${listed(names, 10)})`,
  );
}

/** Production's last word says that the deploy is live. */
const healthy = (environment: EnvironmentName, isLast: boolean): string =>
  `${environment === 'production' && isLast ? 'live: ' : ''}${environment} is healthy`;

export function verified(
  environment: EnvironmentName,
  { release, instances, steadyMs, restarts, endpoints, bakeMs }: EventData<'staging.verified'>,
): EventText {
  const up = instances.length === 0 ? 'has no instances' : `up for ${formatDuration(steadyMs)}`;
  const again = restarts === 0 ? '' : ` (after ${counted(restarts, 'restart')})`;
  const goesOn = bakeMs === undefined ? '' : `; has to stay so for ${formatDuration(bakeMs)}`;
  return eventText(
    'good',
    `${healthy(environment, bakeMs === undefined)}: ${release.version} ${up}${again}, ${answers(endpoints)}${goesOn}`,
    answered(endpoints),
  );
}

export function baked(
  environment: EnvironmentName,
  { release, bakedMs, rounds, restarts, endpoints }: EventData<'staging.baked'>,
): EventText {
  const again = restarts === 0 ? '' : `, ${counted(restarts, 'restart')} meanwhile`;
  return eventText(
    'good',
    `${healthy(environment, true)}: ${release.version} baked for ${formatDuration(bakedMs)} (checked ${counted(rounds, 'time')}${again}), ${answers(endpoints)}`,
    answered(endpoints),
  );
}

type Answered = EventData<'staging.verified'>['endpoints'];

function answers({ length }: Answered): string {
  if (length === 0) return 'no endpoints to ask';
  return `${counted(length, 'endpoint')} ${length === 1 ? 'is' : 'are'} right`;
}

function answered(endpoints: Answered): string | null {
  const lines = endpoints.map(({ url, status, attempts, revision }) =>
    [
      `${status} ${withoutQuery(url)}`,
      revision === null ? '' : ` runs ${shortSha(revision)}`,
      attempts === 1 ? '' : ` (${counted(attempts, 'attempt')})`,
    ].join(''),
  );
  return lines.length === 0 ? null : lines.join('\n');
}

/** A query may carry what is not to be shown. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
