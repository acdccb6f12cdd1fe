/** Deploys of the simulation: `node simulated.ts FIRST_SEED SEEDS` prints how many there were. Whether all held is for the soak to say. */
import { fc } from '../test/fast-check.ts';
import { scenario } from '../test/simulation/scenario.ts';
import { simulate } from '../test/simulation/simulation.ts';

const scenariosPerSeed = 25;

const [first = 0, count = 1] = process.argv.slice(2).map(Number);
let deploys = 0;
for (let seed = first; seed < first + count; seed++) {
  for (const drawn of fc.sample(scenario, { seed, numRuns: scenariosPerSeed })) {
    deploys += (await simulate({ ...drawn, on: 'cedar' })).figures.builds;
  }
}
process.stdout.write(`${deploys}\n`);
