/** How quick the simulation is, which a night's work is measured by: as many processes as there are processors, on seeds of their own. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { execArgv } from '../test/simulation/process-options.ts';
import { type Bench, type Figure, median, type Size, takeTurns } from './bench.ts';

const simulated = join(import.meta.dirname, 'simulated.ts');
/** Three hundred a second. */
const hundredMostMs = 333;

async function hundredMs(round: number, seeds: number): Promise<number> {
  const from = performance.now();
  const each = Array.from({ length: availableParallelism() }, async (_, nth) => {
    const first = 1 + (round * availableParallelism() + nth) * seeds;
    const args = [...execArgv, simulated, `${first}`, `${seeds}`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return Number(stdout);
  });
  const deploys = (await Promise.all(each)).reduce((sum, count) => sum + count, 0);
  return ((performance.now() - from) / deploys) * 100;
}

async function run({ quick }: Size): Promise<Figure[]> {
  const [rounds, seeds] = quick ? [1, 1] : [3, 4];
  const { took } = await takeTurns(rounds, { took: (round) => hundredMs(round, seeds) });
  return [
    {
      ...{ what: 'a hundred simulated deploys', unit: 'ms', against: null },
      ...{ measured: median(took), goal: { most: hundredMostMs } },
    },
  ];
}

export const bench: Bench = {
  about:
    'Simulated deploys (`test/simulation`) with kills, faults and people’s orders at any moment, in virtual time, each history held against all invariants: on all processors together, the start of their processes with it.',
  missed:
    'a simulated deploy is the whole program but for time: each build, of which a fourth goes live, reads Heroku thirty-five times and asks the log a hundred and thirty times, for as many as wait for the lane look at it with each write. Of the processor’s time a sixth each is the log, the vendors’ stand-ins, and requests with the reading of their answers, an eighth the simulated world and what it is held against, a tenth the chart and its events, a twelfth clearing memory; no function has a twentieth.',
  run,
};
