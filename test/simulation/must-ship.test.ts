/** Of builds to which nothing happens but that their processes die, each ships, or is carried by one that does. */
import { describe, expect, it } from 'vitest';
import { crowdOf, type Scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

/** The process of that build dies at that await, and its CI runs it again. */
function withDeath({ builds, ...scenario }: Scenario, build: number, killAt: number): Scenario {
  const dies = [{ killAt, pause: null }];
  return {
    ...scenario,
    builds: builds.map((plan, n) => (n === build ? { ...plan, fates: dies } : plan)),
  };
}

describe('what must ship does', () => {
  it('the first of a crowd, and the newest, which carries those between', async () => {
    const { violations, figures } = await simulate(crowdOf(5));
    expect(violations).toEqual([]);
    expect(figures.live).toBe(2);
  });

  it.each([
    ['while it waits', 20],
    ['amid its work', 200],
  ])('also where who carries the others dies %s', async (_, killAt) => {
    const { violations, figures } = await simulate(withDeath(crowdOf(4), 3, killAt));
    expect(violations).toEqual([]);
    expect(figures.kills).toBe(1);
    // Who died may come back after another one of those between has gone.
    expect(figures.live).toBeGreaterThanOrEqual(2);
  });

  it('every one of them by its turn, where none is skipped', async () => {
    const { violations, figures } = await simulate({ ...crowdOf(4), stacking: 'every' });
    expect(violations).toEqual([]);
    expect(figures.live).toBe(4);
  });
});
