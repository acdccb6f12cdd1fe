import { describe, expect, it } from 'vitest';
import { laneEventSchemas, parseLaneEvent } from '../../src/machine/lane.ts';
import { orderTypes, tellOrder } from '../../src/machine/orders.ts';
import { takenBackBy } from '../../src/machine/taken-back.ts';
import { failedKinds, failedRollback, givenUpByBo, orderSamples } from './order-samples.ts';

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
    const all = [...orderSamples, ...failedKinds.map((kind) => failedRollback(kind))].map(
      (order) => {
        const { headline, detail, tone } = tellOrder(order);
        const lines = (detail ?? '').replaceAll(/^/gm, '    ');
        return `${order.type} (${tone})\n  ${headline}\n${lines}`.trimEnd();
      },
    );
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

  it('are told in as many lines, however many who gave them wrote', () => {
    const givenUp = failedKinds.map((kind) => failedRollback(kind, givenUpByBo));
    const all = [...orderSamples, ...failedKinds.map((kind) => failedRollback(kind)), ...givenUp];
    for (const order of all) {
      const broken = Object.entries(order.data).map(([name, value]) => [
        name,
        ['actor', 'observed', 'reason', 'message'].includes(name) ? `${value}\nand more` : value,
      ]);
      const linesOf = ({ data }: { data: object }) => {
        const { headline, detail } = tellOrder({ ...order, data } as typeof order);
        return `${headline}\n${detail}`.split('\n').length;
      };
      expect(linesOf({ data: Object.fromEntries(broken) })).toBe(linesOf(order));
    }
  });

  const unknown = 'What came of it before is not on record.';
  it.each([
    ['unsaid', unknown],
    ['nothing', 'It had made no release.'],
    ['late', 'Its release v43 did not come to run.'],
    ['runs', 'Its release v43 (4d5e6f7a) runs, not verified.'],
  ] as const)(
    'a rollback that a person gave up is no failure, and told with what it made: %s',
    (kind, made) => {
      const order = failedRollback(kind, givenUpByBo);
      const { headline, detail, tone } = tellOrder(order);
      expect(tone).toBe('neutral');
      expect(headline).toBe('the rollback to v41 was given up by bo (bo on ws-3): it is mended');
      expect(detail).toBe(
        `Ordered by Ana Lima <ana@acme.test> (by git identity; ana on ws-7): incident 4711. ${made}\n\`pipeline status\` shows what production runs and what to do.`,
      );
    },
  );
});
