/**
 * Between what services answer and what the log says: which answer of which step becomes which
 * event, and back.
 *
 * A step is a service at its place in the chart (its `invoke.id`): the same service follows
 * what staging has under way and what production has. The event is named for the step and the answer's `kind`, and
 * carries the rest of the answer; an event that several steps can write names its step.
 */
import { asOftenAs } from '../format/uncompiled.ts';
import { type DomainEvent, type EventType, eventSchemas, type Failure } from './events.ts';
import type { ServiceName, ServiceOutput } from './services.ts';

/** What keeps production, or a part of it, from being written. */
const refusals = {
  found: 'production.found',
  superseded: 'deploy.superseded',
  held: 'production.held',
  disabled: 'production.disabled',
} as const;

/** Each step: the service that it runs, and the event that each kind of answer becomes. */
export const steps = {
  acquireLock: {
    service: 'acquireLock',
    events: { granted: 'lock.acquired', superseded: 'deploy.superseded' },
  },
  acquireLockToRestore: { service: 'acquireLock', events: { granted: 'lock.acquired' } },
  observe: {
    service: 'observe',
    events: {
      observed: 'deploy.observed',
      found: 'production.found',
      superseded: 'deploy.superseded',
    },
  },
  submitStaging: { service: 'submit', events: { submitted: 'staging.submitted' } },
  followStaging: { service: 'follow', events: { released: 'staging.released' } },
  awaitStagingRelease: { service: 'awaitRelease', events: { deployed: 'staging.deployed' } },
  awaitStagingInstances: { service: 'awaitInstances', events: { up: 'staging.instancesUp' } },
  checkStagingHealth: { service: 'checkHealth', events: { verified: 'staging.verified' } },
  bakeStaging: { service: 'bake', events: { baked: 'staging.baked' } },
  readGates: { service: 'readGates', events: { clear: 'gates.passed', ...refusals } },
  submitCanary: { service: 'submit', events: { submitted: 'canary.submitted', ...refusals } },
  followCanary: { service: 'follow', events: { released: 'canary.released' } },
  awaitCanaryRelease: { service: 'awaitRelease', events: { deployed: 'canary.deployed' } },
  awaitCanaryInstances: { service: 'awaitInstances', events: { up: 'canary.instancesUp' } },
  checkCanaryHealth: { service: 'checkHealth', events: { verified: 'canary.verified' } },
  bakeCanary: { service: 'bake', events: { baked: 'canary.baked' } },
  restoreCanary: { service: 'restore', events: { restored: 'canary.restored' } },
  submitProduction: {
    service: 'submit',
    events: { submitted: 'production.submitted', ...refusals },
  },
  followProduction: { service: 'follow', events: { released: 'production.released' } },
  awaitProductionRelease: { service: 'awaitRelease', events: { deployed: 'production.deployed' } },
  awaitProductionInstances: { service: 'awaitInstances', events: { up: 'production.instancesUp' } },
  checkProductionHealth: { service: 'checkHealth', events: { verified: 'production.verified' } },
  bakeProduction: { service: 'bake', events: { baked: 'production.baked' } },
} as const satisfies {
  [step: string]: { service: ServiceName; events: { [kind: string]: EventType } };
};

export type Step = keyof typeof steps;
export type StepOutput<S extends Step> = ServiceOutput<(typeof steps)[S]['service']>;

/** Events that several steps write, and that therefore name the step in their data. */
const namesItsStep: ReadonlySet<EventType> = new Set([
  'deploy.superseded',
  'production.held',
  'production.disabled',
]);

export function isStep(name: string): name is Step {
  return Object.hasOwn(steps, name);
}

/** The event that a step's answer becomes, checked against its schema. */
export function toEvent<S extends Step>(step: S, answer: StepOutput<S>): DomainEvent {
  const { kind, ...data } = answer;
  const type = (steps[step].events as Record<string, EventType>)[kind];
  if (type === undefined) throw new Error(`step ${step} has no event for the answer ${kind}`);
  return parseEvent(type, namesItsStep.has(type) ? { step, ...data } : data);
}

/** The event of a step that threw. */
export function toFailure(step: Step, failure: Failure): DomainEvent {
  return parseEvent('deploy.failed', { step, failure });
}

/**
 * An event from its type and data, checked.
 *
 * @throws ZodError the data does not fit; a plain Error for a type that this version does not know
 */
export function parseEvent(type: string, data: unknown): DomainEvent {
  if (!isEventType(type)) throw new Error(`this version does not know events of type ${type}`);
  const schema = eventSchemas[type];
  return { type, data: schema.parse(data, asOftenAs(schema)) } as DomainEvent;
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventSchemas, type);
}
