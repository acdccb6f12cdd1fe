/** `npm run soak -- --minutes N`: the simulation with fresh seeds until the time is up, or an invariant breaks. */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { Figures } from './invariants.ts';
import { scenario } from './scenario.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);

const runsPerSeed = 50;
const reportEveryMs = 60_000;
const totals = new Map<keyof Figures, number>();
const startedAt = Date.now();
let reportedAt = startedAt;
let seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);

function report(): void {
  const figures = [...totals].map(([name, n]) => `${name} ${n}`).join(', ');
  const passed = Math.round((Date.now() - startedAt) / 1000);
  process.stdout.write(`${passed} s, up to seed ${seed}: ${figures}\n`);
}

while (Date.now() - startedAt < minutes * 60_000) {
  await fc.assert(
    fc.asyncProperty(scenario, async (drawn) => {
      const { violations, figures } = await simulate(drawn);
      for (const [name, n] of Object.entries(figures) as [keyof Figures, number][]) {
        totals.set(name, (totals.get(name) ?? 0) + n);
      }
      if (violations.length > 0) throw new Error(violations.join('\n'));
    }),
    { seed, numRuns: runsPerSeed },
  );
  seed += 1;
  if (Date.now() - reportedAt < reportEveryMs) continue;
  reportedAt = Date.now();
  report();
}
report();
