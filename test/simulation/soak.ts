/** `npm run soak -- --minutes N`: the simulation with fresh seeds until the time is up, or an invariant breaks. */
import { parseArgs } from 'node:util';
import { freshSeed, inWords, simulateDeploys } from './deploys.ts';

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
const totals = await simulateDeploys(seed, (sofar, at) => {
  if (Date.now() - reportedAt >= reportEveryMs) {
    reportedAt = Date.now();
    say(`up to seed ${at}: ${inWords(sofar)}`);
  }
  return Date.now() - startedAt >= minutes * 60_000;
});
say(`from seed ${seed}: ${inWords(totals)}`);
