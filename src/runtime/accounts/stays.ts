/** How long a deploy stayed in which state. Pure. */
import { waitingPartOf } from '../../machine/waiting.ts';
import type { DeployRecord, RecordedStep } from './deploy-record.ts';

/** From one time on and before another, in milliseconds since the epoch. */
export interface Stay {
  readonly state: string;
  readonly fromMs: number;
  readonly toMs: number;
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
    if (toMs > fromMs && waitingPartOf(since.to) !== null)
      stays.push({ state: since.to, fromMs, toMs });
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
