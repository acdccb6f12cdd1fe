/**
 * How long a deploy takes beside what the vendors themselves take for it, in worlds from quick to slow.
 * The limit is a run that never waits by itself: the vendors' own work, and of the requests only those
 * that need the answer of the one before.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type Figure, type Goal, median, type Size } from './bench.ts';
import { BenchStage } from './stage.ts';

/** Milliseconds. `settle` is how long the configuration wants dynos to stay up. */
interface World {
  readonly name: string;
  readonly latency: number;
  readonly build: number;
  readonly release: number;
  readonly boot: number;
  readonly settle: number;
  /** How many times the vendors' own time a deploy may take; null: that is next to nothing. */
  readonly goal: Goal | null;
}

const quickWorlds: readonly World[] = [
  { name: 'no latency', latency: 0, build: 0, release: 0, boot: 0, settle: 1, goal: null },
  {
    name: 'API 50 ms, build 3 s',
    ...{ latency: 50, build: 3_000, release: 500, boot: 1_000, settle: 1, goal: { times: 1.05 } },
  },
];
const slowWorld: World = {
  name: 'API 150 ms, build 60 s',
  ...{
    latency: 150,
    build: 60_000,
    release: 5_000,
    boot: 10_000,
    settle: 10_000,
    goal: { times: 1.02 },
  },
};

/** The requests of a deploy that cannot be sent before the one above was answered. */
const chain = [
  'what production runs',
  'an upload’s address',
  'the upload',
  'the build is begun',
  'the build has ended',
  'staging is released',
  'staging’s dynos are up',
  'the gates are read',
  'the promotion is begun',
  'production is released',
  'production’s dynos are up',
];

/** A release phase, dynos that boot and stay up: once for staging, once for production. */
function limitOf({ latency, build, release, boot, settle }: World): number {
  return build + 2 * (release + boot + settle) + chain.length * latency;
}

/** The sandbox is in this process, and has to answer meanwhile. */
const started = promisify(execFile);

/** @throws Error with what the loop printed when it does not end with 0 */
async function byLoop(stage: BenchStage, commit: string): Promise<void> {
  const { staging, production } = stage.sandbox.urls;
  const args = [join(import.meta.dirname, 'deploy-loop.sh'), commit, staging, production];
  await started('bash', args, { cwd: stage.repository, env: stage.environment, timeout: 300_000 });
}

async function figuresOf(world: World, times: number): Promise<Figure[]> {
  const { latency, build, release, boot, settle, name } = world;
  const timing = { buildMs: build, releasePhaseMs: release, promotionMs: 0, dynoBootMs: boot };
  const stage = await BenchStage.set({ latencyMs: latency, timing }, settle);
  try {
    // The first finds a production that never had code, and is not counted.
    await stage.advance(1, stage.commit('Change 1'));
    const [ms, first, requests]: [number[], number[], number[]] = [[], [], []];
    for (let deploy = 2; deploy <= times + 1; deploy++) {
      const commit = stage.commit(`Change ${deploy}`);
      const before = stage.sandbox.requests().length;
      const startedAt = Date.now();
      ms.push((await stage.advance(deploy, commit)).ms);
      requests.push(stage.sandbox.requests().length - before);
      first.push((stage.sandbox.requests()[before]?.at ?? Number.NaN) - startedAt);
    }
    const against = { what: 'the vendors’ own time', measured: limitOf(world) };
    const loop: number[] = [];
    for (let round = 1; round <= times; round++) {
      const commit = stage.commit(`By the loop ${round}`);
      const startedAt = performance.now();
      await byLoop(stage, commit);
      loop.push(performance.now() - startedAt);
    }
    const ofLoop = { what: 'a loop of bash and curl', measured: median(loop) };
    const [own, toFirst] = [`a deploy, ${name}`, `its first request, ${name}`];
    return [
      ...(world.goal === null
        ? []
        : [{ what: own, unit: 'ms' as const, measured: median(ms), against, goal: world.goal }]),
      { what: own, unit: 'ms', measured: median(ms), against: ofLoop, goal: null },
      { what: toFirst, unit: 'ms', measured: median(first), against: null, goal: { most: 150 } },
      {
        what: own,
        unit: 'requests',
        measured: median(requests),
        against: null,
        goal: { most: 45 },
      },
    ];
  } finally {
    await stage.strike();
  }
}

async function run({ quick }: Size): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const world of quick ? quickWorlds : [...quickWorlds, slowWorld]) {
    // The slow one is the vendors' own time all but for a little: it hardly varies.
    figures.push(...(await figuresOf(world, quick || world === slowWorld ? 1 : 3)));
  }
  return figures;
}

export const bench: Bench = {
  about:
    'A whole `advance` of a built commit to a verified production, beside what a run would take that never waits by itself: the vendors’ own work and the requests that need the answer of the one before; and beside a loop of bash and curl that asks every second, and knows no lock, no gate and no log.',
  missed:
    'before its first request a process loads the program, asks git about the commit, opens the log and takes the lane. Of the requests, each look at dynos is two (how many are wanted, and which are up), what production runs is read at the gates and again right before the write, since it may have changed, and each step is told to Slack by itself. The time that is left over is such requests that wait for one another, and the pauses between two looks.',
  run,
};
