/**
 * From fixed seeds, so that a run is the same each time: of each the first scenario, chosen so that together they have every
 * kind that can be drawn and take little time. `LOCKSTEP_SOAK=1` goes through ten thousand, `npm run soak` draws fresh ones.
 */
import { expect, it } from 'vitest';
import { isSoak } from '../store/attacks/seed.ts';
import { drawnSoFar, inWords, seedsFrom, simulateDeploys } from './deploys.ts';
import { notDrawn } from './drawn.ts';

const chosen = [
  ...[25, 30, 36, 38, 42, 47, 50, 54, 57, 62, 70, 77, 79, 81],
  ...[82, 85, 100, 101, 104, 111, 114, 115, 116, 117, 118, 119, 120, 124],
];
/** Where what a deploy awaits changes, kills and faults fall elsewhere: what is missing then is looked for in as many more. */
const seedsMax = 2 * chosen.length;

function* seeds(): Generator<number> {
  yield* isSoak ? [] : chosen;
  yield* seedsFrom(622_419_942);
}

it('hundreds of simulated deploys break no invariant', { timeout: 400_000 }, async () => {
  let tried = 0;
  const byDay = () => ++tried >= chosen.length && (notDrawn().length === 0 || tried >= seedsMax);
  const until = isSoak ? (builds: number) => builds >= 10_000 : byDay;
  const totals = await simulateDeploys(seeds(), (sofar) => until(sofar.get('builds') ?? 0), {
    runs: isSoak ? 25 : 1,
  });
  process.stdout.write(`simulated: ${inWords(totals)}\n${drawnSoFar.inWords}\n`);
  expect(notDrawn()).toEqual([]);
  expect(totals.get('builds')).toBeGreaterThan(300);
  expect(totals.get('live')).toBeGreaterThan(50);
  expect(totals.get('explained')).toBeGreaterThan(0);
});
