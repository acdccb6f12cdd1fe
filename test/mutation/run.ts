/**
 * `npm run mutation`: has Stryker put small faults into the code, one at a time, and runs the tests of
 * one process on each: first the quick ones, and for what they do not notice those of the simulation. A
 * sample by a seed; with `--share 1` all of it, which is too much for more than a room at a time. Prints the score by room,
 * with its interval of 95%, and what nobody noticed.
 *
 * `--seed TEXT`, `--share NUMBER`, `--rooms machine,runtime`; `--report FILE` reads what was found before; `--quick` leaves the simulation out.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  drawnPlaces,
  judged,
  leftOver,
  type Report,
  table,
  unnoticedPlaces,
  withLater,
} from './report.ts';
import { leftOut, rooms } from './rooms.ts';

const root = resolve(import.meta.dirname, '../..');
const reported = 'reports/mutation.json';
const configured = 'reports/stryker.config.json';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    share: { type: 'string', default: '0.05' },
    rooms: { type: 'string', default: Object.keys(rooms).join() },
    report: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const share = Number(values.share);
if (!(share > 0 && share <= 1)) throw new Error('--share takes a number above 0 and up to 1');
const chosen = values.rooms.split(',');
const unknown = chosen.filter((room) => rooms[room] === undefined);
if (unknown.length > 0) throw new Error(`no room is called ${unknown.join(', ')}`);

// The sample is drawn in Stryker's processes, which are told of it by their environment.
process.env.MUTATION_SEED = values.seed;
process.env.MUTATION_SHARE = values.share;

const patterns = [...chosen.flatMap((room) => rooms[room] ?? []), ...leftOut];
const report = values.report === undefined ? found() : read(values.report);
const all = judged(report);
process.stdout.write(`${[...leftOver(all), '', ...table(all)].join('\n')}\n`);
process.stdout.write(`seed ${values.seed}, share ${values.share}: ${all.length} mutants\n`);

function found(): Report {
  // What each mutant is reached by goes from one process to another in one text: of all of them it is too long for any.
  const drawn = drawnPlaces(foundBy('none', patterns));
  const first = foundBy('quick', drawn);
  const places = values.quick ? [] : unnoticedPlaces(first);
  const both = places.length === 0 ? first : withLater(first, foundBy('simulation', places));
  writeFileSync(resolve(root, reported), JSON.stringify(both));
  return both;
}

/** What Stryker finds in these places by those tests; by none, which mutants there are. */
function foundBy(tests: 'none' | 'quick' | 'simulation', mutate: readonly string[]): Report {
  const config = read('test/mutation/stryker.config.json');
  // The places are too many for an argument.
  mkdirSync(resolve(root, 'reports'), { recursive: true });
  writeFileSync(resolve(root, configured), JSON.stringify({ ...config, mutate }));
  const { status } = spawnSync('npx', ['--no', 'stryker', 'run', configured], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MUTATION_TESTS: tests },
  });
  if (status !== 0) process.exit(status ?? 1);
  return read(reported);
}

function read(file: string) {
  return JSON.parse(readFileSync(resolve(root, file), 'utf8'));
}
