/** Whether an answer of the record holds for a step that is asked otherwise: a row for each thing that may differ. */
import { describe, expect, it } from 'vitest';
import type { Step } from '../../../src/machine/codec.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { describeStep } from '../../../src/machine/step-words.ts';
import { doubt } from '../../../src/runtime/audit/whatif-applies.ts';
import type { DeployRecord, Entry } from '../../../src/runtime/audit/whatif-record.ts';
import { ordered, sample } from '../../machine/samples.ts';

const requested = samples['deploy.requested'];

/** An answer that came a minute after the step was asked. */
const entry = (event: DomainEvent, more: Partial<Entry> = {}): Entry => ({
  ...{ version: 9, position: 90, atMs: 60_000, event, step: null, during: [], input: {} },
  ...{ askedMs: 0, epoch: 1, before: [], runs: 0, ...more },
});
const record = (entries: readonly Entry[] = []): DeployRecord => ({
  ...{ request: requested, requestedMs: 0, entries, end: null as never, open: null },
});

describe('asked with something else,', () => {
  const up = sample('staging.verified', { steadyMs: 10_000 });
  const failed = sample('deploy.failed', { step: 'awaitStagingInstances' });
  const verified = sample('staging.verified');
  const baked = sample('staging.baked', { bakedMs: 600_000 });
  const [one, two] = [{ url: 'https://a.test/' }, { url: 'https://b.test/' }];
  const gates = { rollback: 'hold', killSwitch: 'CD', settings: { digest: 'a' } };

  it.each<[string, Step, DomainEvent, object | null, object | null, string | null]>([
    ['the same', 'observe', sample('deploy.observed'), { a: [1] }, { a: [1] }, null],
    ['nothing, as nothing was', 'observe', sample('deploy.observed'), null, null, null],
    [
      'another thing',
      'observe',
      sample('deploy.observed'),
      { branch: 'b' },
      { branch: 'a' },
      'it would be asked with another branch',
    ],
    [
      'one thing more',
      'observe',
      sample('deploy.observed'),
      { branch: 'b' },
      null,
      'it would be asked with another branch',
    ],
    [
      'one thing less',
      'observe',
      sample('deploy.observed'),
      {},
      { branch: 'b' },
      'it would be asked with another branch',
    ],
    ['a longer limit', 'awaitStagingInstances', up, { timeoutMs: 60_001 }, { timeoutMs: 1 }, null],
    [
      'a limit that would have been over by then',
      'awaitStagingInstances',
      up,
      { timeoutMs: 60_000 },
      { timeoutMs: 90_000 },
      'within 1m it may end otherwise; it took 1m',
    ],
    [
      'a longer limit, where it failed',
      'awaitStagingInstances',
      failed,
      { timeoutMs: 120_000 },
      { timeoutMs: 60_000 },
      'within 2m it may end otherwise; it took 1m',
    ],
    [
      'a settle that it stood',
      'awaitStagingInstances',
      up,
      { settleMs: 10_000 },
      { settleMs: 1 },
      null,
    ],
    [
      'a longer settle',
      'awaitStagingInstances',
      up,
      { settleMs: 10_001 },
      { settleMs: 1 },
      'whether it would have stayed up for 10s is not known',
    ],
    [
      'a settle, where nothing says how long it stood',
      'awaitStagingRelease',
      sample('staging.deployed'),
      { settleMs: 1_000 },
      { settleMs: 1 },
      'whether it would have stayed up for 1s is not known',
    ],
    [
      'another settle, where it failed',
      'awaitStagingInstances',
      failed,
      { settleMs: 0 },
      { settleMs: 1 },
      'whether it would have stayed up for 0ms is not known',
    ],
    ['another bake to come', 'checkStagingHealth', verified, { bakeMs: 9 }, { bakeMs: 1 }, null],
    ['a bake that it stood', 'bakeStaging', baked, { bakeMs: 600_000 }, { bakeMs: 900_000 }, null],
    [
      'a longer bake',
      'bakeStaging',
      baked,
      { bakeMs: 1_200_000 },
      { bakeMs: 600_000 },
      'whether the checks would have held for 20m is not known',
    ],
    [
      'a shorter bake, where it failed',
      'bakeStaging',
      failed,
      { bakeMs: 0 },
      { bakeMs: 1 },
      'whether the checks would have held for 0ms is not known',
    ],
    [
      'fewer endpoints',
      'checkStagingHealth',
      verified,
      { endpoints: [two] },
      { endpoints: [one, two] },
      null,
    ],
    [
      'one endpoint more',
      'checkStagingHealth',
      verified,
      { endpoints: [one, two] },
      { endpoints: [one] },
      'an endpoint that was not asked so',
    ],
    [
      'fewer endpoints, where it failed',
      'checkStagingHealth',
      failed,
      { endpoints: [] },
      { endpoints: [one] },
      'an endpoint that was not asked so',
    ],
    [
      'other settings',
      'submitStaging',
      sample('staging.submitted'),
      { settings: 1 },
      { settings: 2 },
      null,
    ],
    [
      'other rules, which are taken to be accepted',
      'readGates',
      sample('gates.passed'),
      { gates: { ...gates, settings: { digest: 'b' } } },
      { gates },
      null,
    ],
    [
      'another switch',
      'readGates',
      sample('gates.passed'),
      { gates: { ...gates, killSwitch: 'OTHER' } },
      { gates },
      'it would be asked with other gates',
    ],
    [
      'no gates',
      'submitProduction',
      sample('production.submitted'),
      { gates: null },
      { gates },
      'it would be asked with other gates',
    ],
  ])('%s', (_, step, event, now, then, why) => {
    const told = doubt(
      { step, input: now, answered: [] },
      entry(event, { input: then }),
      record(),
      [],
    );
    expect(told).toBe(why === null ? null : `${describeStep(step)}: ${why}`);
  });
});

