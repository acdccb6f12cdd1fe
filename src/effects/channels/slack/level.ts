/** How much a channel of Slack is told. Pure. */
import {
  type DomainEvent,
  type EventData,
  type EventType,
  stuckIn,
} from '../../../machine/events.ts';
import type { DeployEvents } from '../channel.ts';

/** `steps`: everything. `outcomes`: what became of a deploy. `problems`: what needs a person, and that it is over. */
export const levels = ['steps', 'outcomes', 'problems'] as const;
export type Level = (typeof levels)[number];

type Weight = 'step' | 'outcome' | 'problem';
type WeightOf = { readonly [T in EventType]: Weight | ((data: EventData<T>) => Weight) };

/** With a bake to come it is not done. */
const live = ({ bakeMs }: EventData<'production.verified'>): Weight =>
  bakeMs === undefined ? 'outcome' : 'step';

const weights: WeightOf = {
  // That somebody ships out of order is for everybody.
  'deploy.requested': ({ override }) => (override === null ? 'step' : 'outcome'),
  'run.resumed': ({ order }) => (order === null ? 'step' : 'outcome'),
  'run.interrupted': 'problem',
  'lock.acquired': 'step',
  'lock.reacquired': 'step',
  'lock.lost': 'step',
  'lock.waitTimedOut': 'problem',
  'deploy.superseded': (data) =>
    stuckIn({ type: 'deploy.superseded', data }) === null ? 'outcome' : 'problem',
  'deploy.observed': 'step',
  'production.found': 'step',
  'staging.submitted': 'step',
  'staging.released': 'step',
  'staging.deployed': 'step',
  'staging.instancesUp': 'step',
  'staging.verified': 'step',
  'staging.baked': 'step',
  'canary.submitted': 'step',
  'canary.released': 'step',
  'canary.deployed': 'step',
  'canary.instancesUp': 'step',
  'canary.verified': 'step',
  'canary.baked': 'step',
  'canary.restored': 'outcome',
  'gates.passed': 'step',
  'production.held': 'problem',
  'production.disabled': 'problem',
  'production.submitted': 'step',
  'production.released': 'step',
  'production.deployed': 'step',
  'production.instancesUp': 'step',
  'production.verified': live,
  'production.baked': 'outcome',
  'deploy.failed': 'problem',
  'deploy.resumed': 'outcome',
};

function weightOf({ type, data }: DomainEvent): Weight {
  const weight = weights[type] as Weight | ((of: DomainEvent['data']) => Weight);
  return typeof weight === 'function' ? weight(data) : weight;
}

/** Whether the last of the events is told. Of a deploy that had a problem, what becomes of it is told at every level. */
export function isTold(history: DeployEvents, level: Level): boolean {
  if (level === 'steps') return true;
  const [weight = 'step', ...before] = history.toReversed().map(weightOf);
  if (weight === 'problem') return true;
  return weight === 'outcome' && (level === 'outcomes' || before.includes('problem'));
}

/** Whether an event of that type may be told: at `problems` an outcome is, where a problem came before it. An order is, at every level. */
export function mayBeTold(type: string, level: Level): boolean {
  return level === 'steps' || weights[type as EventType] !== 'step';
}

/** Whether the event is one on the way: nothing has become of the deploy yet, and nobody has ordered it. */
export function isStep(event: DomainEvent): boolean {
  return weightOf(event) === 'step';
}

/** Whether production runs the deploy, and is right, as of this event. */
export function isLive(event: DomainEvent): boolean {
  const { type } = event;
  return (
    (type === 'production.verified' || type === 'production.baked') && weightOf(event) === 'outcome'
  );
}
