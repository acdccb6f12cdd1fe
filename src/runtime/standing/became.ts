/** What became of each deploy, now that others came after it. Pure. */
import { stuckIn } from '../../machine/events.ts';
import { isTagged, stateFacts } from '../../machine/state-facts.ts';
import { describeStep } from '../../machine/step-words.ts';
import type { LeftBy } from '../audit/aftermath.ts';
import type { DeployFacts } from './deploy-facts.ts';
import { stuck } from './holds.ts';
import type { Known } from './known.ts';
import type { Place } from './places.ts';

export type BecameKind =
  | 'live' // it is what production runs
  | 'replaced' // it was live until another one came
  | 'rolledBack' // it was live until production was taken back
  | 'carried' // a newer deploy was given the lane in its place, or shipped its commit
  | 'contained' // production had its commit already
  | 'old' // it does not follow on what production ran
  | 'stuck' // likewise, though it is no old build, and production runs that still
  | 'held' // a rollback holds it
  | 'disabled' // a switch, or what has to be accepted
  | 'failed'
  | 'waitTimedOut' // waited for the lane in vain
  | 'waiting' // for the lane, with a run
  | 'underWay' // with a run
  | 'interrupted' // under way, without a run
  | 'unknown'; // in a state that today's chart does not have, or what came after it cannot be read

export interface Became {
  readonly kind: BecameKind;
  /** In words, a few. */
  readonly what: string;
  /** The deploy that came in its place; null: none, or it is not known. */
  readonly by: string | null;
  /** When it stopped to be what production runs: ISO 8601; null: it did not, or nothing tells. */
  readonly at: string | null;
}

export function becameOf(facts: DeployFacts, known: Known, production: Place): Became {
  const { row, end, lostTo } = facts;
  const tags = stateFacts(row.state)?.tags;
  const isAlive = known.living.has(row.deploy);
  if (tags === undefined && !isAlive && row.settled) return told('unknown', row.state);
  if (tags?.includes('live') === true) return wasLive(facts, known, production);
  const carrier = known.after.get(row.deploy)?.carrier ?? null;
  if (end?.type === 'deploy.superseded') {
    if (stuckIn(end) === null) return superseded(end);
    if (carrier === null && stuck(known) !== null)
      return told('stuck', 'refused: the lane is stuck');
    return orCarried('old', 'refused: the lane was stuck', carrier);
  }
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

/** Whether what production runs now, as the log knows it, has a say in it: else it is settled by what came after. */
export function hangsOnProduction({ row, end }: DeployFacts, after: Known['after']): boolean {
  const { next = null, back = null, carrier = null } = after.get(row.deploy) ?? {};
  if (end !== null && stuckIn(end) !== null) return carrier === null;
  if (!isTagged(row.state, 'live')) return false;
  return next === null || back !== null;
}

const told = (kind: BecameKind, what: string, by: string | null = null): Became => ({
  ...{ kind, what, by, at: null },
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
  return told('old', 'old build');
}

function wasLive(facts: DeployFacts, known: Known, production: Place): Became {
  const { row, released } = facts;
  if (production.deploy === row.deploy) return told('live', 'live');
  const { next = null, back: logged = null } = known.after.get(row.deploy) ?? {};
  const back = logged ?? toldBack(facts, known);
  if (back !== null) {
    const again = runsAgain(facts, production);
    if (again !== null) return told('live', again);
    const to = back.to === null ? '' : ` to ${back.to}`;
    return { ...told('rolledBack', `rolled back since${to}${by(back.by)}`), at: back.at };
  }
  if (next !== null) {
    return { ...told('replaced', `replaced by ${next.deploy}`, next.deploy), at: next.at };
  }
  const version = released.production?.release.version;
  if (production.version === null || version === production.version) return told('live', 'live');
  // Somebody released over it, and production was taken back to it.
  const again = runsAgain(facts, production);
  if (again !== null) return told('live', again);
  const what = `replaced by ${production.version}${by(production.by)}`;
  return { ...told('replaced', what), at: production.since };
}

const by = (who: string | null): string => (who === null ? '' : ` by ${who}`);

/** Its commit runs, and not as it released it: somebody went back to it. Null: it does not, or nothing tells. */
function runsAgain(
  { row }: DeployFacts,
  { version, commit, deploy, by: who }: Place,
): string | null {
  if (commit !== row.commit) return null;
  // A deploy after it shipped the commit once more.
  if (deploy !== null) return null;
  return `runs again as ${version}${by(who)}`;
}

/** As production's target tells, whatever the log has met. */
function toldBack({ released }: DeployFacts, { told: asked }: Known): LeftBy | null {
  const version = released.production?.release.version ?? null;
  const place = asked.kind === 'asked' ? asked.places.production : undefined;
  const back = place?.kind === 'runs' ? place.back : null;
  if (back === null || back.before === null || back.before !== version) return null;
  return back.kind.startsWith('failed') ? null : { by: back.by, at: back.at, to: null };
}
