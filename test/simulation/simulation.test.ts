/**
 * Thousands of deploys under virtual time, with kills at any await, pauses longer than a lease,
 * vendors that fail and people who interfere. fast-check draws, shrinks, and prints the seed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Figures } from './invariants.ts';
import { mutations } from './mutations.ts';
import { scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

const deploysMin = 2_500;
const lookMax = 150;

describe('the simulation', () => {
  it('finds no invariant broken', { timeout: 240_000 }, async () => {
    const totals: Partial<Record<keyof Figures, number>> = {};
    for (let seed = fc.sample(fc.integer(), 1)[0] ?? 0; (totals.builds ?? 0) < deploysMin; seed++) {
      await fc.assert(
        fc.asyncProperty(scenario, async (drawn) => {
          const { violations, figures } = await simulate(drawn);
          for (const [name, n] of Object.entries(figures) as [keyof Figures, number][]) {
            totals[name] = (totals[name] ?? 0) + n;
          }
          expect(violations).toEqual([]);
        }),
        { seed, numRuns: 25 },
      );
    }
    process.stdout.write(`simulated: ${JSON.stringify(totals)}\n`);
  });

  it.each(Object.entries(mutations))('finds %s', { timeout: 120_000 }, async (_, mutation) => {
    const broken = await fc.check(
      fc.asyncProperty(scenario, async (drawn) => {
        expect((await simulate(drawn, { mutation })).violations).toEqual([]);
      }),
      { numRuns: lookMax, seed: 20_261_123, endOnFailure: true },
    );
    expect(broken.failed, 'no scenario shows the mutation').toBe(true);
  });

  it('replays exactly for the same scenario', async () => {
    const [drawn] = fc.sample(scenario, { numRuns: 1, seed: 7 });
    if (drawn === undefined) throw new Error('nothing was drawn');
    const told = async (): Promise<string[]> => {
      const lines: string[] = [];
      await simulate(drawn, { trace: (line) => lines.push(line) });
      return lines;
    };
    expect(await told()).toEqual(await told());
  });
});
