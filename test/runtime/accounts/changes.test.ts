/** The population of changes: each is there once, in its kind, with who and why; and nothing that changed nothing. */
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { changesIn, saidOf, switchOf } from '../../../src/runtime/accounts/changes.ts';
import { toCsv } from '../../../src/runtime/accounts/csv.ts';
import type {
  DeployRecord,
  LaneRecord,
  RecordedStep,
} from '../../../src/runtime/accounts/deploy-record.ts';
import { codePoint, fc } from '../../fast-check.ts';
import { orderSamples } from '../../machine/order-samples.ts';
import { sample } from '../../machine/samples.ts';
import {
  backFails,
  canaryFails,
  commitOf,
  failsWith,
  live,
  minute,
  recordOf,
  releaseOf,
  type Timed,
  toCanary,
  toProduction,
  withCanary,
} from './records.ts';

const iso = (n: number): string => new Date(minute(n)).toISOString();

it('the kill switch is what it said before the last write, a canary’s or production’s', () => {
  const { killSwitch } = samples['production.submitted'];
  const submitted = (type: 'canary.submitted' | 'production.submitted', name: string) =>
    sample(type, { killSwitch: { ...killSwitch, name } });
  const canary = submitted('canary.submitted', 'FIRST');
  const after = (...events: DomainEvent[]) =>
    switchOf(events.map((event) => ({ event }) as RecordedStep));
  expect(after(sample('lock.acquired'))).toBeNull();
  expect(after(canary)).toBe(`FIRST: ${killSwitch.state}`);
  expect(after(canary, submitted('production.submitted', 'LAST'))).toBe(
    `LAST: ${killSwitch.state}`,
  );
});

const whole = { since: iso(-1_000), until: iso(10_000) };
const changes = (
  deploys: readonly DeployRecord[],
  orders: LaneRecord['orders'] = [],
  period = whole,
) => changesIn({ lane: 'acme-web', deploys, orders, liveBefore: null }, period);
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
const order = (at: number, event: LaneEvent) => ({ event, time: iso(at), position: at });
const about = {
  rollback: 'r1',
  target: 'sample acme-production',
  commit: commitOf(501),
  ...person,
};
const begun = order(50, {
  type: 'rollback.begun',
  data: { ...about, from: releaseOf(502), to: releaseOf(501) },
});
const done = order(53, {
  type: 'rollback.done',
  data: { ...about, to: releaseOf(501), release: { id: 'back', version: 'v503' } },
});
const failed = order(53, {
  type: 'rollback.failed',
  data: { ...about, to: releaseOf(501), code: 'E_RESTORE_GONE', message: 'it is gone' },
});
/** It made that release, and failed all the same. */
const failedWith = (runs: boolean) =>
  order(53, {
    type: 'rollback.failed',
    data: {
      ...{ ...about, to: releaseOf(501), code: 'E_UNHEALTHY', message: 'web.1 crashed' },
      made: { release: { id: 'back', version: 'v503' }, commit: commitOf(501), runs },
    },
  });
const diverged = {
  ...{ cause: 'diverged', step: 'submitProduction', verified: false, stuck: null },
  production: { version: 'v9', commit: '9'.repeat(40) },
};
const { rollback } = samples['production.held'];
const held = (at: number, over: Partial<typeof rollback>): DeployRecord =>
  recordOf(600 + at, at, [
    ...toProduction(600 + at, at).slice(0, 7),
    [at + 7, sample('production.held', { rollback: { ...rollback, at: iso(at - 5), ...over } })],
  ]);
const observing = (label: number, at: number, others: object[]): DeployRecord =>
  recordOf(
    label,
    at,
    toProduction(label, at).map(
      ([when, event]): Timed =>
        event.type === 'deploy.observed'
          ? [when, sample('deploy.observed', { ...event.data, others: others as never })]
          : [when, event],
    ),
  );

