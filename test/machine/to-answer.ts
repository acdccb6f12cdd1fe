/** A step's answer from the event that it makes: what `toEvent` does, the other way round. */
import { isStep, type Step, steps } from '../../src/machine/codec.ts';
import type { DomainEvent } from '../../src/machine/events.ts';

/** Null for an event that no step's answer makes. */
export function toAnswer(event: DomainEvent): { step: Step; answer: { kind: string } } | null {
  const { step: named, ...data } = event.data as { step?: unknown };
  for (const [step, { events }] of Object.entries(steps)) {
    if (named !== undefined && named !== step) continue;
    const kind = Object.entries(events).find(([, word]) => word === event.type)?.[0];
    if (kind !== undefined && isStep(step)) return { step, answer: { kind, ...data } };
  }
  return null;
}
