/** Production as a person's `pipeline rollback` left it. Pure. */
import type { Release } from './events.ts';
import type { LaneEvent } from './lane.ts';

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

/** The release that a rollback made, whatever became of it; null: none, or it is not said. */
export function releaseOfRollback({ type, data }: LaneEvent): Release | null {
  if (type === 'rollback.done') return data.release;
  return type === 'rollback.failed' ? (data.made?.release ?? null) : null;
}
