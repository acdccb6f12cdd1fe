/** What a deploy would do, step by step, with what the gates read now. */
import { formatDuration } from '../../format/duration.ts';
import { counted } from '../../format/words.ts';
import type {
  DeployRequest,
  Environment,
  EnvironmentName,
  ReleaseNotes,
} from '../../machine/events.ts';
import { type FoldedDeploy, has, stateOf } from '../../machine/interpret.ts';
import type { Lane } from '../../machine/lane.ts';
import type { ServiceOutput } from '../../machine/services.ts';
import { type EventText, shortSha } from '../../machine/story-words.ts';
import { safe, type Terminal } from './terminal.ts';

export interface Rehearsal {
  readonly request: DeployRequest;
  /** What the log has of this very deploy; null: it is a new one. */
  readonly existing: FoldedDeploy | null;
  readonly lane: Lane;
  readonly gates: { readonly answer: ServiceOutput<'readGates'>; readonly text: EventText };
  readonly environments: readonly RehearsedEnvironment[];
  /** What ships; null: nothing does. */
  readonly notes: ReleaseNotes | null;
  readonly notices: readonly string[];
}

export interface RehearsedEnvironment {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  /** It is given what was verified before, rather than the commit. */
  readonly isGiven: boolean;
  /** The target's word for instances. */
  readonly instances: string;
}

const commitsShown = 10;

export function rehearsalView(rehearsal: Rehearsal, { color }: Pick<Terminal, 'color'>): string[] {
  const { request, gates, notes, notices } = rehearsal;
  const { deploy, commit, branch, lane } = request;
  return [
    color.bold('Dry run: nothing is written, to no log and to no target.'),
    ...notices.map((line) => color.dim(safe(line))),
    '',
    `deploy      ${safe(deploy)}: ${shortSha(commit.sha)} “${safe(commit.title)}” by ${safe(commit.author)}, branch ${safe(branch)}`,
    `lane        ${safe(lane)}: ${safe(laneText(rehearsal))}`,
    ...reached(rehearsal).map((one) => `${one.name.padEnd(11)} ${safe(wayOf(one, gates.answer))}`),
    '',
    `gates now   ${safe(gates.text.headline)}`,
    ...(gates.text.detail === null
      ? []
      : gates.text.detail.split('\n').map((line) => `            ${safe(line)}`)),
    ...(notes === null ? [] : ['', ...shipping(notes)]),
    '',
    color.bold(verdict(rehearsal)),
  ];
}

function laneText(rehearsal: Rehearsal): string {
  const { request, lane, existing } = rehearsal;
  if (existing !== null) {
    const state = stateOf(existing);
    return isOver(rehearsal)
      ? `this deploy is over already, as ${state}`
      : `this deploy is in the log already, ${state}, and goes on from there`;
  }
  const { grant, waiting } = lane;
  const holder = grant === null || grant.released ? null : grant.deploy;
  const others = waiting.filter(({ deploy }) => deploy !== request.deploy && deploy !== holder);
  const behind =
    others.length === 0 ? '' : `; waiting: ${others.map(({ deploy }) => deploy).join(', ')}`;
  return (holder === null ? 'free' : `held by ${holder}, which is waited for`) + behind;
}

const isOver = ({ existing }: Rehearsal): boolean => existing !== null && has(existing, 'settled');

/** The environments that it would give something, or check. */
function reached(rehearsal: Rehearsal): readonly RehearsedEnvironment[] {
  const { environments, gates } = rehearsal;
  if (isOver(rehearsal)) return [];
  switch (gates.answer.kind) {
    case 'clear':
      return environments;
    case 'superseded':
      return [];
    case 'found':
      return environments.filter(({ name }) => name === 'production');
    default:
      return environments.filter(({ name }) => name === 'staging');
  }
}

function wayOf(
  { environment, isGiven, instances, name }: RehearsedEnvironment,
  { kind }: Rehearsal['gates']['answer'],
): string {
  const { target, verify, bakeMs, shares } = environment;
  const what = isGiven ? 'is given exactly what was verified before' : 'is given the commit';
  const share = shares === null ? '' : `, ${shares.join(', then ')} percent of the traffic`;
  const checks = [
    ...(verify.waive.includes('no-instances')
      ? []
      : [`${instances} up for ${formatDuration(verify.instances.settleMs)}`]),
    ...verify.endpoints.map(({ url, status }) => `${url} is ${status}`),
    ...(bakeMs > 0 ? [`all of it for ${formatDuration(bakeMs)}`] : []),
  ];
  const gated = name === 'staging' ? '' : ', once the gates are open';
  const given = kind === 'found' ? 'runs it' : `${what}${share}${gated}`;
  return `${target.name} ${given}; checked: ${checks.join(', ') || 'nothing'}`;
}

function shipping({ commits, omitted }: ReleaseNotes): string[] {
  const shown = commits.slice(0, commitsShown);
  const total = commits.length + omitted;
  const more = total - shown.length;
  return [
    `ships       ${counted(total, 'commit')}`,
    ...shown.map(
      ({ sha, title, author }) => `            ${shortSha(sha)} ${safe(title)} (${safe(author)})`,
    ),
    ...(more > 0 ? [`            and ${more} more`] : []),
  ];
}

function verdict(rehearsal: Rehearsal): string {
  if (isOver(rehearsal)) return 'It would do nothing: this deploy is over.';
  switch (rehearsal.gates.answer.kind) {
    case 'clear':
      return 'It would ship, if each check holds and the gates stay open.';
    case 'superseded':
      return 'It would end before anything is deployed.';
    case 'found':
      return 'It would check production, which runs this commit already, and release nothing.';
    default:
      return reached(rehearsal).length === 0
        ? 'It would stop at the gates, before anything is deployed.'
        : 'It would deploy to staging, check it, and stop before production.';
  }
}

/** What `advance --dry-run --json` prints: version 1. */
export function rehearsalDocument(rehearsal: Rehearsal): object {
  const { request, existing, lane, gates, environments, notes, notices } = rehearsal;
  const { grant, waiting } = lane;
  return {
    version: 1,
    dryRun: true,
    deploy: request.deploy,
    commit: request.commit.sha,
    lane: request.lane,
    state: existing === null ? null : stateOf(existing),
    holder: grant === null || grant.released ? null : grant.deploy,
    waiting: waiting.map(({ deploy }) => deploy),
    environments: environments.map(({ name, environment: { target, submits } }) => ({
      name,
      target: target.name,
      submits,
    })),
    gates: { kind: gates.answer.kind, headline: gates.text.headline, detail: gates.text.detail },
    ships: notes === null ? null : { commits: notes.commits, omitted: notes.omitted },
    would: verdict(rehearsal),
    notices,
  };
}
