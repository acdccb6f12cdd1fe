/**
 * Each transition of the canary's states and of a bake's, on the shortest paths that have them all, driven through the
 * runtime, the store and the sandbox's HTTP. The other paths with a canary are the soak's.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { canaryCover } from './driven-paths.ts';
import { expectDriven, titleOf } from './expect-driven.ts';
import { PathWorld } from './world.ts';

let world: PathWorld;
beforeAll(async () => {
  world = await PathWorld.open();
});
afterAll(() => world.close());

describe('with a canary', () => {
  it.each(canaryCover(chart).map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(world, path),
  );
});
