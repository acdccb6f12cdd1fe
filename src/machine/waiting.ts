/** What kind of waiting each state of a deploy is. Pure. */
import { stateFacts, stateNames, topOf } from './state-facts.ts';

/**
 * - `queued`: in the lane's queue.
 * - `locked`: holds the lane, and reads what production runs.
 * - `deploying`: something is being released, or taken back.
 * - `verifying`: instances, endpoints and gates are looked at, or it bakes.
 * - `held`: until a person acts, or another deploy ships what it would have.
 */
export const waitingParts = ['queued', 'locked', 'deploying', 'verifying', 'held'] as const;
export type WaitingPart = (typeof waitingParts)[number];

const releasing = /\.(submitting|following|releasing|restoring)$/;

/** Null: the deploy is over there, and waits for nothing. States of earlier charts are told by the nine, whose names stay. */
export function waitingPartOf(state: string): WaitingPart | null {
  const top = topOf(state);
  const tags = stateFacts(state)?.tags;
  if (tags?.includes('held') || tags?.includes('paused')) return 'held';
  if (tags?.includes('settled')) return null;
  if (top === 'queued' || top === 'locked') return top;
  return top === 'deployingStaging' || releasing.test(state) ? 'deploying' : 'verifying';
}

/** The names of all states in which a deploy is held. */
export const heldStates = (): readonly string[] =>
  stateNames().filter((state) => waitingPartOf(state) === 'held');
