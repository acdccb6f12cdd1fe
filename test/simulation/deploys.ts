/** Simulates deploys from seeds until there were so many, and fails on the first broken invariant. */
import { fc } from '../fast-check.ts';
import { isSoak } from '../store/attacks/seed.ts';
import { Distribution } from './distribution.ts';
import type { Figures } from './invariants.ts';
import { type On, scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

export type Totals = Map<keyof Figures, number>;

/** Of all scenarios of this process. */
export const drawnSoFar = new Distribution();

const runsPerSeed = 25;

export interface SimulatedOptions {
  readonly on?: On;
  /** For each seed. */
  readonly runs?: number;
}

/** The seed and those that follow on it. */
export function* seedsFrom(seed: number): Generator<number> {
  for (let at = seed; ; at++) yield at;
}

/**
 * @param until asked after each seed's runs
 * @throws fast-check's error with the seed, the path and the shrunk scenario
 */
export async function simulateDeploys(
  seeds: Iterable<number>,
  until: (totals: Totals, seed: number) => boolean,
  { on = 'cedar', runs = runsPerSeed }: SimulatedOptions = {},
): Promise<Totals> {
  const totals: Totals = new Map();
  let told = false;
  let histories = 0;
  for (const at of seeds) {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        // By day, of one history in eight: all of them are asked at night.
        const explained = isSoak || histories++ % 8 === 0;
        const outcome = await simulate({ ...drawn, on }, { explained });
        const { violations, figures } = outcome;
        drawnSoFar.add({ ...drawn, on }, outcome);
        for (const [name, n] of Object.entries(figures) as [keyof Figures, number][]) {
          totals.set(name, (totals.get(name) ?? 0) + n);
        }
        if (violations.length === 0) return;
        // Shrinking takes a while: what was found is told at once.
        if (!told) process.stdout.write(`seed ${at}: ${violations.join('; ')}\n`);
        told = true;
        throw new Error(violations.join('\n'));
      }),
      { seed: at, numRuns: runs },
    );
    if (until(totals, at)) break;
  }
  return totals;
}

export function inWords(totals: Totals): string {
  return [...totals].map(([name, n]) => `${name} ${n}`).join(', ');
}

/** A seed that nobody tried before. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
