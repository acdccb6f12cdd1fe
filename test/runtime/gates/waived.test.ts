/** Where nothing tells what production runs, nothing is concluded from it: neither "first" nor "nobody went back". */
import { expect, it } from 'vitest';
import type { Ports } from '../../../src/effects/ports.ts';
import type { Target } from '../../../src/effects/targets/target.ts';
import { emptyLane } from '../../../src/machine/lane.ts';
import { readStanding } from '../../../src/runtime/gates/production.ts';

const settings = { kind: 'command', name: 'acme-production', settings: {} };
const asked = () => {
  throw new Error('it is asked what it cannot tell');
};

it('order is waived, and nothing is read', async () => {
  const target = { settings, isReadable: false, observe: asked } as unknown as Target;
  const input = { lane: 'acme', target: settings, commit: '1'.repeat(40), overridden: false };
  const history = { relation: asked, notes: asked, fullId: asked };
  const standing = await readStanding(
    input,
    { targets: () => target, history, readLane: async () => emptyLane },
    {} as Ports,
  );
  expect(standing).toEqual({
    order: { kind: 'waived', production: { version: null, commit: null } },
    held: null,
    isTakenBack: false,
    lane: emptyLane,
    running: null,
    cursor: '',
    others: [],
  });
});