describe('a change', () => {
  it('is each deploy that production ran, with what it brought, what was checked, and where the log has it', () => {
    expect(changes([live(501, 0)])).toMatchObject([
      {
        ...{ at: iso(9), kind: 'deploy', environment: 'production', outcome: 'live' },
        ...{ deploy: '501-501aaaaa', release: 'v501', before: 'v41', commit: commitOf(501) },
        ...{ by: 'ana', build: 'https://circleci.com/gh/acme/web/502', said: [], note: null },
        checks: [
          { environment: 'staging', answer: expect.stringContaining('answered 200') },
          { environment: 'production' },
        ],
        killSwitch: 'PRODUCTION_CD_ENABLED: true',
        ...{
          position: 50112,
          hash: expect.stringMatching(/^50112/),
          lastHash: expect.stringMatching(/^50114/),
        },
      },
    ]);
  });

  it('is of what ran before it as the gates read that last, and not as it was seen at first', () => {
    const production = { version: 'v44', commit: null };
    const steps = toProduction(501, 0).map(
      ([at, event]): Timed =>
        event.type === 'gates.passed' ? [at, sample('gates.passed', { production })] : [at, event],
    );
    expect(changes([recordOf(501, 0, steps)])).toMatchObject([{ before: 'v44' }]);
  });

  it.each([
    ['live', [[11, sample('production.verified')]]],
    ['failed', [[11, sample('deploy.failed')]]],
    ['not over', []],
  ] as const)('of a deploy is %s', (outcome, then) => {
    const record = recordOf(501, 0, [...toProduction(501, 0), ...(then as never as Timed[])]);
    const [change] = changes([record]);
    expect(change?.outcome).toBe(outcome);
    expect(change?.note === null).toBe(outcome !== 'failed');
  });

  it.each<[string, readonly Timed[], string | null, string]>([
    ['failed', [[15, canaryFails]], 'E_CANARY: it is unwell', 'failed'],
    [
      'failed, and its canary was not taken back',
      [
        [15, canaryFails],
        [16, backFails],
      ],
      'E_CANARY: it is unwell; the canary was not taken back: E_BACK: it is away',
      'failed',
    ],
    [
      'was held, and its canary was not taken back',
      [
        [15, sample('production.held')],
        [16, backFails],
      ],
      'the canary was not taken back: E_BACK: it is away',
      'held',
    ],
    [
      'was held with a canary that was not taken back, and failed once it went on',
      [
        [15, sample('production.held')],
        [16, backFails],
        [17, sample('deploy.resumed')],
        [20, sample('lock.acquired')],
        [21, failsWith('E_LATE', 'it is late', 'observe')],
        [22, sample('canary.restored')],
      ],
      'E_LATE: it is late',
      'taken back',
    ],
    [
      'was held twice, the second time with a canary that was not taken back, and failed once it went on',
      [
        [15, sample('production.held')],
        [16, sample('canary.restored')],
        [17, sample('deploy.resumed')],
        ...toCanary.map(([at, event]): Timed => [at + 20, event]),
        [35, sample('production.held')],
        [36, backFails],
        [37, sample('deploy.resumed')],
        [40, sample('lock.acquired')],
        [41, failsWith('E_LATE', 'it is late', 'observe')],
        [42, sample('canary.restored')],
      ],
      'E_LATE: it is late',
      'taken back',
    ],
  ])('says why its deploy %s, and what became of it', (_, then, note, outcome) => {
    const record = recordOf(501, 0, [...toCanary, ...then], { settings: withCanary });
    expect(changes([record])[0]).toMatchObject({ environment: 'canary', note, outcome });
  });

  it('is none where a deploy ended before production', () => {
    const superseded = recordOf(501, 0, [[1, sample('deploy.superseded')]]);
    const broken = recordOf(502, 0, [
      ...toProduction(502, 0).slice(0, 5),
      [9, sample('deploy.failed')],
    ]);
    expect(changes([superseded, broken])).toEqual([]);
  });

  it('by hand is of a kind of its own; who said what is with it', () => {
    const record = live(501, 0, { manual: person, override: { ...person, reason: 'a fix' } });
    const trust = order(5, {
      type: 'trust.given',
      data: { deploy: record.deploy, about: 'settings', digest: 'd', ...person, reason: 'agreed' },
    });
    const [change] = changes([record], [trust]);
    expect(change?.kind).toBe('manual');
    expect(change?.said.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      'override: a fix',
      'by hand: errors',
      'accepted: agreed',
    ]);
  });

  it('has what was accepted for its own deploy alone, and no other order that names it', () => {
    const record = live(501, 0);
    const trust = (deploy: string, reason: string) =>
      order(5, {
        type: 'trust.given',
        data: { deploy, about: 'settings', digest: 'd', ...person, reason },
      });
    const naming = orderSamples.map(({ type, data }) =>
      order(6, { type, data: { ...data, deploy: record.deploy } } as LaneEvent),
    );
    const orders = [trust('502-bbbbbbbb', 'another'), trust(record.deploy, 'its own'), ...naming];
    const said = [{ what: 'accepted', ...person, reason: 'its own' }];
    expect(saidOf(record, orders)).toEqual(said);
    expect(changes([record], orders)).toContainEqual(expect.objectContaining({ said }));
  });

  it.each([
    ['done', [begun, done], 53],
    ['failed', [begun, failed], 53],
    ['not over', [begun], 50],
  ] as const)('is a person’s rollback, %s', (outcome, orders, at) => {
    expect(changes([live(501, 0)], orders)).toMatchObject([
      { kind: 'deploy' },
      {
        ...{ kind: 'rollback', at: iso(at), outcome, by: 'ana', before: 'v502' },
        said: [{ what: 'rollback', reason: 'errors' }],
      },
    ]);
  });

  it('is a release made elsewhere that a deploy met, once, and none that is the lane’s own', () => {
    const other = {
      ...{
        release: { id: 'x', version: 'v77' },
        description: 'Deploy 0badcafe',
        by: 'eve@acme.test',
      },
      ...{ at: '2026-01-05T10:20:00Z', commit: null },
    };
    const own = { ...other, release: { id: 'back', version: 'v503' } };
    const seen = [observing(503, 60, [own, other]), observing(504, 90, [other])];
    const outside = changes(seen, [begun, done]).filter(({ kind }) => kind === 'outside');
    expect(outside).toMatchObject([
      {
        ...{ at: '2026-01-05T10:20:00.000Z', release: 'v77', by: 'eve@acme.test' },
        ...{ note: 'Deploy 0badcafe', outcome: 'seen', said: [] },
      },
    ]);
  });

  it.each([true, false])(
    'is a rollback that failed once it had made a release (that runs: %s), and no release made elsewhere',
    (runs) => {
      const own = {
        release: { id: 'back', version: 'v503' },
        at: iso(55),
        kind: 'rollback',
      } as const;
      const met = changes([held(60, own)], [begun, failedWith(runs)]);
      expect(met).toMatchObject([
        {
          ...{ kind: 'rollback', outcome: runs ? 'not verified' : 'failed', before: 'v502' },
          ...{ release: 'v503', note: 'E_UNHEALTHY: web.1 crashed' },
        },
      ]);
    },
  );

  it.each([iso(500), 'yesterday'])(
    'made elsewhere was made no later than a deploy met it, whatever the target’s clock says: %s',
    (at) => {
      expect(changes([held(60, { at })])).toMatchObject([{ kind: 'outside', at: iso(67) }]);
    },
  );

  it.each([
    ['rollback', 1],
    ['older-artifact', 1],
    ['failed-rollback', 0],
  ] as const)(
    'is a going-back that held a deploy (%s), where it changed something',
    (kind, count) => {
      const outside = changes([held(60, { kind }), held(90, { kind })]).filter(
        (one) => one.kind === 'outside',
      );
      expect(outside.map(({ by, at }) => [by, at])).toEqual(
        Array.from({ length: count }, () => ['ana@acme.test', iso(55)]),
      );
    },
  );

  it('is in one of two periods that meet', () => {
    const records = [live(501, 0), live(502, 20), held(60, {})];
    const all = changes(records, [begun, done]);
    // Every minute, for a change is on the edge in a few of them only.
    for (let at = -10; at <= 120; at++) {
      const first = changes(records, [begun, done], { since: whole.since, until: iso(at) });
      const second = changes(records, [begun, done], { since: iso(at), until: whole.until });
      expect([...first, ...second], iso(at)).toEqual(all);
    }
  });
});

