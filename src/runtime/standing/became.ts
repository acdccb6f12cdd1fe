/** What became of each deploy, now that others came after it. Pure. */
import { isTagged, stateFacts } from '../../machine/state-facts.ts';
import { describeStep } from '../../machine/step-words.ts';
import type { DeployFacts } from './deploy-facts.ts';
import type { Known } from './known.ts';
import type { Place } from './places.ts';

export type BecameKind =
  | 'live' // it is what production runs
  | 'replaced' // it was live until another one came
  | 'rolledBack' // it was live until production was taken back
  | 'carried' // a newer deploy was given the lane in its place, or shipped its commit
  | 'contained' // production had its commit already
  | 'old' // it does not follow on what production ran
  | 'stuck' // likewise, though it is no old build
  | 'held' // a rollback holds it
  | 'disabled' // a switch, or what has to be accepted
  | 'failed'
  | 'waitTimedOut' // waited for the lane in vain
  | 'waiting' // for the lane, with a run
  | 'underWay' // with a run
  | 'interrupted' // under way, without a run
  | 'unknown'; // in a state that today's chart does not have

export interface Became {
  readonly kind: BecameKind;
  /** In words, a few. */
  readonly what: string;
  /** The deploy that came in its place; null: none, or it is not known. */
  readonly by: string | null;
}

export function becameOf(facts: DeployFacts, known: Known, production: Place): Became {
  const { row, end, lostTo } = facts;
  const tags = stateFacts(row.state)?.tags;
  const isAlive = known.living.has(row.deploy);
  if (tags === undefined && !isAlive && row.settled) return told('unknown', row.state);
  if (tags?.includes('live') === true) return wasLive(facts, known, production);
  if (end?.type === 'deploy.superseded') return superseded(end);
  const carrier = shippedAfter(facts, known);
  if (end?.type === 'production.held') return orCarried('held', 'held by a rollback', carrier);
  if (end?.type === 'production.disabled') {
    const by = end.data.switch === 'environment' ? end.data.killSwitch.name : end.data.switch;
    return orCarried('disabled', `held: ${by === 'lane' ? 'lane disabled' : by}`, carrier);
  }
  if (tags?.includes('failed') === true) {
    const step = end?.type === 'deploy.failed' ? ` ${describeStep(end.data.step)}` : '';
    return orCarried('failed', `failed${step}`, carrier);
  }
  if (tags?.includes('paused') === true && !isAlive) {
    return orCarried('waitTimedOut', 'gave up waiting', carrier);
  }
  if (!isAlive) return orCarried('interrupted', 'interrupted, no run', carrier);
  const step = stateFacts(row.state)?.step ?? null;
  if (step === 'acquireLock') {
    const overtaken = lostTo === null ? 'waiting' : `overtaken by ${lostTo}; waiting`;
    return told('waiting', overtaken, lostTo);
  }
  return told('underWay', step === null ? row.state : describeStep(step));
}

const told = (kind: BecameKind, what: string, by: string | null = null): Became => ({
  ...{ kind, what, by },
});

/** What did not ship by itself may have been shipped by another. */
function orCarried(kind: BecameKind, what: string, carrier: string | null): Became {
  return carrier === null
    ? told(kind, what)
    : told('carried', `${what}; ${carrier} shipped`, carrier);
}

function superseded({ data }: Extract<DeployFacts['end'], { type: 'deploy.superseded' }>): Became {
  if (data.cause === 'newer-build') {
    return told('carried', `carried by ${data.by.deploy}`, data.by.deploy);
  }
  if (data.cause === 'contained') {
    return told('contained', `in production before it (${data.production.version ?? 'nothing'})`);
  }
  return data.stuck === null
    ? told('old', 'old build')
    : told('stuck', 'refused: the lane is stuck');
}

/** The first deploy that went live after this one was asked for, and was asked for later. */
export function shippedAfter(
  { row, begun }: DeployFacts,
  { deploys, marks }: Known,
): string | null {
  const later = deploys.filter((other) => isLive(other) && other.begun > begun);
  const first = later.at(-1);
  if (first !== undefined) return first.row.deploy;
  // The one that shipped last may not be listed.
  const mark = marks['lane.shipped'];
  if (mark === undefined || mark.record.position < row.position) return null;
  const isListed = deploys.some((other) => other.row.deploy === mark.data.deploy);
  return isListed ? null : mark.data.deploy;
}

const isLive = ({ row }: DeployFacts): boolean => isTagged(row.state, 'live');

function wasLive(facts: DeployFacts, known: Known, production: Place): Became {
  const { row, released } = facts;
  if (production.deploy === row.deploy) return told('live', 'live');
  const next = nextLive(facts, known);
  const back = backFrom(facts, known);
  if (back !== null) {
    const again = runsAgain(facts, production);
    return again === null ? told('rolledBack', `rolled back since${back}`) : told('live', again);
  }
  if (next !== null) return told('replaced', `live until ${next}`, next);
  if (production.version === null) return told('live', 'live');
  const version = released.production?.release.version;
  if (version !== undefined && version === production.version) return told('live', 'live');
  return told('replaced', `replaced by ${production.version}${by(production.by)}`);
}

const by = (who: string | null): string => (who === null ? '' : ` by ${who}`);

/** Its commit runs, and as a release that is not its own: somebody went back to it. Null: it does not, or nothing tells. */
function runsAgain(
  { row, released }: DeployFacts,
  { version, commit, by: who }: Place,
): string | null {
  const own = released.production?.release.version;
  if (version === null || own === undefined || version === own || commit !== row.commit)
    return null;
  return `runs again as ${version}${by(who)}`;
}

/** By when they became live. */
function nextLive({ row }: DeployFacts, { deploys, marks }: Known): string | null {
  const later = deploys
    .filter((other) => isLive(other) && other.row.position > row.position)
    .sort((a, b) => a.row.position - b.row.position)[0];
  if (later !== undefined) return later.row.deploy;
  const mark = marks['lane.shipped'];
  return mark !== undefined &&
    mark.data.deploy !== row.deploy &&
    mark.record.position > row.position
    ? mark.data.deploy
    : null;
}

/** How production left this deploy's release by a going-back, if it did: ` by ana`. */
function backFrom({ row, released }: DeployFacts, known: Known): string | null {
  const version = released.production?.release.version ?? null;
  const { told: asked, deploys, takenBack } = known;
  const place = asked.kind === 'asked' ? asked.places.production : undefined;
  const now = place?.kind === 'runs' ? place.back : null;
  const seen = deploys.flatMap(({ goingsBack }) => goingsBack);
  const backs = now === null ? seen : [now, ...seen];
  const left = backs.find(
    ({ before, kind }) => before !== null && before === version && !kind.startsWith('failed'),
  );
  if (left !== undefined) return by(left.by);
  const ordered = takenBack.find(
    ({ from, position }) => from === version && position > row.position,
  );
  return ordered === undefined ? null : by(ordered.actor);
}
