/**
 * What it takes to start each command, beside `node -e 0`, taking turns in one run: time, and peak
 * memory. Each answers from a log of one deploy, at vendors that answer at once. `node bench/start.ts [TIMES]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BenchStage } from './stage.ts';

const times = Number(process.argv[2] ?? 9);
const binary = resolve(import.meta.dirname, '../bin/pipeline.js');
const peakMemory = join(import.meta.dirname, 'peak-memory.cjs');

const stage = await BenchStage.set();
const shipped = stage.commit('Change 1');
await stage.advance(1, shipped);
const deploy = `1-${shipped.slice(0, 8)}`;

/** What is measured: the arguments of `node`. */
const commands: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  '--version': [binary, '--version'],
  help: [binary, 'help'],
  status: [binary, 'status'],
  'status --json': [binary, 'status', '--json'],
  log: [binary, 'log', deploy],
  replay: [binary, 'replay', deploy],
  export: [binary, 'export'],
  docs: [binary, 'docs', '--check'],
  disable: [binary, 'disable', '--reason', 'bench', '--branch', 'master'],
  enable: [binary, 'enable', '--reason', 'bench', '--branch', 'master'],
};

interface Measured {
  readonly ms: number[];
  readonly kib: number[];
}

async function run(args: readonly string[], into: Measured): Promise<void> {
  const from = performance.now();
  const child = spawn(process.execPath, ['--require', peakMemory, ...args], {
    cwd: stage.repository,
    env: stage.environment,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let kib = '';
  child.stdio[3]?.on('data', (part) => (kib += part));
  await once(child, 'close');
  into.ms.push(performance.now() - from);
  into.kib.push(Number(kib));
}

const measured = new Map<string, Measured>(
  Object.keys(commands).map((name) => [name, { ms: [], kib: [] }]),
);
for (let round = 0; round <= times; round++) {
  for (const [name, args] of Object.entries(commands)) {
    // The first round fills Node's caches and is not counted.
    await run(args, (round > 0 && measured.get(name)) || { ms: [], kib: [] });
  }
}
await stage.strike();

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const base = measured.get('node -e 0') ?? { ms: [], kib: [] };
for (const [name, { ms, kib }] of measured) {
  const time = median(ms);
  const memory = median(kib);
  process.stdout.write(
    `${name.padEnd(14)} ${time.toFixed(0).padStart(4)} ms  ${(time / median(base.ms)).toFixed(2).padStart(5)}   ` +
      `${(memory / 1024).toFixed(0).padStart(4)} MiB  ${(memory / median(base.kib)).toFixed(2)}\n`,
  );
}
