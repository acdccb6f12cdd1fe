/**
 * The story in sentences: what each event says to a person, in the terminal, in `pipeline log` and
 * in a channel. Pure, and the only place where events become words.
 */
import { formatDuration } from '../format/duration.ts';
import { cut, oneLine } from '../format/text.ts';
import { counted, listed } from '../format/words.ts';
import type { Step } from './codec.ts';
import {
  type Distrust,
  type DomainEvent,
  type EnvironmentName,
  type EventData,
  type EventType,
  endings,
  type KillSwitch,
  type Running,
} from './events.ts';

export interface EventText {
  /** One line. */
  readonly headline: string;
  /** What else helps, of one or several lines: a hint, a list. */
  readonly detail: string | null;
  readonly tone: 'good' | 'bad' | 'neutral' | 'waiting';
}

type Tone = EventText['tone'];

/** A commit or any other long id as people know it: its first 8 characters. */
export function shortSha(sha: string): string {
  return sha.slice(0, 8);
}

const stepWords: { readonly [S in Step]: string } = {
  acquireLock: 'waiting for the lane’s lock',
  acquireLockToRestore: 'waiting for the lane’s lock, to take the canary back',
  observe: 'reading what production runs',
  submitStaging: 'submitting the commit to staging',
  followStaging: 'building for staging',
  awaitStagingRelease: 'releasing to staging',
  awaitStagingInstances: 'starting staging’s instances',
  checkStagingHealth: 'checking that staging stays healthy',
  bakeStaging: 'baking on staging',
  readGates: 'reading production’s gates',
  submitCanary: 'submitting to the canary',
  followCanary: 'following what the canary has under way',
  awaitCanaryRelease: 'releasing to the canary',
  awaitCanaryInstances: 'starting the canary’s instances',
  checkCanaryHealth: 'checking that the canary stays healthy',
  bakeCanary: 'baking on the canary',
  restoreCanary: 'taking the canary back',
  submitProduction: 'submitting to production',
  followProduction: 'following what production has under way',
  awaitProductionRelease: 'releasing to production',
  awaitProductionInstances: 'starting production’s instances',
  checkProductionHealth: 'checking that production stays healthy',
  bakeProduction: 'baking in production',
};

/** What a step does: `releasing to staging`. A name that is no step is given back as it is. */
export function describeStep(step: string): string {
  return Object.hasOwn(stepWords, step) ? stepWords[step as Step] : step;
}

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
  const why = isLeft || last.type === 'canary.restored' ? events.findLast(endsDeploy) : undefined;
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

const stepsBack: ReadonlySet<string> = new Set<Step>(['acquireLockToRestore', 'restoreCanary']);

/** Why a deploy does not go on. What fails on its canary's way back comes beside that. */
const ends: ReadonlySet<EventType> = new Set([...endings, 'lock.waitTimedOut']);
const endsDeploy = (event: DomainEvent): boolean => ends.has(event.type) && !isOfWayBack(event);
const isOfWayBack = (event: DomainEvent): boolean =>
  event.type === 'deploy.failed' && stepsBack.has(event.data.step);

/** The command that lets a deploy go on. */
const resume = (deploy: string | null, joint = ' '): string =>
  deploy === null
    ? `pipeline resume${joint}with the deploy and --reason`
    : `pipeline resume ${deploy} --reason "…"`;

