/** What a deploy's events say of it, as far as it concerns how its lane stands. Pure. */
import { type EndEvent, isEnd } from '../../machine/ending.ts';
import type {
  Build,
  DomainEvent,
  EnvironmentName,
  Release,
  Running,
} from '../../machine/events.ts';
import type { GatesInput } from '../../machine/services.ts';
import type { GoingBack } from '../../machine/taken-back.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { actorIn } from '../actor.ts';
import type { DeployRow, DeployStory } from '../audit/deploys.ts';
import { domainEvent, ifReadable } from '../log/recorded.ts';

/** What a deploy released to one environment last. */
export interface ReleasedFact {
  readonly release: Release;
  /** The full commit id. */
  readonly commit: string;
  /** When its checks held: ISO 8601; null: they did not, or not yet. */
  readonly verifiedAt: string | null;
  /** When it ran: ISO 8601. */
  readonly at: string;
  /** Of the event that says so last, in the whole log. */
  readonly position: number;
}

/** What a deploy saw production run, and when. */
export interface Sighting {
  readonly at: string;
  /** Of the event, in the whole log. */
  readonly position: number;
  readonly production: Running;
  /** Why that holds production; null: it is not known to. */
  readonly back: GoingBack | null;
}

export interface DeployFacts {
  readonly row: DeployRow;
  /** Of its first event, in the whole log: deploys were asked for in this order. */
  readonly begun: number;
  /** Who or what asked for it. */
  readonly by: string;
  readonly build: Build | null;
  /** Which rollbacks do not hold it, as its gates read them: a deploy by hand passes over what it meets. */
  readonly passesOver: GatesInput['passesOver'];
  readonly released: { readonly [N in EnvironmentName]: ReleasedFact | null };
  readonly sighting: Sighting | null;
  /** What it ended by or is held by; null where it goes on, or is live. */
  readonly end: EndEvent | null;
  /** The deploy that was given the lane in its place, since it last went on; null: none was. */
  readonly lostTo: string | null;
  /** The signal that its last run ended by; null: it did not. */
  readonly interruptedBy: string | null;
}

type Mutable = { -readonly [K in keyof DeployFacts]: DeployFacts[K] };

/** Events that this version cannot read are passed over: the row has the state that they led to. */
export function deployFacts({ row, events }: DeployStory): DeployFacts {
  const facts: Mutable = {
    row,
    begun: events[0]?.position ?? 0,
    by: actorIn(events[0]?.metadata.actor),
    build: null,
    passesOver: 'none',
    released: { staging: null, canary: null, production: null },
    sighting: null,
    end: null,
    lostTo: null,
    interruptedBy: null,
  };
  for (const recorded of events) {
    const event = ifReadable(() => domainEvent(recorded));
    if (event !== null) take(facts, event, recorded);
  }
  return facts;
}

type When = Pick<RecordedEvent, 'time' | 'position'>;

function take(facts: Mutable, event: DomainEvent, at: When): void {
  facts.interruptedBy = event.type === 'run.interrupted' ? event.data.signal : null;
  const seen = sightingIn(event, at);
  if (seen !== null) facts.sighting = seen;
  if (isEnd(event)) facts.end = event;
  switch (event.type) {
    case 'deploy.requested':
      facts.build = event.data.build;
      facts.passesOver = event.data.manual === undefined ? 'none' : 'any';
      return;
    case 'gates.passed':
      if (facts.passesOver !== 'none') {
        facts.passesOver = { release: event.data.lifts?.release.id ?? null };
      }
      return;
    case 'deploy.resumed':
      facts.end = null;
      return;
    case 'lock.acquired':
      facts.lostTo = null;
      return;
    case 'lock.lost':
      facts.lostTo = event.data.to;
      return;
    case 'production.found':
      release(facts, 'production', event.data.release, facts.row.commit, at);
      return;
    case 'staging.deployed':
    case 'canary.deployed':
    case 'production.deployed':
      release(facts, environmentOf(event), event.data.release, event.data.artifact.commit, at);
      return;
    case 'staging.verified':
    case 'canary.verified':
    case 'production.verified':
      if (event.data.bakeMs === undefined) verify(facts, environmentOf(event), at);
      return;
    case 'staging.baked':
    case 'canary.baked':
    case 'production.baked':
      verify(facts, environmentOf(event), at);
      return;
    case 'canary.restored':
      if (event.data.release !== null) facts.released = { ...facts.released, canary: null };
      return;
    default:
  }
}

const environmentOf = ({ type }: DomainEvent) => type.split('.')[0] as EnvironmentName;

function release(
  facts: Mutable,
  environment: EnvironmentName,
  made: Release,
  commit: string,
  { time, position }: When,
): void {
  const fact: ReleasedFact = { release: made, commit, verifiedAt: null, at: time, position };
  facts.released = { ...facts.released, [environment]: fact };
}

function verify(facts: Mutable, environment: EnvironmentName, { time, position }: When): void {
  const fact = facts.released[environment];
  if (fact === null) return;
  facts.released = { ...facts.released, [environment]: { ...fact, verifiedAt: time, position } };
}

function sightingIn(event: DomainEvent, { time: at, position }: When): Sighting | null {
  switch (event.type) {
    case 'production.held': {
      const { rollback } = event.data;
      // It tells what is to run.
      if (rollback.kind === 'ordered') return null;
      const { release: made, commit, kind } = rollback;
      // A going-back that failed is not what runs.
      const isRunning = !kind.startsWith('failed');
      const production = isRunning
        ? { version: made.version, commit }
        : { version: null, commit: null };
      return { at, position, production, back: rollback };
    }
    case 'deploy.observed':
    case 'gates.passed':
      return { at, position, production: event.data.production, back: null };
    case 'deploy.superseded':
      if (event.data.cause === 'newer-build') return null;
      return { at, position, production: event.data.production, back: null };
    default:
      return null;
  }
}
