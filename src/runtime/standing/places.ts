/** What production and the environments before it run: as their targets say now, or as far as the log knows. Pure. */
import { type EnvironmentName, environmentNames } from '../../machine/events.ts';
import type { MarkedBack } from '../audit/rollback-marks.ts';
import type { DeployFacts } from './deploy-facts.ts';
import type { Known, ToldPlace } from './known.ts';

export interface Place {
  readonly environment: EnvironmentName;
  /** Who says so. */
  readonly source: 'target' | 'log';
  /** When the log learnt it (ISO 8601); null where the target says it now, or nothing is known. */
  readonly knownAt: string | null;
  /** Why the target was not asked, or did not tell; null: it told, or was not to be asked. */
  readonly untold: string | null;
  /** As people call it at the target: `v42`; null: nothing runs there, or nothing is known. */
  readonly version: string | null;
  /** The full commit id; null: it is not known. */
  readonly commit: string | null;
  /** Of the commit, where a deploy of the lane had it. */
  readonly title: string | null;
  /** The deploy of the lane that released it; null: somebody else did, or it is not known. */
  readonly deploy: string | null;
  /** Who asked for that deploy, or made the release; null: it is not known. */
  readonly by: string | null;
  /** ISO 8601; null: it is not known. */
  readonly since: string | null;
  /** Whether a deploy of the lane verified it, or a person's rollback. */
  readonly verified: boolean;
  /** A release under way there: `v43 for 12s`; null: none, or nobody was asked. */
  readonly pending: { readonly version: string; readonly ageMs: number } | null;
  /** What the log knew, where the target says something else; null: nothing, or the same. */
  readonly logKnew: { readonly version: string; readonly deploy: string | null } | null;
}

/** Those that a target told of, or that a deploy released to; production always. */
export function placesOf(known: Known): Place[] {
  const isThere = (name: EnvironmentName): boolean =>
    name === 'production' ||
    (known.told.kind === 'asked' && known.told.places[name] !== undefined) ||
    known.deploys.some(({ released }) => released[name] !== null);
  return environmentNames
    .filter(isThere)
    .map((name) => placeOf(name, known))
    .reverse();
}

function placeOf(environment: EnvironmentName, known: Known): Place {
  const { told } = known;
  const logged =
    environment === 'production' ? loggedProduction(known) : loggedElsewhere(environment, known);
  const place = told.kind === 'asked' ? told.places[environment] : undefined;
  if (place?.kind === 'runs') return toldPlace(environment, place, logged, known);
  const why = place?.why ?? (told.kind === 'notAsked' ? told.why : '');
  const { position: _, ...knew } = logged;
  return { ...knew, environment, untold: why === '' ? null : why };
}

function toldPlace(
  environment: EnvironmentName,
  { running, ours, pending }: Extract<ToldPlace, { kind: 'runs' }>,
  logged: Logged,
  known: Known,
): Place {
  const now = { source: 'target', knownAt: null, untold: null, pending } as const;
  const knew = logged.version === null ? null : { version: logged.version, deploy: logged.deploy };
  if (running === null) {
    const { position: _, ...none } = nothing;
    return { ...none, ...now, environment, logKnew: knew };
  }
  const { release, commit, by, at } = running;
  const deploy = ours?.deploy ?? null;
  const facts = known.deploys.find(({ row }) => row.deploy === deploy);
  const isOfIt = (one: MarkedBack): boolean => one.release.id === release.id;
  const back = environment === 'production' ? known.takenBack.find(isOfIt) : undefined;
  return {
    ...now,
    environment,
    version: release.version,
    commit: commit ?? facts?.row.commit ?? null,
    title: titleOf(commit ?? facts?.row.commit ?? null, known),
    deploy,
    by: facts?.by ?? by,
    since: at,
    verified: ours?.verified ?? back?.verified ?? false,
    logKnew: logged.version === release.version ? null : knew,
  };
}

/** What the log knows, and of which event it knows so last. */
interface Logged extends Omit<Place, 'environment'> {
  readonly position: number;
}

const nothing: Logged = {
  ...{ source: 'log', knownAt: null, untold: null, version: null, commit: null, title: null },
  ...{ deploy: null, by: null, since: null, verified: false, pending: null, logKnew: null },
  position: 0,
};

function titleOf(commit: string | null, { deploys }: Known): string | null {
  return deploys.find(({ row }) => row.commit === commit)?.row.title ?? null;
}

/** The last that a listed deploy released there. */
function loggedElsewhere(environment: EnvironmentName, known: Known): Logged {
  const released = known.deploys.flatMap((facts) => {
    const fact = facts.released[environment];
    return fact === null ? [] : [releasedBy(facts, fact, known)];
  });
  return newest(released) ?? nothing;
}

function releasedBy(
  { row, by }: DeployFacts,
  {
    release,
    commit,
    verifiedAt,
    at,
    position,
  }: NonNullable<DeployFacts['released'][EnvironmentName]>,
  known: Known,
): Logged {
  return {
    ...nothing,
    knownAt: verifiedAt ?? at,
    version: release.version,
    commit,
    title: titleOf(commit, known),
    deploy: row.deploy,
    by,
    since: at,
    verified: verifiedAt !== null,
    position,
  };
}

/** What was shipped, released or seen there last. A sighting of what was shipped only makes the knowledge younger. */
export function loggedProduction(known: Known): Logged {
  const { deploys } = known;
  const made = newest([
    ...deploys.flatMap((facts) => {
      const fact = facts.released.production;
      return fact === null ? [] : [releasedBy(facts, fact, known)];
    }),
    ...shipped(known),
    ...known.takenBack.map((one) => wentBack(one, known)),
  ]);
  const seen = newest(
    deploys.flatMap(({ sighting }) => {
      if (sighting === null) return [];
      const { at, position, production, back } = sighting;
      const by = back?.by ?? null;
      const since = back?.at ?? null;
      const { version, commit } = production;
      const title = titleOf(commit, known);
      return [{ ...nothing, knownAt: at, position, version, commit, by, since, title }];
    }),
  );
  if (seen === null || (made !== null && made.position >= seen.position)) {
    return made ?? nothing;
  }
  if (made?.version === seen.version || (seen.version === null && made !== null)) {
    return { ...(made ?? seen), knownAt: seen.knownAt, position: seen.position };
  }
  return seen;
}

function shipped(known: Known): Logged[] {
  const mark = known.marks['lane.shipped'];
  if (mark === undefined) return [];
  const { deploy, release, commit } = mark.data;
  const { time, position } = mark.record;
  const by = known.deploys.find(({ row }) => row.deploy === deploy)?.by ?? null;
  const title = titleOf(commit, known);
  return [
    {
      ...nothing,
      ...{ knownAt: time, version: release.version, commit, title, deploy, by, since: time },
      verified: true,
      position,
    },
  ];
}

/** By a person's `rollback`: what it is of was verified, as this release it was checked again. */
function wentBack(back: MarkedBack, known: Known): Logged {
  const { release, commit, actor, verified, time, position } = back;
  const title = titleOf(commit, known);
  return {
    ...nothing,
    ...{ knownAt: time, version: release.version, commit, title, by: actor },
    ...{ since: time, verified, position },
  };
}

function newest(all: readonly Logged[]): Logged | null {
  return all.reduce<Logged | null>(
    (last, one) => (last === null || one.position > last.position ? one : last),
    null,
  );
}
