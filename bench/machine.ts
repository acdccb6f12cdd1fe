/** What the machine is, as far as it matters to the figures. */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { median } from './bench.ts';

export interface Machine {
  readonly processors: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  /** How many processes wanted a processor in the last minute, as the run ended: more than there are, and ratios are too high. */
  readonly load: number;
  /** What a write of 4 KiB and its way to the disk take, in µs. */
  readonly fsyncUs: number;
}

export async function machine(): Promise<Machine> {
  const all = cpus();
  const memory = new Database(':memory:');
  const sqlite = String(memory.prepare('select sqlite_version()').pluck().get());
  memory.close();
  return {
    processors: `${all.length} × ${all[0]?.model.trim() || 'of an unknown make'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release().split('.').slice(0, 2).join('.')}`,
    node: process.version,
    sqlite,
    load: Math.round(loadavg()[0] ?? 0),
    fsyncUs: Math.round(fsyncUs()),
  };
}

function fsyncUs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const file = openSync(join(folder, 'page'), 'w');
  const page = Buffer.alloc(4_096, 1);
  const took = Array.from({ length: 200 }, () => {
    const from = performance.now();
    writeSync(file, page);
    fsyncSync(file);
    return (performance.now() - from) * 1_000;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return median(took);
}
