/** Who lifted what a deploy is held by: by what a person wrote to the lane for that release, and by nothing else of it. */
import { expect, it } from 'vitest';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { liftOf } from '../../../src/runtime/audit/explain-links.ts';
import { sample } from '../../machine/samples.ts';

const { release } = samples['production.held'].rollback;
const time = '2026-01-05T10:00:00.000Z';
const target = 'sample acme-production';
const lifted = (id: string): LaneEvent => ({
  type: 'rollback.lifted',
  data: { target, release: id, actor: 'mia', observed: 'mia on ws-7', reason: 'it is mended' },
});
const deployed: LaneEvent = {
  type: 'lane.deployed',
  data: { deploy: '501-1a2b3c4d', target, release: release.id },
};

it.each([
  ['its lift', [lifted(release.id)], 'mia'],
  ['the lift of another', [lifted('another')], null],
  ['another event that names it', [deployed], null],
  ['another event that names it, and then its lift', [deployed, lifted(release.id)], 'mia'],
] as const)('%s', async (_, events, by) => {
  const held = { event: sample('production.held'), time, position: 7 };
  const facts = {
    lift: () => Promise.reject(new Error('the release is known by the hold')),
    laneEvents: async (_lane: string, after: number) => {
      expect(after).toBe(7);
      return events.map((event, nth) => ({ event, time, position: 8 + nth }));
    },
  };
  expect((await liftOf('acme-web', held, facts))?.by).toBe(by);
});
