/** How production was taken back: by a person's `pipeline rollback`, or as a deploy met it. Pure. */
import type { DomainEvent, EventData, Release } from './events.ts';
import type { LaneEvent, Rollback } from './lane.ts';

type Holding = EventData<'production.held'>['rollback'];

/** How production was taken back, as a deploy met it. */
export type GoingBack = Exclude<Holding, { kind: 'ordered' }>;

/** A rollback that waited for the lane when a deploy read the gates, or that was begun and not carried out. */
export type Ordered = Extract<Holding, { kind: 'ordered' }>;

export interface TakenBack {
  readonly rollback: string;
  readonly target: string;
  /** By which it runs again. */
  readonly release: Release;
  /** Of what it went back to. */
  readonly to: Release;
  /** The full commit id; null: nothing tells. */
  readonly commit: string | null;
  /** Whether the checks after it held. */
  readonly verified: boolean;
  readonly actor: string;
}

/** Null: the event says of no release that it came to run. */
export function takenBackBy({ type, data }: LaneEvent): TakenBack | null {
  if (type === 'rollback.done') {
    const { rollback, target, release, to, commit, actor } = data;
    return { rollback, target, release, to, commit, verified: true, actor };
  }
  if (type !== 'rollback.failed' || data.made?.runs !== true) return null;
  const { rollback, target, to, made, actor } = data;
  return {
    rollback,
    target,
    to,
    release: made.release,
    commit: made.commit,
    verified: false,
    actor,
  };
}

type Failed = Extract<LaneEvent, { type: 'rollback.failed' }>;

/** What the log is told of what a rollback made. */
export type Made = NonNullable<Failed['data']['made']>;

/**
 * What ends a rollback that was begun, and whose run is over, where a person does not want it any more.
 *
 * @param instead what that person does in its place, as a clause
 * @param made what it is seen to have made; null: nobody looked, or nothing was seen
 */
export function givenUp(
  { rollback, target, to, actor, observed, reason }: Rollback,
  by: Pick<Rollback, 'actor' | 'observed' | 'reason'>,
  instead = '',
  made: Made | null = null,
): Failed {
  const ordered = { rollback, target, to, actor, observed, reason };
  const message = `given up by ${by.actor} (${by.observed})${instead}: ${by.reason}`;
  const seen = made === null ? {} : { made };
  return { type: 'rollback.failed', data: { ...ordered, code: 'E_GIVEN_UP', message, ...seen } };
}

/** Whether a rollback ended by `givenUp`, rather than by something that went wrong. */
export const isGivenUp = ({ code }: { readonly code: string }): boolean => code === 'E_GIVEN_UP';

/** The release that a rollback made, whatever became of it; null: none, or it is not said. */
export function releaseOfRollback({ type, data }: LaneEvent): Release | null {
  if (type === 'rollback.done') return data.release;
  return type === 'rollback.failed' ? (data.made?.release ?? null) : null;
}

/**
 * The release (its id) that holds production for what a deploy was held by. Null: a rollback that was ordered then has made none:
 * it waits yet, or it was withdrawn.
 *
 * @param since what happened in the lane since the deploy was held
 */
export function releaseHolding(held: Holding, since: readonly LaneEvent[]): string | null {
  if (held.kind !== 'ordered') return held.release.id;
  const end = since.find(
    ({ type, data }) =>
      (type === 'rollback.done' || type === 'rollback.failed') && data.rollback === held.rollback,
  );
  return end === undefined ? null : (releaseOfRollback(end)?.id ?? null);
}

/**
 * The going-back that a deploy met: it was held by it, or passed it, for a person had lifted that. One that failed, or was only
 * ordered, changed nothing.
 */
export function goingBackIn(event: DomainEvent): GoingBack | null {
  const rollback =
    event.type === 'production.held'
      ? event.data.rollback
      : event.type === 'gates.passed'
        ? event.data.lifts
        : undefined;
  if (rollback === undefined || rollback.kind === 'ordered') return null;
  return rollback.kind.startsWith('failed') ? null : rollback;
}
