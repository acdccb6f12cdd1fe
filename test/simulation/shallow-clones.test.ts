/**
 * The simulation over real git: each run has a real clone of one commit, and fetches what it takes to know the order. A few
 * histories, for git is slow beside the rest; more with LOCKSTEP_SOAK=1.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fc } from '../fast-check.ts';
import { often } from '../store/attacks/seed.ts';
import { scenario } from './scenario.ts';
import { ShallowClones } from './shallow-clones.ts';
import { simulate } from './simulation.ts';

/** Of which one history already has a clone where both commits are there and the way between them is cut off. */
const seed = 20_261_131;

it('deploys from clones that are cut short break no invariant', { timeout: 600_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'clones-'));
  const all: ShallowClones[] = [];
  let live = 0;
  const drawn = fc.asyncProperty(scenario, async (one) => {
    const graphOf = (_: number, time: ConstructorParameters<typeof ShallowClones>[1]) => {
      const graph = new ShallowClones(join(dir, `lane-${all.length}`), time);
      all.push(graph);
      return graph;
    };
    const { violations, figures } = await simulate(one, { graphOf });
    live += figures.live;
    expect(violations).toEqual([]);
  });
  try {
    await fc.assert(drawn, { seed, numRuns: often(1, 100), endOnFailure: true });
  } finally {
    await rm(dir, { recursive: true });
  }
  const clones = all.reduce((sum, { made }) => sum + made, 0);
  process.stdout.write(`simulated with ${clones} clones: ${live} live\n`);
  expect(live).toBeGreaterThan(0);
  expect(clones).toBeGreaterThan(live);
});
