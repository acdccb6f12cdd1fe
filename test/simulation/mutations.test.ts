/** A simulation that finds nothing proves nothing: each way to break Lockstep on purpose is found. */

import { describe, expect, it } from 'vitest';
import { fc } from '../fast-check.ts';
import { mutations } from './mutations.ts';
import { scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

const scenariosMax = 150;

describe('the simulation', () => {
  it.each(Object.entries(mutations))('finds %s', { timeout: 120_000 }, async (_, mutation) => {
    const broken = await fc.check(
      fc.asyncProperty(mutation.among ?? scenario, async (drawn) => {
        expect((await simulate(drawn, { mutation })).violations).toEqual([]);
      }),
      { numRuns: scenariosMax, seed: 20_261_123, endOnFailure: true },
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
