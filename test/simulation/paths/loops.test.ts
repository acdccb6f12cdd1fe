/**
 * For each loop of the chart the shortest path that turns it and goes live, driven through the runtime,
 * the store and the sandbox's HTTP. Whatever else may follow a loop is the soak's.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import { drivenPaths } from './driven-paths.ts';
import { expectDriven, titleOf } from './expect-driven.ts';
import { PathWorld } from './world.ts';

let world: PathWorld;
beforeAll(async () => {
  world = await PathWorld.open();
});
afterAll(() => world.close());

function loops(): DeployPath[] {
  const byTurn = Map.groupBy(
    drivenPaths(chart).filter(
      ({ turn, steps }) => turn !== null && steps.at(-1)?.to === 'production.live',
    ),
    ({ turn }) => (turn === null ? '' : inWords(turn)),
  );
  return [...byTurn.values()].map((some) =>
    some.reduce((shortest, one) => (one.steps.length < shortest.steps.length ? one : shortest)),
  );
}

describe('each loop, and on to production', () => {
  it.each(loops().map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(world, path),
  );
});
