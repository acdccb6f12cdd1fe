/**
 * Paths of the chart, driven through the runtime, the store and the sandbox's HTTP: each direct one to
 * each end, and the shortest one with each loop. Those with a loop and everything after it are in the soak.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { type DeployPath, deployPaths, inWords } from '../../../src/machine/paths.ts';
import { drive } from './drive.ts';
import { PathWorld } from './world.ts';

let world: PathWorld;
beforeAll(async () => {
  world = await PathWorld.open();
});
afterAll(() => world.close());

const all = deployPaths(chart);
const direct = all.filter(({ turn }) => turn === null);

/** For each loop the shortest path that turns it and goes live. */
function loops(): DeployPath[] {
  const byTurn = Map.groupBy(
    all.filter(({ turn, steps }) => turn !== null && steps.at(-1)?.to === 'production.live'),
    ({ turn }) => (turn === null ? '' : inWords(turn)),
  );
  return [...byTurn.values()].map((some) =>
    some.reduce((shortest, one) => (one.steps.length < shortest.steps.length ? one : shortest)),
  );
}

const titleOf = ({ request, steps, turn }: DeployPath): string => {
  const [last] = steps.slice(-1).map(inWords);
  const by = turn === null ? '' : `${inWords(turn)}, then `;
  return `${request.settings.production.deploy}, ${steps.length} steps: ${by}${last}`;
};

/** What each of these steps put on production. */
const writing: readonly string[] = ['production.promotionRequested', 'production.buildRequested'];

async function expectDriven(path: DeployPath): Promise<void> {
  const driven = await drive(world, path);
  expect(driven.taken).toEqual(path.steps.map(inWords));
  expect(driven.replayed.disagreement).toBeNull();
  expect(driven.replayed.settled).toBe(path.steps.at(-1)?.to !== 'queued.gaveUp');
  const written = path.steps.filter(({ event }) => writing.includes(event.type));
  expect(driven.writes).toBe(written.length);
  if (path.steps.at(-1)?.to === 'production.live') expect(driven.running).toBe(world.commits.ours);
}

describe('each direct path', () => {
  it.each(direct.map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(path),
  );
});

describe('each loop, and on to production', () => {
  it.each(loops().map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(path),
  );
});