const sentences: {
  readonly [T in EventType]: (data: EventData<T>, deploy: string | null) => EventText;
} = {
  'deploy.requested': ({ build, commit, override, manual }) =>
    eventText(
      'waiting',
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
      'waiting',
      `lost the lane to ${to}`,
      'It queues again, and all is checked anew; a deploy that was taking its canary back does so once it holds the lane.',
    ),
  'lock.waitTimedOut': ({ timeoutMs }) =>
    eventText(
      'bad',
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

function eventText(tone: Tone, headline: string, detail: string | null = null): EventText {
  return { headline: oneLine(headline), detail, tone };
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

function superseded(data: EventData<'deploy.superseded'>): EventText {
  if (data.cause === 'newer-build') {
    const { build, commit } = data.by;
    return eventText(
      'neutral',
      `superseded: ${buildName(build, commit)} is newer and ready to run`,
      `Its deploy ${data.by.deploy} ships this commit too.`,
    );
  }
  const where = runs(data.production);
  const unverified = data.verified
    ? null
    : 'No deploy of this lane has verified what production runs: its last check failed, or somebody else released it.';
  return data.cause === 'contained'
    ? eventText(
        'neutral',
        `superseded: production already contains this commit (${where}${data.verified ? '' : ', not verified'})`,
        unverified,
      )
    : diverged(data, where);
}

function diverged(
  { stuck, production }: Extract<EventData<'deploy.superseded'>, { cause: 'diverged' }>,
  where: string,
): EventText {
  if (stuck === null) {
    return eventText(
      'neutral',
      `superseded: an old build; this commit does not follow on what production runs (${where})`,
      'To ship it all the same, a person runs pipeline advance with --override --reason.',
    );
  }
  const commit = production.commit ?? 'the commit that production runs';
  return eventText(
    'bad',
    `stuck${stuck.first ? '' : ' still'}: this commit is no old build, and does not follow on what production runs (${where}); nothing of this branch ships`,
    [
      `Production runs ${commit}, which the branch does not have: it was squashed or rewritten, or it was never merged.`,
      `To ship it with the branch: git merge ${commit} on the branch, and push. A squash does not do; git fetch origin ${commit} gets it.`,
      'To leave it behind: pipeline advance --override --reason "…" at the branch’s newest commit. Production then runs only what the branch has.',
    ].join('\n'),
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

function submitted(
  environment: EnvironmentName,
  { work, adopted }: EventData<'staging.submitted'>,
): EventText {
  const what = `${environment} ${work.kind} ${shortSha(work.id)}`;
  return eventText(
    'neutral',
    adopted ? `${what} was requested by an earlier try; following that one` : `${what} requested`,
  );
}

function restored({ release, stays }: EventData<'canary.restored'>): EventText {
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
        'the canary runs this deploy by somebody’s own release, or has one under way: it is left to them',
      );
}

function canarySubmitted({ share, ...data }: EventData<'canary.submitted'>): EventText {
  const told = submitted('canary', data);
  return share === null
    ? told
    : { ...told, headline: `${told.headline}, for ${share}% of the traffic` };
}

function released(
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

function deployed(
  environment: EnvironmentName,
  { release, artifact }: EventData<'staging.deployed'>,
): EventText {
  return eventText(
    'neutral',
    `${environment} ${release.version} is released (${shortSha(artifact.commit)})`,
  );
}

function instancesUp(
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

function verified(
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

function baked(
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

function held({ rollback }: EventData<'production.held'>, deploy: string | null): EventText {
  const { release, description, by, at, commit } = rollback;
  const now = commit === null ? '' : ` Production runs ${shortSha(commit)}.`;
  const text = description === '' ? '' : ` "${cut(oneLine(description), 100)}"`;
  return eventText(
    'bad',
    `held: ${howBack(rollback)} (${release.version}${text} by ${by}, ${minuteOf(at)})`,
    `Nothing ships until a person lifts it: ${resume(deploy, ', ')}.${now}`,
  );
}

function howBack({ kind, before }: EventData<'production.held'>['rollback']): string {
  const former = before === null ? 'what ran before' : before;
  switch (kind) {
    case 'rollback':
      return 'production was rolled back';
    case 'failed-rollback':
      return 'a rollback of production failed, and was meant all the same';
    case 'older-artifact':
      return `production was taken back to an artifact that ran before ${former}`;
    case 'behind':
      return `production was taken back to older code than ${former} ran`;
    case 'failed-behind':
      return 'a release of older code to production failed, and was meant all the same';
    case 'unknown':
      return `production may have been taken back: how its code stands to that of ${former} cannot be told`;
  }
}

function disabled(data: EventData<'production.disabled'>, deploy: string | null): EventText {
  const { switch: which, killSwitch, by, distrust } = data;
  if (distrust !== null) return distrusted(distrust, deploy);
  if (which === 'lane') {
    return eventText(
      'bad',
      `disabled: the lane was turned off${by === null ? '' : ` by ${because(by)}`} (${killSwitch.name} is ${switchState(killSwitch)})`,
      deploy === null
        ? 'Production was not touched. pipeline enable turns the lane on, pipeline resume ships this deploy; both take --reason.'
        : `Production was not touched. To turn the lane on: pipeline enable --reason "…". To ship this deploy: ${resume(deploy)}`,
    );
  }
  return eventText(
    'bad',
    `disabled: ${killSwitch.name} is ${switchState(killSwitch)}; production ships only while it is true`,
    `Production was not touched. Set ${killSwitch.name} to true, then run ${resume(deploy)}.`,
  );
}

function distrusted({ about, digest, changes }: Distrust, deploy: string | null): EventText {
  const what = {
    settings: 'protected settings are not those of the lane’s last live deploy',
    log: 'the log does not know what production runs',
  }[about];
  const accept = `Production was not touched. Whoever accepts this runs ${resume(deploy)}, once for every deploy with this digest; or the environment outside the commit has PIPELINE_TRUST=${digest}`;
  return eventText(
    'bad',
    `disabled: ${what}: ${changes.join('; ')}`,
    [...changes, accept].join('\n'),
  );
}

/** Longer messages go on in the detail: nothing of a failure is lost. */
const failureHeadlineMax = 300;

function failed({ step, failure }: EventData<'deploy.failed'>): EventText {
  const { code, message, hint } = failure;
  const line = oneLine(message);
  const shown = cut(line, failureHeadlineMax);
  const left = stepsBack.has(step) ? 'The canary may still run the commit.' : null;
  const detail = [shown === line ? null : message, left, hint].filter((text) => text !== null);
  return eventText(
    'bad',
    `failed while ${describeStep(step)}: ${code}: ${shown}`,
    detail.length === 0 ? null : detail.join('\n'),
  );
}

function buildName(label: string, commit: string): string {
  return `build ${label} (${shortSha(commit)})`;
}

/** `v41, 0f0a53bc`. */
function runs({ version, commit }: Running): string {
  const release = version === null ? 'no release' : version;
  return `${release}, ${commit === null ? 'of an unknown commit' : shortSha(commit)}`;
}

/** A person who ordered something, as claimed and as seen. */
export function namedPerson({ actor, observed }: { actor: string; observed: string }): string {
  return `${oneLine(actor)} (${oneLine(observed)})`;
}

function because(person: { actor: string; observed: string; reason: string }): string {
  return `${namedPerson(person)}: ${oneLine(person.reason)}`;
}

function switchState({ state, why }: KillSwitch): string {
  if (state !== 'another value') return state;
  return `not the word true${why === null ? '' : ` (${why})`}`;
}

/** `2026-01-05 13:04 UTC`, or the text as it is where it is no time. */
function minuteOf(iso: string): string {
  const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z$/.exec(iso);
  return time === null ? iso : `${time[1]} ${time[2]} UTC`;
}

/** A query may carry what is not to be shown. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
