/**
 * `no-right-process.ts FOLDER POINTS RESTORE`, not as root: takes its own rights away, tries, gives
 * them back, and goes on. Prints what is wrong, as JSON.
 *
 * RESTORE `all` gives them back to the files beside the log, too; `one` to what they were taken from.
 */
import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailable, StoreUnusable } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import type { Report } from './full-disk.ts';

const [folder = '', points = '0', restore = 'all'] = process.argv.slice(2);
const file = join(folder, 'log.db');
const report: Report = { points: 0, codes: {}, problems: [] };

/** What has no right to be written, or read, while the log is opened. */
const taken: readonly (readonly [path: string, mode: number])[] = [
  [file, 0o444],
  [file, 0o000],
  [folder, 0o555],
  [folder, 0o000],
];

async function appended(n: number): Promise<number> {
  const log = await openLog(`sqlite:${file}`);
  try {
    const event = { id: `event ${n}`, type: 'thing.happened', data: { n }, metadata: {} };
    await log.append([{ stream: 'a', expected: 'any', events: [event] }]);
    const { events, fault } = await log.verify();
    if (fault !== null) report.problems.push(`${fault.position}: ${fault.reason}`);
    return events;
  } finally {
    await log.close();
  }
}

/** SQLite makes them with the rights of the file itself. */
function giveBackBeside(): void {
  for (const beside of [`${file}-wal`, `${file}-shm`]) {
    if (existsSync(beside)) chmodSync(beside, 0o644);
  }
}

let events = await appended(0);
for (let n = 1; n <= Number(points); n++) {
  const [path, mode] = taken[n % taken.length] as (typeof taken)[number];
  const before = statSync(path).mode;
  chmodSync(path, mode);
  const outcome = await appended(n).catch((error: unknown) => error);
  chmodSync(path, before);
  if (restore === 'all') giveBackBeside();
  if (outcome instanceof StoreUnusable || outcome instanceof StoreUnavailable) {
    report.codes[outcome.code] = (report.codes[outcome.code] ?? 0) + 1;
  } else {
    report.problems.push(`${path} with ${mode.toString(8)}: ${outcome}`);
  }
  const after = await appended(n).catch((error: unknown) => String(error));
  if (typeof after === 'string') {
    report.problems.push(`${path} after ${mode.toString(8)}: ${after}`);
    break;
  }
  if (after !== events + 1) report.problems.push(`${after} events after ${events}`);
  events = after;
  report.points++;
}
process.stdout.write(`${JSON.stringify(report)}\n`);
