/** What another chart, or other settings, would have made of a deploy: a table of changes and of what was recorded. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { chartOf, unknownIn } from '../../../src/machine/chart-of-definition.ts';
import { definitionOf } from '../../../src/machine/definition.ts';
import type { DomainEvent, Settings } from '../../../src/machine/events.ts';
import { begin, interpreterOf, next } from '../../../src/machine/interpret.ts';
import { samples } from '../../../src/machine/samples.ts';
import { whatIf } from '../../../src/runtime/audit/whatif.ts';
import { answeringStep, readRecord } from '../../../src/runtime/audit/whatif-record.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { gatesFirst } from '../../machine/gates-first.ts';
import { ordered, sample } from '../../machine/samples.ts';
import { type Wanted, wayToGates, wayToLive, writeDeploy } from './written.ts';

const commit = 'c'.repeat(40);
const base = 'b'.repeat(40);
const present = { begin, next };
const live = wayToLive(commit, base, 'v2');
const gates = wayToGates(commit, base, 'v2');
const before = { version: 'before v2', commit: base };
const { rollback } = samples['production.held'];
const held = (version: string, more: object = {}): DomainEvent =>
  sample('production.held', {
    rollback: { ...rollback, release: { id: 'r', version }, ...more },
  });
const resumed = sample('deploy.resumed');
const moved = interpreterOf(chartOf(gatesFirst(definitionOf(chart))));
const own = interpreterOf(chartOf(definitionOf(chart)));

/** A chart that has no way out of any state by such an event. */
function chartWithout(type: string): typeof moved {
  const { transitions, ...same } = definitionOf(chart);
  const left = transitions.filter(({ event }) => event !== type);
  return interpreterOf(chartOf({ ...same, transitions: left }));
}
const baking = sample('staging.verified', { bakeMs: 600_000 });
const toBaked = [...gates.slice(0, -1), baking, sample('staging.baked', { bakedMs: 600_000 })];

interface Row {
  readonly events: readonly DomainEvent[];
  readonly wanted?: Partial<Wanted>;
  readonly chart?: typeof moved;
  readonly set?: (settings: Settings) => Settings;
  readonly moves?: readonly number[];
  /** The state and the exit code; a text: why nothing is known. */
  readonly would: readonly [state: string, exit: number | null] | RegExp;
  readonly verdict: 'same' | 'other' | 'unknown';
}

