/** Which event ends a deploy, or holds it, and which only tells of its canary's way back after that. */
import type { Step } from './codec.ts';
import { type DomainEvent, type Ending, type EventType, endings } from './events.ts';

/** Why a deploy does not go on. */
export type EndEvent = Extract<DomainEvent, { type: Ending }>;

/** Of a canary's way back. */
export const stepsBack: ReadonlySet<string> = new Set<Step>([
  'acquireLockToRestore',
  'restoreCanary',
]);

/** Of what production runs: by then it was given the commit. */
export const productionChecks: ReadonlySet<string> = new Set<Step>([
  'awaitProductionInstances',
  'checkProductionHealth',
  'bakeProduction',
]);

const types: ReadonlySet<EventType> = new Set(endings);

/** The canary was not taken back: why the deploy ended was recorded before, and stays. */
export const isOfWayBack = (event: DomainEvent): boolean =>
  event.type === 'deploy.failed' && stepsBack.has(event.data.step);

/** Ends the deploy, or holds it. */
export const isEnd = (event: DomainEvent): event is EndEvent =>
  types.has(event.type) && !isOfWayBack(event);
