/** Samples as events, and those of other forms than their type's sample: their sentences read differently. */
import type { DomainEvent, EventData, EventType } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';

const { killSwitch, production } = samples['gates.passed'];

const person = (actor: string, reason: string) => ({
  ...samples['deploy.resumed'],
  actor,
  reason,
});

/** A sample as an event, with some of its data replaced. */
export function sample<T extends EventType>(
  type: T,
  replaced: Partial<EventData<T>> = {},
): DomainEvent {
  return { type, data: { ...samples[type], ...replaced } } as DomainEvent;
}

/** A rollback that waits for the lane, as the gates tell of it. */
export const ordered = {
  kind: 'ordered',
  rollback: 'rollback-1',
  from: { id: 'release-501', version: 'v501' },
  to: { id: 'release-500', version: 'v500' },
  ...person('mia', 'errors since 501'),
  at: '2026-01-05T13:04:00.000Z',
} as const;

/** One that was begun and never carried out, recorded by a version that did not say when it was ordered. */
const begun = { ...ordered, at: undefined, begun: true } as const;

/** The events whose sentences have other forms than their sample's. */
export const variants: readonly DomainEvent[] = [
  sample('deploy.requested', { override: person('ana@acme.test', 'a fix is needed') }),
  sample('run.resumed', { order: person('bo@acme.test', 'the job was cancelled') }),
  sample('lock.acquired', {
    waitedMs: 0,
    takenOver: { deploy: '501-0f0a53bc', token: 2, why: 'its lease ran out' },
  }),
  sample('lock.acquired', { provider: 'github', token: null, waitedMs: 0 }),
  {
    type: 'deploy.superseded',
    data: { cause: 'contained', step: 'observe', production, verified: true },
  },
  {
    type: 'deploy.superseded',
    data: { cause: 'contained', step: 'observe', production, verified: false },
  },
  {
    type: 'deploy.superseded',
    data: {
      cause: 'diverged',
      step: 'readGates',
      production: { version: 'v41', commit: null },
      verified: true,
      stuck: null,
    },
  },
  ...[true, false].map(
    (first): DomainEvent => ({
      type: 'deploy.superseded',
      data: {
        cause: 'diverged',
        step: 'observe',
        production,
        verified: false,
        stuck: { release: { id: 'release-41', version: 'v41' }, first },
      },
    }),
  ),
  sample('deploy.observed', { production: { version: null, commit: null }, order: 'first' }),
  sample('deploy.observed', { production: { version: null, commit: null }, order: 'waived' }),
  sample('gates.passed', { production: { version: null, commit: null }, cursor: '' }),
  sample('gates.passed', { lifts: samples['production.held'].rollback }),
  sample('deploy.requested', { manual: person('ana@acme.test', 'it is mended') }),
  sample('deploy.observed', { order: 'overridden' }),
  sample('production.found', { own: false }),
  ...(['failed-rollback', 'older-artifact', 'behind', 'failed-behind', 'unknown'] as const).map(
    (kind) =>
      sample('production.held', { rollback: { ...samples['production.held'].rollback, kind } }),
  ),
  sample('production.held', { rollback: ordered }),
  sample('production.held', { rollback: begun }),
  sample('staging.submitted', { adopted: true }),
  sample('staging.instancesUp', { instances: [] }),
  sample('staging.verified', { endpoints: [], restarts: 2 }),
  sample('staging.verified', { instances: [], restarts: 0 }),
  sample('production.disabled', {
    killSwitch: {
      name: 'PRODUCTION_CD_ENABLED',
      state: 'another value',
      why: 'its letters have to be small',
    },
  }),
  sample('production.disabled', {
    switch: 'settings',
    distrust: {
      about: 'settings',
      digest: '5e'.repeat(32),
      changes: ['branch: master became release', 'production: settle 10s became 0ms'],
    },
  }),
  sample('production.disabled', {
    switch: 'log',
    distrust: {
      about: 'log',
      digest: '10'.repeat(32),
      changes: ['production runs deploy 501-0f0a53bc, which this log does not have'],
    },
  }),
  sample('production.disabled', {
    switch: 'lane',
    killSwitch,
    by: person('bo@acme.test', 'database maintenance'),
  }),
  sample('production.submitted', { adopted: true }),
  sample('production.released', { artifact: null }),
  sample('lock.acquired', { provider: 'circleci', token: 4, waitedMs: 0 }),
  sample('production.verified', { bakeMs: 600_000 }),
];
