/** What keeps the lane from shipping to production, and who said so. Pure. */
import type { DomainEvent } from '../../machine/events.ts';
import { tell } from '../../machine/story.ts';
import type { GoingBack, Ordered } from '../../machine/taken-back.ts';
import type { Marked } from '../audit/lane-marks.ts';
import type { DeployFacts } from './deploy-facts.ts';
import type { Known } from './known.ts';
import { loggedProduction, placesOf } from './places.ts';

export type HoldKind = 'rollback' | 'lane' | 'switch' | 'settings' | 'log' | 'stuck';

export interface Hold {
  readonly kind: HoldKind;
  /** In words, with who said so. */
  readonly what: string;
  /** Since when: ISO 8601. */
  readonly since: string;
  /** The release that holds it, for a rollback; null for one that is only ordered, and for any other hold. */
  readonly release: { readonly id: string; readonly version: string } | null;
  /** Who; null where it is no person's word. */
  readonly by: string | null;
}

/**
 * The deploy that may still ship: the newest one that was not superseded. Whatever was asked for before it is over, or
 * is carried by it.
 */
export function newestOf({ deploys }: Pick<Known, 'deploys'>): DeployFacts | null {
  return deploys.find(({ end }) => end?.type !== 'deploy.superseded') ?? null;
}

export function holdsOf(known: Known): Hold[] {
  return [disabled(known), rollback(known), ...ofNewest(known), stuck(known)].filter(
    (hold) => hold !== null,
  );
}

function disabled({ marks }: Known): Hold | null {
  const off = marks['lane.disabled'];
  const on = marks['lane.enabled'];
  if (off === undefined || (on?.record.version ?? 0) > off.record.version) return null;
  const { actor, observed, reason } = off.data;
  return {
    kind: 'lane',
    what: `the lane was disabled by ${actor} (${observed}): ${reason}`,
    since: off.record.time,
    release: null,
    by: actor,
  };
}

function rollback(known: Known): Hold | null {
  const place = known.told.kind === 'asked' ? known.told.places.production : undefined;
  const back = place?.kind === 'runs' ? place.back : loggedBack(known);
  if (back === null || known.isLifted(back.release.id)) return ordered(known) ?? begun(known);
  const { release, at, by } = back;
  const event: DomainEvent = {
    type: 'production.held',
    data: { step: 'readGates', rollback: back },
  };
  const what = tell(event).headline.replace(/^held: /, '');
  return { kind: 'rollback', what, since: at, release, by };
}

/** A rollback that waits; or that has the lane since, as the deploy tells that gave way to it, and has not begun yet. */
function ordered(known: Known): Hold | null {
  const [waiting] = known.ordered;
  if (waiting !== undefined) return byOrder({ kind: 'ordered', ...waiting }, waiting.at);
  const newest = newestOf(known);
  const end = newest?.end;
  if (end?.type !== 'production.held' || end.data.rollback.kind !== 'ordered') return null;
  const { rollback } = end.data;
  if (!known.living.has(rollback.rollback)) return null;
  if (known.marks['rollback.begun']?.data.rollback === rollback.rollback) return null;
  return byOrder(rollback, rollback.at ?? newest?.row.since ?? '');
}

/** A rollback that is under way, or whose run ended before anything came of it: what it was to take back runs still. */
function begun(known: Known): Hold | null {
  const { marks, living } = known;
  const mark = openRollback(marks);
  if (mark === null) return null;
  const { rollback, from, to, actor, observed, reason, at } = mark.data;
  const [production] = placesOf(known);
  if (production?.version !== from.version) return null;
  const since = at ?? mark.record.time;
  const order = { kind: 'ordered' as const, rollback, from, to, actor, observed, reason };
  const isUnderWay = living.has(rollback);
  return byOrder({ ...order, at: since, ...(isUnderWay ? {} : { begun: true }) }, since);
}

/** In the words of the deploy that it would hold. */
function byOrder(rollback: Ordered, since: string): Hold {
  const event: DomainEvent = { type: 'production.held', data: { step: 'readGates', rollback } };
  const what = tell(event).headline.replace(/^held: /, '');
  return { kind: 'rollback', what, since, release: null, by: rollback.actor };
}

/** The rollback that was begun last, where nothing says that it ended and no run carries it on; null: there is none. */
export function unendedRollback({
  marks,
  living,
}: Pick<Known, 'marks' | 'living'>): Marked<'rollback.begun'> | null {
  const begun = openRollback(marks);
  return begun === null || living.has(begun.data.rollback) ? null : begun;
}

function openRollback(marks: Known['marks']): Marked<'rollback.begun'> | null {
  const begun = marks['rollback.begun'];
  return begun === undefined || isEnded(begun, marks) ? null : begun;
}

/** Whether the rollback that was begun last has its end on record. */
export function isEnded({ record }: Marked<'rollback.begun'>, marks: Known['marks']): boolean {
  const ends = [marks['rollback.done'], marks['rollback.failed']];
  return ends.some((end) => end !== undefined && end.record.version > record.version);
}

/** The newest going-back that a deploy saw, or a person made by `rollback`, unless something was shipped since. */
function loggedBack(known: Known): GoingBack | null {
  const { marks, deploys, takenBack } = known;
  const [last] = takenBack;
  const since = marks['lane.shipped']?.record.position ?? 0;
  const seen: { readonly position: number; readonly back: GoingBack }[] = [];
  for (const { sighting } of deploys) {
    if (sighting?.back != null) seen.push({ position: sighting.position, back: sighting.back });
  }
  if (last !== undefined) {
    const { release, to, commit, actor, time, position } = last;
    const description = `back to ${to.version}`;
    const back: GoingBack = {
      ...{ release, commit, description, by: actor, at: time, kind: 'rollback', before: null },
    };
    seen.push({ position, back });
  }
  const newest = seen
    .filter(({ position }) => position > since)
    .sort((a, b) => b.position - a.position)[0];
  if (newest === undefined) return null;
  // Something else was seen to run there since.
  const { position, version } = loggedProduction(known);
  const isOver = position > newest.position && version !== newest.back.release.version;
  return isOver && !newest.back.kind.startsWith('failed') ? null : newest.back;
}

/** A switch of the environment and what has to be accepted are known by the deploy that they held. */
function ofNewest(known: Known): Hold[] {
  const facts = newestOf(known);
  if (facts?.end?.type !== 'production.disabled') return [];
  const { switch: which, killSwitch } = facts.end.data;
  if (which === 'lane') return [];
  const { row } = facts;
  const same = { since: row.since, release: null, by: null };
  if (which === 'environment') {
    const what = `${killSwitch.name} was not true when ${row.deploy} came to production`;
    return [{ kind: 'switch', what, ...same }];
  }
  const what = tell(facts.end).headline.replace(/^disabled: /, '');
  return [{ kind: which, what, ...same }];
}

/** By what production runs, as far as that is known: once it runs something else, commits are compared with that. */
export function stuck(known: Known): Hold | null {
  const mark = known.marks['lane.stuck'];
  if (mark === undefined) return null;
  const { version, time } = mark.record;
  if ((known.marks['lane.shipped']?.record.version ?? 0) > version) return null;
  const { release, commit } = mark.data;
  const [production] = placesOf(known);
  if (production?.version != null && production.version !== release.version) return null;
  return {
    kind: 'stuck',
    what: `production runs ${release.version}, of a commit that the branch does not have: ${commit.slice(0, 8)} and what follows it is refused`,
    since: time,
    release,
    by: null,
  };
}
