/**
 * One of the soak's processes (soak.ts starts them): tries a seed, and from it on every so manieth, until the time is up,
 * something breaks, or nobody hears it any more. After each seed it tells what it has done.
 */
import { drawnSoFar, simulateDeploys, type Totals } from './deploys.ts';
import { createCommits } from './fuzzer/commits.ts';
import { EverySingle } from './fuzzer/every-single.ts';
import { PairFuzzer } from './fuzzer/pairs.ts';
import { PathSoak } from './paths/soak.ts';
import { ProgramPairs } from './programs/pairs.ts';
import type { SoakReport } from './soak-report.ts';

const [seed = 0, by = 1, minutes = 1] = process.argv.slice(2).map(Number);
const endsAt = Date.now() + minutes * 60_000;

const commits = createCommits();
const pairs = new PairFuzzer(commits);
const paths = await PathSoak.open();
const programs = new ProgramPairs();
const singles = new EverySingle(commits, seed, by);
const singlesPerSeed = 25;
const totals: Totals = new Map();

const report = (at: number): SoakReport => ({
  seed: at,
  figures: {
    simulated: Object.fromEntries(totals),
    'answers spoilt by pairs': pairs.counts,
    'one by one': singles.counts,
    'by programs': programs.counts,
    paths: paths.counts,
  },
  drawn: drawnSoFar.counts,
});

try {
  const isTime = (): boolean => Date.now() < endsAt && process.connected;
  // The first in any case: it may be one that broke before.
  for (let at = seed; at === seed || isTime(); at += by) {
    try {
      const simulated = await simulateDeploys([at], () => true, {
        on: (['cedar', 'command', 'fir'] as const)[at % 3] ?? 'cedar',
      });
      for (const [name, n] of simulated) totals.set(name, (totals.get(name) ?? 0) + n);
      await pairs.try(at);
      await programs.try(at);
      await paths.try(at);
      await singles.try(singlesPerSeed);
    } catch (cause) {
      throw new Error(`it broke at seed ${at}: npm run soak -- --seed ${at} begins there`, {
        cause,
      });
    }
    if (process.connected) process.send?.(report(at));
  }
} finally {
  await pairs.close();
  await singles.close();
  await paths.close();
  await programs.close();
  commits.remove();
  if (process.connected) process.disconnect();
}
