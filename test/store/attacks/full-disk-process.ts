/**
 * `full-disk-process.ts FOLDER SEED POINTS`: fills the disk that the folder is on up to some point,
 * appends until that fails, looks at what was left, makes space, goes on. Prints what is wrong, as JSON.
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../../src/store/open.ts';
import { fillUp, type Report } from './full-disk.ts';
import { lotOf } from './seed.ts';

const [folder = '', seed = '0', points = '0'] = process.argv.slice(2);
const ballast = join(folder, 'ballast');
const lot = lotOf(Number(seed));
const report: Report = { points: 0, codes: {}, problems: [] };
const open = () => openLog(`sqlite:${join(folder, 'log.db')}`);

/** Leaves so many bytes on the disk. */
function fillDisk(leave: number): void {
  rmSync(ballast, { force: true });
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
}

let log = await open();
for (let n = 0; n < Number(points); n++) {
  fillDisk(lot.below(30) * 4_096);
  await fillUp(log, lot, report, () => rmSync(ballast));
  if (lot.happens(0.3)) {
    await log.close();
    log = await open();
  }
}
await log.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
