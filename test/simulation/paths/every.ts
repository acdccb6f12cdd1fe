/**
 * `npm run paths -- 1/4`: drives every path of the chart once, or such a part of them; as many processes
 * as there are processors do it in the shortest time. It says which ones fail, and goes on.
 */
import { inspect } from 'node:util';
import { PathSoak } from './soak.ts';

const [part, of] = (process.argv[2] ?? '1/1').split('/').map(Number);
if (!(part && of && part <= of)) throw new Error(`a part is 1/4, not ${process.argv[2]}`);

const soak = await PathSoak.open();
let failed = 0;
for (const [n, path] of soak.paths.entries()) {
  if (n % of !== part - 1) continue;
  try {
    await soak.drive(path);
  } catch (error) {
    failed += 1;
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : inspect(cause);
    process.stdout.write(`path ${n}: ${why}\n  ${message}\n`);
  }
}
process.stdout.write(`paths driven: ${soak.counts['paths driven']}, failed: ${failed}\n`);
await soak.close();
process.exitCode = failed > 0 ? 1 : 0;
