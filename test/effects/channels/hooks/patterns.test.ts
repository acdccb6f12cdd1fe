/** Which events and orders a hook is told of. A reader of a deploy’s events is given no other document than it knows. */
import { describe, expect, it } from 'vitest';
import { deployEnvelopeSchema } from '../../../../src/effects/channels/hooks/envelope.ts';
import { matching, patternFault } from '../../../../src/effects/channels/hooks/patterns.ts';
import { eventSchemas } from '../../../../src/machine/events.ts';
import { orderTypes } from '../../../../src/machine/orders.ts';

const events = Object.keys(eventSchemas);
const toldOf = (...patterns: string[]) => {
  const wants = matching(patterns);
  return { events: events.filter(wants), orders: orderTypes.filter(wants) };
};

describe('a pattern', () => {
  it('of deploys’ events is told of no order: what comes by it always has its commit and its build', () => {
    expect(toldOf('*')).toEqual({ events, orders: [] });
    for (const pattern of ['*.*', '*.failed', 'lock.*', '*d', ...events]) {
      expect([pattern, toldOf(pattern).orders]).toEqual([pattern, []]);
      expect(toldOf(pattern).events.length).toBeGreaterThan(0);
    }
    for (const field of ['deploy', 'commit', 'branch', 'build'] as const) {
      expect(deployEnvelopeSchema.shape[field].safeParse(null).success, field).toBe(false);
    }
  });

  it.each([
    ['lane.*', ['lane.disabled', 'lane.enabled']],
    ['rollback.*', ['rollback.begun', 'rollback.done', 'rollback.failed']],
    ['rollback.failed', ['rollback.failed']],
    ['lock.broken', ['lock.broken']],
  ])('of orders is told of them: %s', (pattern, orders) => {
    expect(toldOf(pattern)).toEqual({ events: [], orders });
    expect(patternFault(pattern)).toBeNull();
  });

  it('beside another adds what it asks for: all that there is', () => {
    expect(toldOf('*', 'lane.*', 'lock.broken', 'rollback.*')).toEqual({
      events,
      orders: [...orderTypes],
    });
  });
});
