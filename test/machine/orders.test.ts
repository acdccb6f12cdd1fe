import { describe, expect, it } from 'vitest';
import { laneEventSchemas, parseLaneEvent } from '../../src/machine/lane.ts';
import { orderTypes, tellOrder } from '../../src/machine/orders.ts';
import { orderSamples } from './order-samples.ts';

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
});
