/** The figures of a lane: each computed by hand for a small history, and what holds of every history. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { statesOf } from '../../../src/machine/outline.ts';
import { samples } from '../../../src/machine/samples.ts';
import { waitingPartOf, waitingParts } from '../../../src/machine/waiting.ts';
import type { LaneRecord } from '../../../src/runtime/accounts/deploy-record.ts';
import { laneMetrics, spread } from '../../../src/runtime/accounts/metrics.ts';
import { staysOf } from '../../../src/runtime/accounts/stays.ts';
import { Times } from '../../../src/runtime/accounts/times.ts';
import type { Told } from '../../../src/runtime/audit/explain-facts.ts';
import { fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';
import { commitOf, live, minute, recordOf, releaseOf, start, toProduction } from './records.ts';

const day = 24 * 60;

/** In a window of ten days from minute 0 on. */
function figures(
  deploys: LaneRecord['deploys'],
  more: Partial<Parameters<typeof laneMetrics>[0]> = {},
) {
  return laneMetrics({
    ...{ lane: 'acme-web', deploys, orders: [], liveBefore: null, committedAt: new Map() },
    ...{ sinceMs: start, untilMs: minute(10 * day) },
    ...more,
  });
}

const minutes = (n: number): number => n * 60_000;
const { rollback } = samples['production.held'];
const order = (at: number, event: LaneEvent): Told<LaneEvent> => ({
  event,
  time: new Date(minute(at)).toISOString(),
  position: at,
});
const person = { actor: 'ana', observed: 'seen', reason: 'errors' };
const takenBack = (label: number, from: number, done: number) => {
  const about = { rollback: 'r1', target: 'sample acme-production', commit: null, ...person };
  const to = releaseOf(label - 1);
  return [
    order(from, { type: 'rollback.begun', data: { ...about, from: releaseOf(label), to } }),
    order(done, {
      type: 'rollback.done',
      data: { ...about, to, release: { id: 'release-back', version: 'v99' } },
    }),
  ];
};
const failing = (label: number, askedAt: number, more = {}) =>
  recordOf(
    label,
    askedAt,
    [
      ...toProduction(label, askedAt),
      [askedAt + 15, sample('deploy.failed', { step: 'checkProductionHealth' })],
    ],
    more,
  );

it.each([
  [[], { count: 0, medianMs: null, longestMs: null }],
  [[7], { count: 1, medianMs: 7, longestMs: 7 }],
  [[9, 1], { count: 2, medianMs: 5, longestMs: 9 }],
  [[100, 1, 9], { count: 3, medianMs: 9, longestMs: 100 }],
  [[4, 100, 1, 9], { count: 4, medianMs: 7, longestMs: 100 }],
])('spread %j', (times, found) => {
  expect(spread(times)).toEqual(found);
});

it('the first time behind another is the next later one, and not itself', () => {
  const any = fc.oneof(fc.nat(8), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), fc.nat(9), (all, ms) => {
      expect(new Times(all).after(ms)).toBe(Math.min(...all.filter((one) => one > ms)));
    }),
    { numRuns: 200 },
  );
});

it('are those of more deploys than a call takes arguments', () => {
  const held = recordOf(500, 0, [
    ...toProduction(500, 0).slice(0, 7),
    [8, sample('production.held')],
  ]);
  const one = live(501, 10);
  const [first, last] = [one.steps[0], one.steps.at(-1) ?? one.steps[0]];
  const many = Array.from({ length: 130_000 }, () => ({ ...one, steps: [first, last] as const }));
  const { deployments, waiting } = figures([held, ...many]);
  expect(deployments.count).toBe(130_000);
  // From minute 8 until the others are live.
  expect(waiting.parts.held).toBe(minutes(13));
});

