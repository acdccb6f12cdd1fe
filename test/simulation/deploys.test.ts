/**
 * From fixed seeds, so that a run is the same each time: of each the first scenario, chosen so that together they have every
 * kind that can be drawn and take little time. `LOCKSTEP_SOAK=1` goes through ten thousand, `npm run soak` draws fresh ones.
 */
import { expect, it } from 'vitest';
import { isSoak } from '../store/attacks/seed.ts';
import { drawnSoFar, inWords, seedsFrom, simulateDeploys } from './deploys.ts';
import { expectDrawn } from './drawn.ts';

const chosen = [
  ...[25, 30, 36, 38, 42, 47, 50, 54, 57, 62, 70, 77, 79, 81],
  ...[82, 85, 100, 101, 104, 111, 114, 115, 116, 117, 118, 119, 120, 124],
];
const [seeds, runs, deploysMin] = isSoak
  ? [seedsFrom(622_419_942), 25, 10_000]
  : [chosen, 1, Number.POSITIVE_INFINITY];

it('hundreds of simulated deploys break no invariant', { timeout: 400_000 }, async () => {
  const isEnough = (builds = 0) => builds >= deploysMin;
  const totals = await simulateDeploys(seeds, (sofar) => isEnough(sofar.get('builds')), { runs });
  process.stdout.write(`simulated: ${inWords(totals)}\n${drawnSoFar.inWords}\n`);
  expectDrawn();
  expect(totals.get('builds')).toBeGreaterThan(300);
  expect(totals.get('live')).toBeGreaterThan(50);
  expect(totals.get('explained')).toBeGreaterThan(0);
});
