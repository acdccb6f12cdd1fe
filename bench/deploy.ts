/**
 * How long a deploy takes beside what the vendors themselves take for it, in worlds from quick to slow.
 * The limit is a run that never waits by itself: the vendors' own work, and of the requests only those
 * that need the answer of the one before. `node bench/deploy.ts [TIMES] [WORLD]`
 */
import { performance } from 'node:perf_hooks';
import { BenchStage } from './stage.ts';

const times = Number(process.argv[2] ?? 3);
const only = process.argv[3];

/** Milliseconds. `settle` is how long the configuration wants dynos to stay up. */
interface World {
  readonly latency: number;
  readonly build: number;
  readonly release: number;
  readonly boot: number;
  readonly settle: number;
}

const worlds: Readonly<Record<string, World>> = {
  'no latency': { latency: 0, build: 0, release: 0, boot: 0, settle: 1 },
  'API 50 ms, build 3 s': { latency: 50, build: 3_000, release: 500, boot: 1_000, settle: 1 },
  'API 150 ms, build 60 s': {
    latency: 150,
    build: 60_000,
    release: 5_000,
    boot: 10_000,
    settle: 10_000,
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

interface Run {
  readonly ms: number;
  /** From the start of the process to its first request to a vendor. */
  readonly firstRequestMs: number;
  readonly requests: Readonly<Record<string, number>>;
}

async function deploys(world: World): Promise<Run[]> {
  const timing = {
    buildMs: world.build,
    releasePhaseMs: world.release,
    promotionMs: 0,
    dynoBootMs: world.boot,
  };
  const stage = await BenchStage.set({ latencyMs: world.latency, timing }, world.settle);
  try {
    const runs: Run[] = [];
    // The first finds a production that never had code, and is not counted.
    for (let build = 1; build <= times + 1; build++) {
      runs.push(await deploy(stage, build, stage.commit(`Change ${build}`)));
    }
    return runs.slice(1);
  } finally {
    await stage.strike();
  }
}

async function deploy(stage: BenchStage, build: number, commit: string): Promise<Run> {
  const before = stage.sandbox.requests().length;
  const startedAt = Date.now();
  const from = performance.now();
  await stage.advance(build, commit);
  const ms = performance.now() - from;
  const asked = stage.sandbox.requests().slice(before);
  const requests: Record<string, number> = {};
  for (const { service } of asked) requests[service] = (requests[service] ?? 0) + 1;
  return { ms, firstRequestMs: (asked[0]?.at ?? 0) - startedAt, requests };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

for (const [name, world] of Object.entries(worlds)) {
  if (only !== undefined && name !== only) continue;
  const runs = await deploys(world);
  const ms = median(runs.map((run) => run.ms));
  const limit = limitOf(world);
  const { requests } = runs.at(-1) ?? { requests: {} };
  const sum = Object.values<number>(requests).reduce((total, n) => total + n, 0);
  const each = Object.entries(requests).map(([service, n]) => `${service} ${n}`);
  const ratio = limit < 1_000 ? '' : `, ${(ms / limit).toFixed(3)} of the limit’s ${limit} ms`;
  process.stdout.write(
    `${name}: ${ms.toFixed(0)} ms${ratio}; first request after ${median(runs.map((run) => run.firstRequestMs))} ms; ${sum} requests (${each.join(', ')})\n`,
  );
}
