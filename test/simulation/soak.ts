/**
 * `npm run soak -- --minutes N`: the simulation on each kind of target by turns, spoilt answers, pairs of them and paths of the
 * chart, with fresh seeds, until the time is up or something breaks.
 */
import { parseArgs } from 'node:util';
import { drawnSoFar, freshSeed, inWords, simulateDeploys, type Totals } from './deploys.ts';
import { createCommits } from './fuzzer/commits.ts';
import { EverySingle } from './fuzzer/every-single.ts';
import { PairFuzzer } from './fuzzer/pairs.ts';
import { PathSoak } from './paths/soak.ts';
import { ProgramPairs } from './programs/pairs.ts';
import { crowdOf } from './scenario.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);

const reportEveryMs = 60_000;
const startedAt = Date.now();
let reportedAt = startedAt;
const say = (text: string): void => {
  process.stdout.write(`${Math.round((Date.now() - startedAt) / 1000)} s: ${text}\n`);
};

const seed = values.seed === undefined ? freshSeed() : Number(values.seed);
say(`from seed ${seed}`);
const commits = createCommits();
const pairs = new PairFuzzer(commits);
const paths = await PathSoak.open();
const programs = new ProgramPairs();
const singles = new EverySingle(commits, seed);
const singlesPerSeed = 25;
const fuzzed = (): string =>
  `fuzzed: ${[pairs, singles, programs, paths].map(({ inWords }) => inWords).join('; ')}`;
const totals: Totals = new Map();

/** Once, where there is time for it: it takes minutes. */
async function crowd(count: number): Promise<void> {
  const { violations, figures } = await simulate(crowdOf(count));
  if (violations.length > 0) throw new Error(`${count} that wait: ${violations.join('; ')}`);
  if (figures.live !== 2) throw new Error(`${figures.live} of ${count} went live, not two`);
  say(`${count} waited for one lane: ${figures.live} went live`);
}

try {
  if (minutes >= 10) await crowd(500);
  for (let at = seed; Date.now() - startedAt < minutes * 60_000; at++) {
    const simulated = await simulateDeploys([at], () => true, {
      on: (['cedar', 'command', 'fir'] as const)[at % 3] ?? 'cedar',
    });
    for (const [name, n] of simulated) totals.set(name, (totals.get(name) ?? 0) + n);
    await pairs.try(at);
    await programs.try(at);
    await paths.try(at);
    await singles.try(singlesPerSeed);
    if (Date.now() - reportedAt < reportEveryMs) continue;
    reportedAt = Date.now();
    say(`up to seed ${at}: ${inWords(totals)}; ${fuzzed()}`);
  }
  say(`from seed ${seed}: ${inWords(totals)}; ${fuzzed()}\n${drawnSoFar.inWords}`);
} finally {
  await pairs.close();
  await singles.close();
  await paths.close();
  await programs.close();
  commits.remove();
}
