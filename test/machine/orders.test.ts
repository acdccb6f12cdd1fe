import { describe, expect, it } from 'vitest';
import { type LaneEvent, laneEventSchemas, parseLaneEvent } from '../../src/machine/lane.ts';
import { orderTypes, tellOrder } from '../../src/machine/orders.ts';
import { givenUp, takenBackBy } from '../../src/machine/taken-back.ts';
import { failedKinds, failedRollback, orderSamples } from './order-samples.ts';

/** What a run does by itself, and what its deploy tells. */
const untold = [
  ...[
    'lane.joined',
    'lane.yielded',
    'lane.snapshot',
    'lock.granted',
    'lock.released',
    'rollback.lifted',
  ],
  ...['lane.deployed', 'lane.shipped', 'lane.stuck', 'trust.given'],
];

describe('the orders of people', () => {
  it('are told, each of them; every other event of a lane is decided not to be', () => {
    expect([...orderTypes, ...untold].sort()).toEqual(Object.keys(laneEventSchemas).sort());
    expect(orderSamples.map(({ type }) => type)).toEqual(orderTypes);
  });

  it.each(orderSamples)('are told with who and why: $type', (order) => {
    expect(parseLaneEvent(order.type, order.data)).toEqual(order);
    const { headline } = tellOrder(order);
    const { actor, observed, reason } = order.data;
    for (const part of [actor, observed, reason]) expect(headline).toContain(part);
    expect(headline).not.toContain('\n');
  });

  it('are told word by word, with what comes of them and what a person can do', () => {
    const all = [...orderSamples, ...failedKinds.map(failedRollback)].map((order) => {
      const { headline, detail, tone } = tellOrder(order);
      const lines = (detail ?? '').replaceAll(/^/gm, '    ');
      return `${order.type} (${tone})\n  ${headline}\n${lines}`.trimEnd();
    });
    expect(all.join('\n')).toMatchSnapshot();
  });

  it.each([
    ['runs', /^production was taken back to v41 \(4d5e6f7a\), as v43, not verified, by Ana/, true],
    [
      'late',
      /^production was not taken back to v41: v43 did not come to run, as ordered by/,
      false,
    ],
    ['nothing', /^production was not taken back to v41, as ordered by/, false],
    ['unsaid', /^the rollback to v41 failed, as ordered by/, false],
  ] as const)('a rollback that failed is told by what it made: %s', (kind, says, holds) => {
    const order = failedRollback(kind);
    const { headline, detail } = tellOrder(order);
    expect(headline).toMatch(says);
    expect(detail).toMatch(/^E_DYNOS_CRASHED: web\.1 crashed on v43\n/);
    expect(/Deploys are held/.test(detail ?? '')).toBe(holds);
    expect(takenBackBy(order)?.verified).toBe(holds ? false : undefined);
  });

  it('a rollback that a person gave up is no failure: it is told with who ordered it, and who gave it up', () => {
    const [begun] = orderSamples.filter((order) => order.type === 'rollback.begun');
    if (begun === undefined) throw new Error('there is no sample');
    const by = { actor: 'bo', observed: 'bo on ws-3', reason: 'it is mended' };
    const order = givenUp(begun.data, by) as Extract<LaneEvent, { type: 'rollback.failed' }>;
    const { headline, detail, tone } = tellOrder(order);
    const { to, actor, reason } = begun.data;
    expect(tone).toBe('neutral');
    expect(headline).toBe(
      `the rollback to ${to.version} was given up by bo (bo on ws-3): it is mended`,
    );
    expect(detail).toContain(`Ordered by ${actor} (`);
    expect(detail).toContain(reason);
    expect(detail).toContain('pipeline status');
  });
});
