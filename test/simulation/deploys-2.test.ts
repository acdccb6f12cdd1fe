/** Half of the simulated deploys: two files, so that two cores share them. */
import { expect, it } from 'vitest';
import { freshSeed, inWords, simulateDeploys } from './deploys.ts';

const deploysMin = 5_000;

it('thousands of simulated deploys break no invariant', { timeout: 400_000 }, async () => {
  const totals = await simulateDeploys(
    freshSeed(),
    (sofar) => (sofar.get('builds') ?? 0) >= deploysMin,
  );
  process.stdout.write(`simulated: ${inWords(totals)}\n`);
  expect(totals.get('live')).toBeGreaterThan(0);
});