describe('of a small history', () => {
  it('nothing happened: no rate is a number', () => {
    expect(figures([])).toEqual({
      lane: 'acme-web',
      deployments: { count: 0, perDay: 0 },
      leadTime: { count: 0, medianMs: null, longestMs: null, unknown: 0 },
      askedToLive: { count: 0, medianMs: null, longestMs: null },
      changeFail: { count: 0, of: 0, rate: null },
      recovery: { count: 0, medianMs: null, longestMs: null, open: 0 },
      rework: { count: 0, of: 0, rate: null },
      waiting: { wholeMs: 0, parts: { queued: 0, locked: 0, deploying: 0, verifying: 0, held: 0 } },
      superseded: { count: 0, of: 0, rate: null },
    });
  });

  it('one that is live: a tenth a day, and each of its eleven minutes in one part', () => {
    const told = figures([live(501, 0)], {
      committedAt: new Map([[commitOf(501), minute(-30)]]),
    });
    expect(told.deployments).toEqual({ count: 1, perDay: 0.1 });
    // By a clock that is fast, a commit was made after it was live.
    const later = figures([live(501, 0)], { committedAt: new Map([[commitOf(501), minute(30)]]) });
    expect(later.leadTime).toEqual({ count: 1, medianMs: 0, longestMs: 0, unknown: 0 });
    expect(told.leadTime).toEqual({
      ...{ count: 1, medianMs: minutes(41), longestMs: minutes(41), unknown: 0 },
    });
    expect(told.askedToLive.medianMs).toBe(minutes(11));
    expect(told.changeFail).toEqual({ count: 0, of: 1, rate: 0 });
    expect(told.rework).toEqual({ count: 0, of: 1, rate: 0 });
    expect(told.waiting).toEqual({
      wholeMs: minutes(11),
      parts: {
        ...{ queued: minutes(1), locked: minutes(1), held: 0 },
        // Two of staging and two of production; three and two of checks.
        ...{ deploying: minutes(4), verifying: minutes(5) },
      },
    });
  });

  it('the lead time is of each commit that came along; what git does not know is counted apart', () => {
    const notes = {
      ...samples['deploy.observed'].notes,
      commits: [1, 2, 3].map((n) => ({
        ...samples['deploy.observed'].notes.commits[0],
        sha: commitOf(n),
      })) as (typeof samples)['deploy.observed']['notes']['commits'],
      omitted: 4,
    };
    const record = recordOf(501, 0, [
      ...toProduction(501, 0).map(([at, event]) =>
        event.type === 'deploy.observed'
          ? ([at, sample('deploy.observed', { notes })] as const)
          : ([at, event] as const),
      ),
      [11, sample('production.verified', { release: releaseOf(501) })],
    ]);
    const committedAt = new Map([
      [commitOf(1), minute(-9)],
      [commitOf(2), minute(-19)],
    ]);
    expect(figures([record], { committedAt }).leadTime).toEqual({
      ...{ count: 2, medianMs: minutes(25), longestMs: minutes(30), unknown: 5 },
    });
  });

  it('a check of production that failed is over with the next that is live, which is rework', () => {
    // Ran at 29, failed at 35; the next is live at 51.
    const told = figures([live(501, 0), failing(502, 20), live(503, 40), live(504, 60)]);
    expect(told.changeFail).toEqual({ count: 1, of: 4, rate: 0.25 });
    expect(told.recovery).toEqual({
      ...{ count: 1, medianMs: minutes(22), longestMs: minutes(22), open: 0 },
    });
    expect(told.rework).toEqual({ count: 1, of: 4, rate: 0.25 });
    expect(told.deployments.count).toBe(3);
  });

  it('a check of production that failed is over with the next only once that has baked', () => {
    const production = { ...samples['deploy.requested'].settings.production, bakeMs: 600_000 };
    const settings = { ...samples['deploy.requested'].settings, production };
    const next = recordOf(
      503,
      40,
      [
        ...toProduction(503, 40),
        [51, sample('production.verified', { release: releaseOf(503), bakeMs: 600_000 })],
        [61, sample('production.baked', { release: releaseOf(503) })],
      ],
      { settings },
    );
    const told = figures([live(501, 0), failing(502, 20), next]);
    // It ran from 29 on.
    expect(told.recovery).toMatchObject({ count: 1, medianMs: minutes(32), open: 0 });
  });

  it('what is not well again is open, and no failure of staging is one of production', () => {
    const staging = recordOf(502, 20, [
      ...toProduction(502, 20).slice(0, 5),
      [26, sample('deploy.failed')],
    ]);
    const told = figures([live(501, 0), staging, failing(503, 40)]);
    expect(told.changeFail).toEqual({ count: 1, of: 2, rate: 0.5 });
    expect(told.recovery).toEqual({ count: 0, medianMs: null, longestMs: null, open: 1 });
  });

  it('what failed in the very moment in which it ran there failed', () => {
    const way = toProduction(501, 0);
    const ran = way.findIndex(([, event]) => event.type === 'production.deployed');
    const [at] = way[ran] ?? [0];
    const failed = sample('deploy.failed', { step: 'awaitProductionInstances' });
    const told = figures([recordOf(501, 0, [...way.slice(0, ran + 1), [at, failed]])]);
    expect(told.changeFail).toEqual({ count: 1, of: 1, rate: 1 });
  });

  it('a person took production back by the command: over when that is done', () => {
    const told = figures([live(501, 0), live(502, 20)], { orders: takenBack(502, 50, 53) });
    expect(told.changeFail).toEqual({ count: 1, of: 2, rate: 0.5 });
    // It ran from 29 on.
    expect(told.recovery.medianMs).toBe(minutes(24));
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('a rollback that failed took production back where its release runs: %s', (runs, count) => {
    const [begun] = takenBack(501, 20, 25);
    const about = { rollback: 'r1', target: 'sample acme-production', ...person };
    const data = {
      ...{ ...about, to: releaseOf(500), code: 'E_UNHEALTHY', message: 'down' },
      made: { release: { id: 'release-back', version: 'v99' }, commit: null, runs },
    };
    const orders = [begun as Told<LaneEvent>, order(25, { type: 'rollback.failed', data })];
    const met = { ...rollback, release: data.made.release, before: 'v501' };
    const meets = recordOf(502, 60, [
      ...toProduction(502, 60).slice(0, 7),
      [
        67,
        sample('production.held', { rollback: { ...met, at: new Date(minute(25)).toISOString() } }),
      ],
    ]);
    // Nor does a deploy that meets that release know better what came of it.
    for (const others of runs ? [[], [meets]] : [[]]) {
      const deploys = [live(500, -30), live(501, 0), ...others];
      const { changeFail, recovery } = figures(deploys, { orders });
      expect(changeFail).toMatchObject({ count });
      // What runs does not hold: production is not well again.
      expect(recovery).toMatchObject({ count: 0, open: count });
    }
  });

  it.each([
    ['rollback', 1],
    ['failed-rollback', 0],
  ] as const)(
    'somebody went back past the command (%s): as the deploy that met it tells',
    (kind, count) => {
      const held = recordOf(503, 60, [
        ...toProduction(503, 60).slice(0, 7),
        [
          67,
          sample('production.held', {
            rollback: {
              ...rollback,
              ...{ kind, before: 'v502', at: new Date(minute(45)).toISOString() },
            },
          }),
        ],
      ]);
      const told = figures([live(501, 0), live(502, 20), held]);
      expect(told.changeFail).toEqual({ count, of: 2, rate: count / 2 });
      expect(told.recovery).toMatchObject({ medianMs: count === 0 ? null : minutes(16) });
    },
  );

  it('by hand and out of order is rework', () => {
    const told = figures([
      live(501, 0),
      live(502, 20, { manual: person }),
      live(503, 40, { override: person }),
    ]);
    expect(told.rework).toEqual({ count: 2, of: 3, rate: 2 / 3 });
  });

  it('of those that ended, the superseded; who waits or is held has not ended', () => {
    const superseded = recordOf(502, 1, [[12, sample('deploy.superseded')]]);
    const told = figures([live(501, 0), superseded, recordOf(503, 2, [])]);
    expect(told.superseded).toEqual({ count: 1, of: 2, rate: 0.5 });
    // What failed has ended, too.
    const { superseded: of } = figures([
      live(501, 0),
      superseded,
      failing(504, 3),
      failing(505, 4),
    ]);
    expect(of).toEqual({ count: 1, of: 4, rate: 0.25 });
  });

  it('a held one waits until it goes on, or another one is live', () => {
    const held = (label: number, at: number) =>
      recordOf(label, at, [
        ...toProduction(label, at).slice(0, 7),
        [at + 7, sample('production.held')],
      ]);
    const resumed = recordOf(502, 20, [
      ...toProduction(502, 20).slice(0, 7),
      [27, sample('production.held')],
      [57, sample('deploy.resumed')],
      [58, sample('lock.acquired')],
      [59, sample('deploy.failed')],
    ]);
    // From 27 to 57.
    const { parts, wholeMs } = figures([resumed]).waiting;
    expect(parts.held).toBe(minutes(30));
    // From 20 to 59.
    expect(wholeMs).toBe(minutes(39));
    // From 27 to 51, when 503 was live.
    expect(figures([held(502, 20), live(503, 40)]).waiting.parts.held).toBe(minutes(24));
    // From 27 to the window’s end, at 67.
    expect(figures([held(502, 20)], { untilMs: minute(67) }).waiting.parts.held).toBe(minutes(40));
  });

  it('only what is in the window counts, its end not', () => {
    const told = figures([live(501, 0), live(502, 20)], {
      sinceMs: minute(11),
      untilMs: minute(31),
    });
    expect(told.deployments.count).toBe(1);
    expect(told.changeFail.of).toBe(1);
    expect(told.waiting.wholeMs).toBe(minutes(11));
    expect(
      figures([live(501, 0)], { sinceMs: minute(-20), untilMs: minute(11) }).deployments.count,
    ).toBe(0);
  });
});

it('each deploy counts in one of two windows that meet, wherever they do', () => {
  const superseded = recordOf(506, 81, [[92, sample('deploy.superseded')]]);
  const deploys = [
    ...[live(501, 0), failing(502, 20), live(503, 40), live(504, 60, { manual: person })],
    ...[live(505, 80), superseded, live(507, 100)],
  ];
  const committedAt = new Map(deploys.map(({ request }) => [request.commit.sha, minute(-9)]));
  const counts = (from: number, to: number) => {
    const told = figures(deploys, {
      ...{ sinceMs: minute(from), untilMs: minute(to), committedAt },
      orders: takenBack(505, 95, 98),
    });
    const { deployments, leadTime, askedToLive, changeFail, recovery, rework } = told;
    return [
      ...[deployments.count, leadTime.count, askedToLive.count, told.superseded.count],
      ...[changeFail.count, changeFail.of, recovery.count, recovery.open],
      ...[rework.count, rework.of, told.superseded.of],
      ...[told.waiting.wholeMs, ...Object.values(told.waiting.parts)],
    ];
  };
  const all = counts(-10, 130);
  expect(all.slice(0, 11)).toEqual([5, 5, 5, 1, 2, 6, 2, 0, 3, 6, 7]);
  for (let at = -10; at <= 130; at++) {
    const [first, second] = [counts(-10, at), counts(at, 130)];
    expect(
      first.map((n, i) => n + (second[i] ?? 0)),
      `minute ${at}`,
    ).toEqual(all);
  }
});

describe('of every history', () => {
  it('the parts of waiting sum up to the whole, which is the time from asking to the end', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 13, maxLength: 13 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 13 }), fc.nat(2_000), (waits, count, asked) => {
        const way = [
          ...toProduction(501, 0).map(([, event]) => event),
          sample('production.verified', { release: releaseOf(501) }),
        ];
        let at = asked;
        const timed = way.slice(0, count).map((event, i) => {
          at += waits[i] ?? 0;
          return [at, event] as const;
        });
        const until = at + 5;
        const { wholeMs, parts } = figures([recordOf(501, asked, timed)], {
          sinceMs: minute(-1),
          untilMs: minute(until),
        }).waiting;
        expect(Object.values(parts).reduce((sum, ms) => sum + ms, 0)).toBe(wholeMs);
        expect(wholeMs).toBe(minutes((count === way.length ? at : until) - asked));
      }),
    );
  });

  it('each state of the chart is a part of waiting, or an end', () => {
    const leaves = statesOf(chart).filter(({ isLeaf }) => isLeaf);
    const of = Object.groupBy(leaves, ({ name }) => waitingPartOf(name) ?? 'over');
    const names = (part: string) => (of[part as keyof typeof of] ?? []).map(({ name }) => name);
    expect(names('over')).toEqual(['superseded', 'production.live', 'failed']);
    expect(names('held')).toEqual(['queued.gaveUp', 'blockedByRollback', 'disabled']);
    expect(names('queued')).toEqual(['queued.waiting', 'queued.returning']);
    expect(names('locked')).toEqual(['locked']);
    for (const name of names('deploying'))
      expect(name).toMatch(/submitting|following|releasing|restoring/);
    for (const name of names('verifying')) expect(name).toMatch(/starting|settling|baking|gates/);
    expect(leaves.length).toBe(['over', ...waitingParts].flatMap(names).length);
  });

  it('stays follow on each other', () => {
    const stays = staysOf(live(501, 0), minute(100));
    expect(stays.slice(1).map(({ fromMs }) => fromMs)).toEqual(
      stays.slice(0, -1).map(({ toMs }) => toMs),
    );
    expect(stays).toHaveLength(11);
  });

  it.each([
    [[], null],
    [[5], 5],
    [[9, 1], 5],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 3],
  ])('the median of %j is %s', (times, median) => {
    expect(spread(times).medianMs).toBe(median);
  });
});
