/** How long a deploy stayed in which state, and what kind of waiting that was. Pure. */
import { topOf } from '../../machine/state-facts.ts';
import type { DeployRecord, RecordedStep } from './deploy-record.ts';

/**
 * - `queued`: in the lane's queue.
 * - `locked`: holds the lane, and reads what production runs.
 * - `deploying`: something is being released, or taken back.
 * - `verifying`: instances, endpoints and gates are looked at, or it bakes.
 * - `held`: until a person acts, or another deploy ships what it would have.
 */
export const waitingParts = ['queued', 'locked', 'deploying', 'verifying', 'held'] as const;
export type WaitingPart = (typeof waitingParts)[number];

/** From one time on and before another, in milliseconds since the epoch. */
export interface Stay {
  readonly state: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const releasing = /\.(submitting|following|releasing|restoring)$/;

/** Null: the deploy is over there, and waits for nothing. */
export function partOf(state: string): WaitingPart | null {
  const top = topOf(state);
  if (state === 'queued.gaveUp' || top === 'blockedByRollback' || top === 'disabled') return 'held';
  if (top === 'queued' || top === 'locked') return top;
  if (top === 'failed' || top === 'superseded' || state === 'production.live') return null;
  return top === 'deployingStaging' || releasing.test(state) ? 'deploying' : 'verifying';
}

/**
 * One after the other, from when it was asked for; what it still waits in counts up to `openUntilMs`.
 * Events that lead nowhere else make no stay of their own.
 */
export function staysOf({ steps }: Pick<DeployRecord, 'steps'>, openUntilMs: number): Stay[] {
  const stays: Stay[] = [];
  let since: RecordedStep = steps[0];
  const end = (toMs: number) => {
    const fromMs = Date.parse(since.time);
    if (toMs > fromMs && partOf(since.to) !== null) stays.push({ state: since.to, fromMs, toMs });
  };
  for (const step of steps.slice(1)) {
    if (step.to === since.to) continue;
    end(Date.parse(step.time));
    since = step;
  }
  end(openUntilMs);
  return stays;
}

/** The part of it that is in the period; null where none is. */
export function within(stay: Stay, sinceMs: number, untilMs: number): Stay | null {
  const [fromMs, toMs] = [Math.max(stay.fromMs, sinceMs), Math.min(stay.toMs, untilMs)];
  return toMs > fromMs ? { ...stay, fromMs, toMs } : null;
}
