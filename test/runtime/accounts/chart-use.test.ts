/** How often deploys took each way through the chart, and how long that took: by hand, and that nothing of a history is left out. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { declaredTransitions, statesOf } from '../../../src/machine/outline.ts';
import { chartUse, transitionKey, walkOf } from '../../../src/runtime/accounts/chart-use.ts';
import type { DeployRecord } from '../../../src/runtime/accounts/deploy-record.ts';
import { sample } from '../../machine/samples.ts';
import { live, minute, recordOf, toProduction } from './records.ts';

const declared = declaredTransitions(chart);
const use = (...records: DeployRecord[]) => chartUse(records.map(walkOf), declared);
const ms = (minutes: number): number => minutes * 60_000;

describe('of a small history', () => {
  it('nothing was asked for: nothing is counted', () => {
    expect(use()).toEqual({ deploys: 0, since: null, states: {}, transitions: {} });
  });

  it('counts each state once a visit, whatever goes on within it, and the time of visits that ended', () => {
    const { deploys, since, states } = use(live(502, 20), live(501, 0));
    expect({ deploys, since }).toEqual({ deploys: 2, since: new Date(minute(0)).toISOString() });
    expect(states.queued).toEqual({ count: 2, medianMs: ms(1) });
    expect(states.locked).toEqual({ count: 2, medianMs: ms(1) });
    expect(states.deployingStaging).toEqual({ count: 2, medianMs: ms(2) });
    expect(states['deployingStaging.submitting']).toEqual({ count: 2, medianMs: ms(1) });
    expect(states.verifying).toEqual({ count: 2, medianMs: ms(3) });
    // A deploy stays live: it was in no such state for a time.
    expect(states['production.live']).toEqual({ count: 2, medianMs: null });
    expect(states.failed).toBeUndefined();
  });

  it('counts a transition where it is declared, and the time since the event before', () => {
    const failed = recordOf(503, 40, [
      ...toProduction(503, 40),
      [40 + 15, sample('deploy.failed', { step: 'checkProductionHealth' })],
    ]);
    const { transitions } = use(live(501, 0), live(502, 20), failed);
    const acquired = declared.filter(
      ({ from, event, to }) =>
        from === 'queued.waiting' && event === 'lock.acquired' && to === 'locked',
    );
    expect(acquired.map((one) => transitions[transitionKey(one)])).toEqual([
      { count: 3, medianMs: ms(1) },
    ]);
    const failures = declared.filter(
      ({ event, to }) => event === 'deploy.failed' && to === 'failed',
    );
    const counted = failures.flatMap((one) => transitions[transitionKey(one)] ?? []);
    expect(counted).toEqual([{ count: 1, medianMs: ms(5) }]);
  });
});

it('counts what two states declare for the inner one, whichever is declared first', () => {
  const around = { from: 'verifying', event: 'staging.verified', to: 'failed' };
  const inner = { ...around, from: 'verifying.health' };
  const walk = [
    { type: 'staging.instancesUp', to: 'verifying.health', timeMs: 0 },
    { type: 'staging.verified', to: 'failed', timeMs: 5 },
  ];
  for (const both of [
    [around, inner],
    [inner, around],
  ]) {
    const { transitions } = chartUse([walk], both);
    expect(transitions).toEqual({ [transitionKey(inner)]: { count: 1, medianMs: 5 } });
  }
});

it('counts what leaves a deploy where it is, from each state within the one that declares it', () => {
  const staying = declared.filter(({ from, to }) => from === to);
  const cases = staying.flatMap(({ from, event }) =>
    statesOf(chart).flatMap(({ name }) =>
      event !== null && `${name}.`.startsWith(`${from}.`) ? [{ name, event }] : [],
    ),
  );
  expect(cases.some(({ name }) => !staying.some(({ from }) => from === name))).toBe(true);
  for (const { name, event } of cases) {
    const walk = [
      { type: 'deploy.requested', to: name, timeMs: 0 },
      { type: event, to: name, timeMs: ms(1) },
    ];
    const { transitions } = chartUse([walk], declared);
    expect(Object.values(transitions), `${name} ${event}`).toEqual([{ count: 1, medianMs: ms(1) }]);
  }
});

it('leaves no event out, and names nothing that the chart does not have', () => {
  const held = recordOf(504, 60, [
    ...toProduction(504, 60).slice(0, 7),
    [60 + 8, sample('production.held')],
    [60 + 9, sample('deploy.resumed')],
  ]);
  const lost = recordOf(505, 90, [
    ...toProduction(505, 90).slice(0, 3),
    [90 + 4, sample('lock.lost')],
    [90 + 5, sample('run.interrupted')],
    [90 + 6, sample('run.resumed')],
    [90 + 7, sample('deploy.superseded')],
  ]);
  const records = [live(501, 0), held, lost];
  const { states, transitions } = use(...records);
  const total = Object.values(transitions).reduce((sum, { count }) => sum + count, 0);
  expect(total).toBe(records.reduce((sum, { steps }) => sum + steps.length - 1, 0));
  const names = statesOf(chart).map(({ name }) => name);
  for (const state of Object.keys(states)) expect(names).toContain(state);
  expect(new Set(declared.map(transitionKey)).size).toBe(declared.length);
});
