/** Each path of the chart on which no loop is turned, driven through the runtime, the store and the sandbox's HTTP. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { drivenPaths } from './driven-paths.ts';
import { expectDriven, titleOf } from './expect-driven.ts';
import { PathWorld } from './world.ts';

let world: PathWorld;
beforeAll(async () => {
  world = await PathWorld.open();
});
afterAll(() => world.close());

const direct = drivenPaths(chart).filter(({ turn }) => turn === null);

describe('each direct path', () => {
  it.each(direct.map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(world, path),
  );
});
