/** Deploys of the simulation, held against its invariants: `node simulated.ts FIRST_SEED SEEDS` prints how many there were. */
import { simulateDeploys } from '../test/simulation/deploys.ts';

const [first = 0, count = 1] = process.argv.slice(2).map(Number);
const seeds = Array.from({ length: count }, (_, at) => first + at);
const totals = await simulateDeploys(seeds, () => false);
process.stdout.write(`${totals.get('builds') ?? 0}\n`);
