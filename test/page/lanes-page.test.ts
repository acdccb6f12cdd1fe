/** The page of all lanes: who looks at it sees first what holds. */
import { expect, it } from 'vitest';
import { lanesPage } from '../../src/page/lanes-page.ts';
import type { LaneStanding } from '../../src/runtime/standing/standing.ts';
import { addresses } from '../../src/serve/pages.ts';

const at = '2026-01-05T13:04:00.000Z';
const calm: LaneStanding = {
  ...{ lane: 'calm', places: [], holds: [], holder: null, waiting: [], toDo: [], deploys: [] },
};
const calling: LaneStanding = {
  ...calm,
  lane: 'calling',
  toDo: [{ deploy: null, why: 'its run is gone', commands: [] }],
};
const held: LaneStanding = {
  ...calm,
  lane: 'held',
  holds: [{ kind: 'lane', what: 'Ana disabled it', since: at, release: null, by: 'Ana' }],
};

it('what holds a lane comes first, then what a person has to do, then the rest', async () => {
  const orders = [
    [calm, calling, held],
    [held, calm, calling],
    [calling, held, calm],
  ];
  for (const standings of orders) {
    const { main } = lanesPage({ standings, unread: [] }, 1, addresses);
    const lanes = [...String(await main).matchAll(/<section class="lane" aria-label="(\w+)"/g)];
    expect(lanes.map(([, lane]) => lane)).toEqual(['held', 'calling', 'calm']);
  }
});