describe('asked after other steps,', () => {
  const elsewhere =
    'was asked at another place in the record, and what production was then is not known';
  it.each<[string, Step, readonly Step[], readonly Step[], string | null]>([
    [
      'in another order',
      'checkProductionHealth',
      ['submitStaging', 'readGates'],
      ['readGates', 'submitStaging'],
      null,
    ],
    [
      'a step of its place goes by those of its place',
      'checkProductionHealth',
      ['submitStaging', 'followProduction'],
      ['followProduction'],
      null,
    ],
    [
      'a step of staging goes by those of staging',
      'followStaging',
      ['submitStaging', 'readGates'],
      ['submitStaging'],
      null,
    ],
    [
      'others of its place are missing',
      'awaitProductionRelease',
      ['submitProduction'],
      ['submitProduction', 'followProduction'],
      'releasing to production was asked after other steps of production in the record',
    ],
    [
      'staging may be written, for no gate is before it',
      'submitStaging',
      ['observe'],
      ['observe', 'readGates'],
      null,
    ],
    [
      'production is not written on an old word',
      'submitProduction',
      ['observe'],
      [],
      `submitting to production ${elsewhere}`,
    ],
    ['nor is the canary', 'submitCanary', ['observe'], [], `submitting to the canary ${elsewhere}`],
    [
      'nor is it taken back',
      'restoreCanary',
      ['observe'],
      [],
      `taking the canary back ${elsewhere}`,
    ],
    [
      'nor is a step of the whole deploy known',
      'observe',
      ['readGates'],
      [],
      `reading what production runs ${elsewhere}`,
    ],
  ])('%s', (_, step, answered, before, why) => {
    const answer = entry(sample('staging.submitted'), { before });
    expect(doubt({ step, input: {}, answered }, answer, record(), [])).toBe(why);
  });
});

describe('gates that are read at another time', () => {
  const { rollback } = samples['production.held'];
  const observed = samples['deploy.observed'];
  const seen = (more: object = {}, place: Partial<Entry> = {}) =>
    entry(sample('deploy.observed', { order: 'ahead', ...more }), {
      ...{ version: 3, position: 30, ...place },
    });
  const passed = sample('gates.passed', { production: observed.production });
  const held = (more: object = {}) =>
    sample('production.held', {
      rollback: {
        ...rollback,
        kind: 'release',
        release: { id: 'r', version: observed.production.version ?? '' },
        ...more,
      },
    } as never);
  const unseen = 'what production ran when the gates would be read is not in the record';

  it.each<[string, DomainEvent, readonly Entry[], readonly number[], string | null]>([
    ['where nothing changed in between', passed, [seen()], [], null],
    ['where something moved before and after', passed, [seen()], [30, 90, 10, 100], null],
    [
      'where somebody moved something in between',
      passed,
      [seen()],
      [31],
      'somebody changed the lane between its being taken and the gates being read',
    ],
    ['where nobody looked', passed, [], [], unseen],
    [
      'where it was looked in another time of the lane',
      passed,
      [seen({}, { epoch: 2 })],
      [],
      unseen,
    ],
    ['where it was looked afterwards', passed, [seen({}, { version: 10 })], [], unseen],
    [
      'where nothing tells what runs',
      passed,
      [seen({ order: 'waived' })],
      [],
      'nothing told what production ran when the gates would be read',
    ],
    [
      'where production changed in between',
      passed,
      [seen({ production: { version: 'v0', commit: null } })],
      [],
      'production changed between the lane being taken and the gates being read',
    ],
    [
      'where another run read them',
      passed,
      [seen({}, { runs: 1 })],
      [],
      'another run, which may have another switch, read the gates',
    ],
    ['where production had been taken back before', held(), [seen()], [], null],
    [
      'where it was taken back later',
      held({ release: { id: 'r', version: 'v99' } }),
      [seen()],
      [],
      'production was taken back (v99) after the lane was taken',
    ],
    [
      'where what took it back never ran',
      held({ kind: 'failed-rollback' }),
      [seen()],
      [],
      `production was taken back (${observed.production.version}) after the lane was taken`,
    ],
    [
      'where a person ordered it back',
      sample('production.held', { rollback: ordered }),
      [seen()],
      [],
      'a person ordered a rollback after the lane was taken',
    ],
    ...(['running', 'gone'] as const).map(
      (what): [string, DomainEvent, Entry[], number[], string | null] => [
        `where a rollback that was begun before was not carried out, and what it was of was ${what} then`,
        sample('production.held', { rollback: { ...ordered, begun: true } }),
        [
          seen({
            production: { version: what === 'gone' ? 'v0' : ordered.from.version, commit: null },
          }),
        ],
        [],
        what === 'gone' ? 'a person ordered a rollback after the lane was taken' : null,
      ],
    ),
    [
      'where the switch was off',
      sample('production.disabled'),
      [seen()],
      [],
      'the gates answered otherwise (production.disabled) at another time, and what production ran then is not in the record',
    ],
  ])('%s', (_, event, entries, moves, why) => {
    const answer = entry(event, { before: ['observe', 'submitStaging'] });
    const asked = { step: 'readGates', input: {}, answered: ['observe'] } as const;
    expect(doubt(asked, answer, record(entries), moves)).toBe(why);
  });
});