const rows: Readonly<Record<string, Row>> = {
  'nothing is changed': {
    events: live,
    chart: own,
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'nothing is changed of a deploy under way': {
    events: gates.slice(0, 4),
    chart: own,
    ...{ would: ['deployingStaging.releasing', null], verdict: 'same' },
  },
  'nothing is changed of one that was held and let go on': {
    events: [...gates, held('before v2'), resumed, ...live],
    chart: own,
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'nothing is changed of one that lost its lane on the way': {
    events: [...gates, sample('lock.lost'), ...live],
    chart: own,
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'the gates come first, and were open': {
    events: live,
    chart: moved,
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'the gates come first, and production had been taken back before': {
    events: [...gates, held('before v2')],
    chart: moved,
    ...{ would: ['blockedByRollback', 0], verdict: 'same' },
  },
  'the gates come first, and production was taken back later': {
    events: [...gates, held('v99')],
    chart: moved,
    ...{ would: /was taken back \(v99\) after/, verdict: 'unknown' },
  },
  'the gates come first, and what took production back did not come to run': {
    events: [...gates, held('before v2', { kind: 'failed-rollback' })],
    chart: moved,
    ...{ would: /was taken back/, verdict: 'unknown' },
  },
  'the gates come first, and gave way to a rollback that was ordered meanwhile': {
    events: [...gates, sample('production.held', { rollback: ordered })],
    chart: moved,
    ...{ would: /ordered a rollback after/, verdict: 'unknown' },
  },
  'the gates come first, and were never asked': {
    events: [...gates.slice(0, -1), sample('deploy.failed', { step: 'checkStagingHealth' })],
    chart: moved,
    ...{ would: /was not asked in the record/, verdict: 'unknown' },
  },
  'the gates come first, and the lane was lost before they were asked': {
    events: [
      ...gates.slice(0, 3),
      sample('lock.lost'),
      sample('lock.acquired'),
      {
        type: 'deploy.superseded',
        data: {
          ...{ cause: 'diverged', step: 'observe', verified: false, stuck: null },
          production: before,
        },
      },
    ],
    chart: moved,
    ...{ would: /was not asked in the record/, verdict: 'unknown' },
  },
  'the gates come first, and were asked only once the lane had been lost and taken again': {
    events: [...gates.slice(0, 4), sample('lock.lost'), ...live],
    chart: moved,
    ...{ would: /was not asked in the record/, verdict: 'unknown' },
  },
  'staging bakes no more, and lost its lane behind the bake': {
    events: [...toBaked, sample('lock.lost'), sample('lock.acquired')],
    wanted: { stagingBakeMs: 600_000 },
    set: withStaging((staging) => ({ ...staging, bakeMs: 0 })),
    ...{ would: ['locked', null], verdict: 'same' },
  },
  'staging bakes no more, and the record ends behind the bake': {
    events: toBaked,
    wanted: { stagingBakeMs: 600_000 },
    set: withStaging((staging) => ({ ...staging, bakeMs: 0 })),
    ...{ would: /was not asked in the record/, verdict: 'unknown' },
  },
  'the chart has no way on by what was answered': {
    events: live,
    chart: chartWithout('staging.verified'),
    ...{ would: /^the chart does not take staging.verified there$/, verdict: 'unknown' },
  },
  'the chart has no way on by what came from outside': {
    events: [...gates, held('before v2'), resumed, ...live],
    chart: chartWithout('deploy.resumed'),
    ...{ would: ['blockedByRollback', 0], verdict: 'other' },
  },
  'the gates come first, and production changed on the way': {
    events: live.map((event) =>
      event.type === 'gates.passed'
        ? sample('gates.passed', { production: { ...before, version: 'v3' } })
        : event,
    ),
    chart: moved,
    ...{ would: /production changed/, verdict: 'unknown' },
  },
  'the gates come first, and somebody turned a switch of the lane on the way': {
    events: live,
    chart: moved,
    moves: [5],
    ...{ would: /somebody changed the lane/, verdict: 'unknown' },
  },
  'the gates come first, and another run read them': {
    events: [
      ...gates,
      sample('run.resumed'),
      sample('lock.reacquired'),
      ...live.slice(gates.length),
    ],
    chart: moved,
    ...{ would: /another run/, verdict: 'unknown' },
  },
  'the gates come first, and the lane was disabled': {
    events: [...gates, sample('production.disabled')],
    chart: moved,
    ...{ would: /answered otherwise/, verdict: 'unknown' },
  },
  'the lock may take longer than it took': {
    events: live,
    set: (settings) => ({ ...settings, lock: { ...settings.lock, timeoutMs: 9e9 } }),
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'the lock may take as long as it took': {
    events: live,
    set: (settings) => ({ ...settings, lock: { ...settings.lock, timeoutMs: 60_000 } }),
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'the lock may take less long than it took': {
    events: live,
    set: (settings) => ({ ...settings, lock: { ...settings.lock, timeoutMs: 59_999 } }),
    ...{ would: ['queued.gaveUp', 3], verdict: 'other' },
  },
  'the lock is kept by somebody else': {
    events: live,
    set: (settings) => ({ ...settings, lock: { ...settings.lock, provider: 'github' as never } }),
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'the lock is given by another order': {
    events: live,
    set: (settings) => ({ ...settings, stacking: 'all' as never }),
    ...{ would: /another stacking/, verdict: 'unknown' },
  },
  'the lock’s time-out was met, and is shorter now': {
    events: [sample('lock.waitTimedOut')],
    set: (settings) => ({ ...settings, lock: { ...settings.lock, timeoutMs: 1 } }),
    ...{ would: ['queued.gaveUp', 3], verdict: 'same' },
  },
  'the lock’s time-out was met, and is longer now': {
    events: [sample('lock.waitTimedOut')],
    set: (settings) => ({ ...settings, lock: { ...settings.lock, timeoutMs: 9e9 } }),
    ...{ would: /how much longer it would have waited/, verdict: 'unknown' },
  },
  'staging has to stay up no longer than it did': {
    events: live,
    set: withStaging((staging) => ({
      ...staging,
      verify: { ...staging.verify, instances: { timeoutMs: 6e5, settleMs: 1 } },
    })),
    ...{ would: ['production.live', 0], verdict: 'same' },
  },
  'staging has to stay up longer than it did': {
    events: live,
    set: withStaging((staging) => ({
      ...staging,
      verify: { ...staging.verify, instances: { timeoutMs: 6e5, settleMs: 9e8 } },
    })),
    ...{ would: /whether it would have stayed up/, verdict: 'unknown' },
  },
  'staging is asked at another endpoint': {
    events: live,
    set: withStaging((staging) => ({
      ...staging,
      verify: {
        ...staging.verify,
        endpoints: staging.verify.endpoints.map((one) => ({ ...one, url: 'https://other.test/' })),
      },
    })),
    ...{ would: /an endpoint that was not asked so/, verdict: 'unknown' },
  },
  'staging bakes': {
    events: live,
    set: withStaging((staging) => ({ ...staging, bakeMs: 600_000 })),
    ...{ would: /was not asked in the record/, verdict: 'unknown' },
  },
  'the kill switch is another variable': {
    events: live,
    set: (settings) => ({ ...settings, gates: { ...settings.gates, killSwitch: 'OTHER' } }),
    ...{ would: /another killSwitch/, verdict: 'unknown' },
  },
  'a lane that is stuck ends otherwise': {
    events: [
      sample('lock.acquired'),
      {
        type: 'deploy.superseded',
        data: {
          ...{ cause: 'diverged', step: 'observe', production: before, verified: false },
          stuck: { release: { id: 'r', version: 'v1' }, first: true },
        },
      },
    ],
    set: (settings) => ({ ...settings, gates: { ...settings.gates, stuckExit: 0 } }),
    ...{ would: ['superseded', 0], verdict: 'other' },
  },
};

function withStaging(change: (staging: NonNullable<Settings['staging']>) => Settings['staging']) {
  return (settings: Settings): Settings => ({
    ...settings,
    staging: settings.staging === null ? null : change(settings.staging),
  });
}

/** A deploy as its log has it, each event a minute after the one before. */
async function recorded(
  events: readonly DomainEvent[],
  wanted: Partial<Wanted> = {},
): Promise<RecordedEvent[]> {
  const log = await openLog('sqlite::memory:');
  const deploy = await writeDeploy(log, { label: '1', commit, ...wanted }, events);
  const records = await log.readStream(deployStream(deploy));
  await log.close();
  const at = (i: number) => new Date(Date.UTC(2026, 0, 5, 13, i)).toISOString();
  return records.map((record, i) => ({ ...record, time: at(i) }));
}

describe('of a deploy, where', () => {
  it.each(Object.entries(rows))(
    '%s',
    async (_, { events, wanted, chart: other, set, moves, would, verdict }) => {
      const record = readRecord(await recorded(events, wanted), present);
      if (record === null) throw new Error('the record cannot be read');
      const change = { chart: other ?? present, settings: set ?? ((same: Settings) => same) };
      const told = whatIf(record, change, moves ?? []);
      expect(told.why ?? '').toMatch(would instanceof RegExp ? would : /^/);
      expect(told.verdict).toBe(verdict);
      const changed = would instanceof RegExp ? null : { state: would[0], exit: would[1] };
      expect(told.changed).toEqual(changed);
      expect(told).toMatchSnapshot();
    },
  );
});

describe('a record', () => {
  it('has each event with the step that it answers, in which time in the lane, and on what', async () => {
    const record = readRecord(
      await recorded([
        ...gates.slice(0, 4),
        ...[sample('run.interrupted'), sample('run.resumed'), sample('lock.reacquired')],
        ...[sample('lock.lost'), ...gates, held('before v2'), resumed, ...gates.slice(0, -1)],
        sample('deploy.failed', { step: 'checkStagingHealth' }),
      ]),
      present,
    );
    const lines = record?.entries.map(
      ({ version, event, step, during, input, atMs, askedMs, epoch, before, runs }) =>
        `${version} ${event.type} of ${step}; under way: ${during}; asked ${(atMs - askedMs) / 60_000}m ago with ${Object.keys(input ?? {})}; ${epoch}, after ${before}; ${runs} runs before`,
    );
    expect(lines?.join('\n')).toMatchSnapshot();
    expect(record?.open).toBeNull();
    const open = readRecord(await recorded(gates.slice(0, 1)), present)?.open;
    expect(open).toEqual({ step: 'observe', epoch: 1 });
  });

  it('is none without its beginning, or of what the chart does not take', async () => {
    const records = await recorded(gates);
    expect(readRecord([], present)).toBeNull();
    expect(readRecord(records.slice(1), present)).toBeNull();
    expect(readRecord(records.toSpliced(2, 1), present)).toBeNull();
  });

  it('has no step that answered before anything was under way', () => {
    expect(answeringStep(null, sample('lock.acquired'))).toBeNull();
    const failed = (step: string) => sample('deploy.failed', { step } as never);
    expect(answeringStep(null, failed('observe'))).toBe('observe');
    expect(answeringStep(null, failed('a step of another chart'))).toBeNull();
  });
});

describe('a chart from its definition', () => {
  it('is refused by name for what this version does not have', () => {
    const { states, transitions, ...same } = definitionOf(chart);
    const [first, ...rest] = transitions;
    const odd = {
      ...same,
      states: [
        ...states,
        ...states.slice(0, 1),
        { ...(states[0] as object), name: 'lost.inner', entry: ['hum'], exits: ['hush'] },
      ],
      transitions: [
        { ...first, target: 'nowhere', guard: 'isWeekend', actions: ['ring', 'constructor'] },
        ...rest,
      ],
    } as never;
    expect(unknownIn(odd)).toEqual([
      'state lost',
      'state nowhere',
      'a second state queued',
      'guard isWeekend',
      'action ring',
      'action constructor',
      'action hum',
      'action hush',
    ]);
    expect(() => chartOf(odd)).toThrow('guard isWeekend');
  });
});