describe('as a table', () => {
  const titled = (title: string) =>
    changes([live(501, 0, { commit: { ...samples['deploy.requested'].commit, title } })]);

  /** Cells of the first row, read as RFC 4180 has them. */
  const cells = (csv: string): string[] => {
    const [, row = ''] = csv.split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/);
    return [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
      quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
    );
  };

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '  =cmd|calc',
    '＝1+1',
    '\u0001=1+1',
    '=HYPERLINK("http://x")',
  ])('a title that begins like a formula is a text: %s', (title) => {
    expect(cells(toCsv(titled(title)))[9]).toMatch(/^'/);
  });

  it('every title comes back as one cell of one row', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, maxLength: 40 }), (title) => {
        const csv = toCsv(titled(title));
        const found = cells(csv);
        expect(found).toHaveLength(21);
        expect(found[9]).not.toMatch(/^\s*[=+\-@]/);
        expect(found[3]).toBe('production');
      }),
    );
  });

  it('of none has its head', () => {
    expect(toCsv([])).toMatch(/^at,lane,kind,.*,last hash\r\n$/);
  });

  it('of a lane with changes of every kind has all that is known of each', () => {
    const { notes, ...observed } = samples['deploy.observed'];
    const others = [
      {
        ...{ release: { id: 'x', version: 'v77' }, description: 'Deploy 0badcafe' },
        ...{ by: 'eve@acme.test', at: iso(40), commit: null },
      },
    ];
    const byHand = live(503, 30, {
      manual: person,
      override: { ...person, reason: 'a fix, or "so"' },
      build: { ...samples['deploy.requested'].build, url: null, label: 'by-hand-1' },
    });
    const trust = order(31, {
      type: 'trust.given',
      data: { deploy: byHand.deploy, about: 'settings', digest: 'd', ...person, reason: 'agreed' },
    });
    const brought = recordOf(
      504,
      60,
      toProduction(504, 60).map(
        ([at, event]): Timed =>
          event.type === 'deploy.observed'
            ? [at, sample(event.type, { ...observed, notes: { ...notes, omitted: 4 }, others })]
            : [at, event],
      ),
    );
    const resumed: Timed[] = [
      [15, sample('production.held')],
      [16, backFails],
      [17, sample('deploy.resumed', { ...person, reason: 'mended' })],
      [18, sample('run.resumed', { run: 'r', order: { ...person, reason: 'its job died' } })],
      [20, sample('lock.acquired')],
      [21, canaryFails],
      [22, sample('canary.restored')],
    ];
    const onCanary = recordOf(501, 0, [...toCanary, ...resumed], { settings: withCanary });
    const superseded = recordOf(
      505,
      80,
      [
        ...toCanary.map(([at, event]): Timed => [at + 80, event]),
        [99, sample('deploy.superseded', diverged as never)],
        [100, sample('canary.restored', { release: null, stays: 'somebody' })],
      ],
      { settings: withCanary },
    );
    const records = [onCanary, live(502, 25), byHand, brought, superseded, held(90, {})];
    expect(toCsv(changes(records, [trust, begun, done]))).toMatchSnapshot();
    expect(toCsv(changes([], [begun, failedWith(false)]))).toMatchSnapshot();
  });
});
