/**
 * An outage of a vendor is no failure of a deploy: from each of its reads on, Heroku answers none for
 * 40 seconds or for three minutes, as an error, a reset or not at all, and the same run goes live. Each read has one
 * of these by day, and all of them by night.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { isSoak } from '../store/attacks/seed.ts';
import type { Outage, Scenario } from './scenario.ts';
import { type Outcome, simulate } from './simulation.ts';

const oneDeploy = (outage?: Scenario['outage']): Scenario => ({
  lanes: 1,
  stacking: 'skip',
  builds: [{ kind: 'merge', lane: 0, afterMs: 0, fates: [] }],
  people: [],
  faults: { perMille: 0, seed: 1 },
  breaks: [],
  ...(outage === undefined ? {} : { outage }),
});

async function expectLive(outage?: Scenario['outage']): Promise<Outcome> {
  const outcome = await simulate(oneDeploy(outage));
  expect(outcome.violations, JSON.stringify(outage)).toEqual([]);
  expect(outcome.figures, JSON.stringify(outage)).toMatchObject({ live: 1, runs: 1 });
  return outcome;
}

/** How many reads a deploy has to which nothing happens. */
let reads = 0;
beforeAll(async () => {
  reads = (await expectLive()).reads;
});

const kinds: readonly Outage[] = ['status-503', 'reset', 'no-answer'];

const lengthsMs = [40_000, 180_000] as const;
const outages = kinds.flatMap((as) => lengthsMs.map((forMs) => ({ as, forMs })));

describe('no read of Heroku is answered', { timeout: 240_000 }, () => {
  it.each(outages)(
    '($as, for $forMs ms), from a read of a deploy on: it goes live all the same',
    async (outage) => {
      expect(reads).toBeGreaterThan(20);
      const [first, step] = isSoak ? [1, 1] : [1 + outages.indexOf(outage), outages.length];
      for (let atRead = first; atRead <= reads; atRead += step) {
        await expectLive({ atRead, ...outage });
      }
    },
  );
});
