/**
 * `npm run soak -- --minutes N`: the simulation on each kind of target by turns, spoilt answers, pairs of them and paths of the
 * chart, with fresh seeds, until the time is up or something breaks. As many processes as there are processors share the seeds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freshSeed } from './deploys.ts';
import { execArgv } from './process-options.ts';
import { crowdOf } from './scenario.ts';
import { simulate } from './simulation.ts';
import { drawnInWords, figuresInWords, type SoakReport } from './soak-report.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);

const reportEveryMs = 60_000;
const startedAt = Date.now();
const say = (text: string): void => {
  process.stdout.write(`${Math.round((Date.now() - startedAt) / 1000)} s: ${text}\n`);
};

/** Once, where there is time for it: it takes minutes. */
async function crowd(count: number): Promise<void> {
  const { violations, figures } = await simulate(crowdOf(count));
  if (violations.length > 0) throw new Error(`${count} that wait: ${violations.join('; ')}`);
  if (figures.live !== 2) throw new Error(`${figures.live} of ${count} went live, not two`);
  say(`${count} waited for one lane: ${figures.live} went live`);
}

const seed = values.seed === undefined ? freshSeed() : Number(values.seed);
const count = availableParallelism();
say(`from seed ${seed}, in ${count} processes`);
if (minutes >= 10) await crowd(500);

const reports = new Map<number, SoakReport>();
const all = (): readonly SoakReport[] => [...reports.values()];
const leftMinutes = minutes - (Date.now() - startedAt) / 60_000;
const children = Array.from({ length: count }, (_, nth) => {
  const args = [seed + nth, count, leftMinutes].map(String);
  const child = fork(join(import.meta.dirname, 'soaked.ts'), args, { execArgv });
  child.on('message', (report: SoakReport) => reports.set(nth, report));
  return child;
});
const telling = setInterval(() => {
  const upTo = Math.min(...all().map((report) => report.seed));
  if (reports.size === count) say(`up to seed ${upTo}: ${figuresInWords(all())}`);
}, reportEveryMs);

/** Where one breaks, and has told why, the others end with the seed that they are at. */
const codes = await Promise.all(
  children.map(async (child) => {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) for (const other of children) if (other.connected) other.disconnect();
    return code;
  }),
);
clearInterval(telling);
say(`from seed ${seed}: ${figuresInWords(all())}\n${drawnInWords(all())}`);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
