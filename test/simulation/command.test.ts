/**
 * The simulation on a team's own programs: those that the host goes on for and those that do all themselves, careless ones,
 * and ones that outlive Lockstep. A small fixed part; all of it with LOCKSTEP_SOAK=1, and by turns in `npm run soak`.
 */
import { describe, expect, it } from 'vitest';
import { isSoak, often } from '../store/attacks/seed.ts';
import { inWords, seedsFrom, simulateDeploys } from './deploys.ts';
import type { Habits, Scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

const seed = 20_261_127;
const [deploysMin, runs] = isSoak ? [5_000, 25] : [1, 6];

it('simulated deploys break no invariant by own programs', { timeout: 400_000 }, async () => {
  const enough = (builds = 0) => builds >= deploysMin;
  const options = { on: 'command', runs } as const;
  const totals = await simulateDeploys(
    seedsFrom(seed),
    (sofar) => enough(sofar.get('builds')),
    options,
  );
  process.stdout.write(`simulated by own programs: ${inWords(totals)}\n`);
  expect(totals.get('live')).toBeGreaterThan(0);
});

const habits: readonly Habits[] = (['host', 'own'] as const).flatMap((work) => [
  { work, isCareless: true, survives: true, shares: null },
  { work, isCareless: true, survives: false, shares: null },
]);
/** How far apart kills are tried. */
const killStep = often(53, 1);

describe('a deploy by own programs', { timeout: 240_000 }, () => {
  it.each(habits)('that is killed at any await ships once: %o', async (habits) => {
    const run = (killAt: number | null) => simulate(oneDeploy(killAt, habits));
    const clean = await run(null);
    const awaits = clean.runs[0]?.crossings ?? 0;
    expect(clean).toMatchObject({ violations: [], figures: { live: 1 } });
    for (let killAt = 1; killAt <= awaits; killAt += killStep) {
      const { violations, figures } = await run(killAt);
      expect(violations, `killed at ${killAt}`).toEqual([]);
      expect(figures.live, `killed at ${killAt}`).toBe(1);
    }
  });
});

const oneDeploy = (killAt: number | null, habits: Habits): Scenario => ({
  lanes: 1,
  stacking: 'skip',
  builds: [{ kind: 'merge', lane: 0, afterMs: 0, fates: [{ killAt, pause: null }] }],
  people: [],
  faults: { perMille: 0, seed: 1 },
  breaks: [],
  on: 'command',
  habits,
});
