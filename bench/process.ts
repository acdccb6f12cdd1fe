/** A process that is measured: its time, and what the operating system accounted to it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Figure, type Goal, median } from './bench.ts';

export interface Measured {
  readonly ms: number;
  /** Of processor time, in the program and in the system for it. */
  readonly cpuMs: number;
  /** The most memory that it had, in MiB. */
  readonly mib: number;
}

const accounting = join(import.meta.dirname, 'accounting.cjs');

/** Runs `node` with these arguments. @throws Error with what it printed when it does not end with 0 */
export async function measured(
  args: readonly string[],
  place: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> {
  const from = performance.now();
  const child = spawn(process.execPath, ['--require', accounting, ...args], {
    ...place,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let [printed, accounts] = ['', ''];
  // Only the end is worth keeping: an export prints the whole log.
  const keep = (part: Buffer) => (printed = (printed + part).slice(-4_000));
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', keep);
  child.stdio[3]?.on('data', (part) => (accounts += part));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}:\n${printed}`);
  const { cpuMs, kib } = JSON.parse(accounts);
  return { ms: performance.now() - from, cpuMs, mib: kib / 1_024 };
}

/** What a process took, beside another one. */
export function compared(
  what: string,
  runs: readonly Measured[],
  peer: { readonly what: string; readonly runs: readonly Measured[] },
  goals: { readonly time: Goal | null; readonly memory: Goal | null },
): Figure[] {
  const figure = (
    of: string,
    unit: 'ms' | 'MiB',
    value: (run: Measured) => number,
    goal: Goal | null,
  ): Figure => ({
    ...{ what: `${what}: ${of}`, unit, goal },
    measured: median(runs.map(value)),
    against: { what: peer.what, measured: median(peer.runs.map(value)) },
  });
  return [
    figure('time', 'ms', ({ ms }) => ms, goals.time),
    figure('processor', 'ms', ({ cpuMs }) => cpuMs, null),
    figure('memory', 'MiB', ({ mib }) => mib, goals.memory),
  ];
}
