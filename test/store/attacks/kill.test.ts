/** kill -9 at any time, again and again on the same log: what was acknowledged is there, once, and nothing is halved. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLog } from '../../../src/store/open.ts';
import { bundled } from '../bundled.ts';
import { attackTimeoutMs, drawn, type Lot, lotOf, often, tell } from './seed.ts';

const kills = often(100, 20_000);
const killsPerLog = 50;
/** Two of them write to each log. */
const logsAtOnce = 2;
const killsOfControl = 40;

let folder = '';
let script: Awaited<ReturnType<typeof bundled>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-kill-'));
  script = await bundled(join(import.meta.dirname, 'kill-writer.ts'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Tally {
  kills: number;
  /** Writers that were killed before their first append. */
  early: number;
  /** Appends that were carried out and never acknowledged. */
  unknown: number;
}

/** Runs a writer until the lot has it killed, and gives the numbers that it printed. */
async function killedWriter(file: string, args: string[], lot: Lot): Promise<number[]> {
  const child = spawn(process.execPath, [script.file, `sqlite:${file}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: script.env,
  });
  let out = '';
  let trouble = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    trouble += text;
  });
  const over = once(child, 'close');
  // Most are killed while they append, some while they start, open the log or make its tables.
  if (lot.happens(0.75)) await Promise.race([once(child.stdout, 'data'), over]);
  else await setTimeout(lot.below(80));
  await setTimeout(lot.below(2_000) / 100);
  child.kill('SIGKILL');
  const [code, signal] = await over;
  if (signal !== 'SIGKILL') throw new Error(`a writer ended by itself, with ${code}: ${trouble}`);
  // The last piece is no line yet.
  return out.split('\n').slice(0, -1).map(Number);
}

/** What is wrong with a writer's events after a kill; its count of appends if nothing is. */
async function appendsOf(file: string, name: string, known: number, printed: readonly number[]) {
  const log = await openLog(`sqlite:${file}`);
  try {
    const left = await log.readStream(`${name} left`);
    const right = await log.readStream(`${name} right`);
    const found = [...left, ...right].map(({ id }) => id);
    const halves = ['left', 'right'].map((half) => left.map((_, n) => `${name} ${n + 1} ${half}`));
    if (found.join() !== halves.flat().join()) throw new Error(`${name} has ${found}`);
    const acknowledged = printed.at(-1) ?? known;
    const count = left.length;
    if (count < acknowledged) throw new Error(`${name} lost ${count + 1} to ${acknowledged}`);
    if (count > acknowledged + 1) throw new Error(`${name} has ${count}, told ${acknowledged}`);
    return { count, isUnknown: count > acknowledged };
  } finally {
    await log.close();
  }
}

async function expectSound(file: string): Promise<void> {
  const log = await openLog(`sqlite:${file}`);
  expect((await log.verify()).fault).toBeNull();
  await log.close();
  const handle = new Database(file, { readonly: true });
  expect(handle.pragma('integrity_check', { simple: true })).toBe('ok');
  handle.close();
}

/** One log, whose two writers are killed and started again until there were so many kills. */
async function killOften(lot: Lot, wanted: number, file: string, manner: string, tally: Tally) {
  const known = new Map([
    ['ada', 0],
    ['bob', 0],
  ]);
  for (let done = 0; done < wanted; done += known.size) {
    const lives = [...known.keys()].map(async (name) => ({
      name,
      printed: await killedWriter(file, [name, manner], lot),
    }));
    for (const { name, printed } of await Promise.all(lives)) {
      const { count, isUnknown } = await appendsOf(file, name, known.get(name) ?? 0, printed);
      known.set(name, count);
      tally.kills++;
      if (printed.length === 0) tally.early++;
      if (isUnknown) tally.unknown++;
    }
    await expectSound(file);
  }
}

it(`${kills} kills`, { timeout: attackTimeoutMs }, async () => {
  await drawn(async (lot, seed) => {
    const tally: Tally = { kills: 0, early: 0, unknown: 0 };
    const logs = Array.from({ length: Math.ceil(kills / killsPerLog) }, (_, n) => `log-${n}.db`);
    const worker = async (own: Lot) => {
      for (let log = logs.pop(); log !== undefined; log = logs.pop()) {
        await killOften(own, killsPerLog, join(folder, log), 'honest', tally);
      }
    };
    await Promise.all(Array.from({ length: logsAtOnce }, () => worker(lotOf(lot.below(2 ** 31)))));
    const { early, unknown } = tally;
    tell(
      `kill -9: ${tally.kills} kills, ${early} before the first append, ${unknown} with an append that was not told of, seed ${seed}`,
    );
    expect(tally.kills).toBe(kills);
  });
});

it('a writer that says it before it has written it is found out', async () => {
  await drawn(async (lot) => {
    const tally: Tally = { kills: 0, early: 0, unknown: 0 };
    await expect(
      killOften(lot, killsOfControl, join(folder, 'lying.db'), 'lying', tally),
    ).rejects.toThrow('lost');
  });
});
