/**
 * An outage of a vendor is no failure of a deploy: from each of its reads on, Heroku answers none for
 * 40 seconds or for three minutes, as an error, a reset or not at all, and the same run goes live. All of these at each read
 * by night; by day one of them, and of many reads of one thing, which is waited for, the first two and the last two.
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

/** The reads of a deploy to which nothing happens, counted from 1. */
let reads: readonly number[] = [];
beforeAll(async () => {
  const paths = (await expectLive()).reads;
  const asksFor = Map.groupBy(paths.keys(), (at) => paths[at]);
  const isOfMany = (at: number): boolean =>
    asksFor.get(paths[at])?.slice(2, -2).includes(at) ?? false;
  reads = [...paths.keys()].filter((at) => isSoak || !isOfMany(at)).map((at) => at + 1);
});

const kinds: readonly Outage[] = ['status-503', 'reset', 'no-answer'];

const lengthsMs = [40_000, 180_000] as const;
const outages = kinds.flatMap((as) => lengthsMs.map((forMs) => ({ as, forMs })));

describe('no read of Heroku is answered', { timeout: 240_000 }, () => {
  it.each(outages)(
    '($as, for $forMs ms), from a read of a deploy on: it goes live all the same',
    async (outage) => {
      expect(reads.length).toBeGreaterThan(20);
      const turn = outages.indexOf(outage);
      for (const [at, atRead] of reads.entries()) {
        if (isSoak || at % outages.length === turn) await expectLive({ atRead, ...outage });
      }
    },
  );
});
