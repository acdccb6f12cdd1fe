/**
 * The simulation, the fuzzer and the walk of the chart on Fir: a small fixed part of each, for the rest is as on
 * Cedar; all of it with LOCKSTEP_SOAK=1, and by turns in `npm run soak`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { isSoak } from '../store/attacks/seed.ts';
import { inWords, seedsFrom, simulateDeploys } from './deploys.ts';
import { fuzzWorlds } from './fuzzer/singles.ts';
import { type FuzzWorld, onFir, worlds } from './fuzzer/worlds.ts';
import { canaryCover, drivenPaths } from './paths/driven-paths.ts';
import { expectDriven, titleOf } from './paths/expect-driven.ts';
import { PathWorld } from './paths/world.ts';

const seed = 20_261_126;
const [deploysMin, runs] = isSoak ? [5_000, 25] : [1, 5];
const pathsMax = isSoak ? Number.POSITIVE_INFINITY : 8;

it('simulated deploys break no invariant on Fir', { timeout: 400_000 }, async () => {
  const enough = (builds = 0) => builds >= deploysMin;
  const options = { on: 'fir', runs } as const;
  const totals = await simulateDeploys(
    seedsFrom(seed),
    (sofar) => enough(sofar.get('builds')),
    options,
  );
  process.stdout.write(`simulated on Fir: ${inWords(totals)}\n`);
  expect(totals.get('live')).toBeGreaterThan(0);
});

describe('answers of Fir', () => {
  const all: readonly FuzzWorld[] = Object.values(worlds);
  fuzzWorlds((isSoak ? all : [worlds.first]).map(onFir));
});

describe('a direct path of the chart on Fir', () => {
  let world: PathWorld;
  beforeAll(async () => {
    world = await PathWorld.open('fir');
  });
  afterAll(() => world.close());

  const all = isSoak ? [...drivenPaths(chart), ...canaryCover(chart)] : drivenPaths(chart);
  const direct = all.filter(({ turn }) => turn === null);
  const live = direct.filter(({ steps }) => steps.some(({ to }) => to === 'production.live'));
  const driven = (isSoak ? direct : live).slice(0, pathsMax);

  it.each(driven.map((path) => [titleOf(path), path] as const))('%s', (_, path) =>
    expectDriven(world, path),
  );
});
