/**
 * How long a deploy takes beside what the vendors themselves take for it, in worlds from quick to slow.
 * The limit is a run that never waits by itself: the vendors' own work, and of the requests only those
 * that need the answer of the one before.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deployStream } from '../src/runtime/log/streams.ts';
import { openLog } from '../src/store/open.ts';
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

/**
 * The critical path, part by part: up to which event, and what the vendors need for it themselves, their own work and the
 * requests that cannot be sent before the one before was answered.
 */
const parts: readonly {
  readonly what: string;
  readonly until: string;
  readonly requests: number;
  readonly work: (world: World) => number;
}[] = [
  part('the process has the lane', 'lock.acquired', 0),
  part('what production runs is read', 'deploy.observed', 1),
  // An upload's address, the upload, the build.
  part('the build is begun', 'staging.submitted', 3),
  part('the build has ended', 'staging.released', 1, ({ build }) => build),
  part('staging is released', 'staging.deployed', 1, ({ release }) => release),
  part('staging’s dynos are up', 'staging.instancesUp', 1, ({ boot }) => boot),
  part('staging is right', 'staging.verified', 0, ({ settle }) => settle),
  part('the gates are read', 'gates.passed', 1),
  part('the promotion is begun', 'production.submitted', 1),
  part('production is released', 'production.deployed', 1, ({ release }) => release),
  part('production’s dynos are up', 'production.instancesUp', 1, ({ boot }) => boot),
  part('production is right', 'production.verified', 0, ({ settle }) => settle),
  part('the last message is told, and the process ends', '', 0),
];

function part(
  what: string,
  until: string,
  requests: number,
  work: (world: World) => number = () => 0,
) {
  return { what, until, requests, work };
}

const limitOfPart = ({ requests, work }: (typeof parts)[number], world: World): number =>
  work(world) + requests * world.latency;

const limitOf = (world: World): number =>
  parts.reduce((sum, one) => sum + limitOfPart(one, world), 0);

/** How long each part of the critical path took, as the log has it. */
async function partsOf(
  stage: BenchStage,
  deploy: string,
  { from, to }: { from: number; to: number },
): Promise<number[]> {
  const log = await openLog(stage.store);
  const events = await log.readStream(deployStream(deploy));
  await log.close();
  let since = from;
  return parts.map(({ until }) => {
    const found = events.find(({ type }) => type === until);
    const at = found === undefined ? to : Date.parse(found.time);
    const took = at - since;
    since = at;
    return took;
  });
}

/** The sandbox is in this process, and has to answer meanwhile. */
const started = promisify(execFile);

/** @throws Error with what the loop printed when it does not end with 0 */
async function byLoop(stage: BenchStage, commit: string): Promise<void> {
  const { staging, production } = stage.sandbox.urls;
  const args = [join(import.meta.dirname, 'deploy-loop.sh'), commit, staging, production];
  await started('bash', args, { cwd: stage.repository, env: stage.environment, timeout: 300_000 });
}

const uncounted = 2;

async function figuresOf(world: World, times: number): Promise<Figure[]> {
  const { latency, build, release, boot, settle, name } = world;
  const timing = { buildMs: build, releasePhaseMs: release, promotionMs: 0, dynoBootMs: boot };
  const stage = await BenchStage.set({ latencyMs: latency, timing }, settle);
  try {
    for (const app of ['acme-staging', 'acme-production']) {
      const seen = stage.sandbox.world.app(app);
      if (seen !== undefined && release > 0) seen.releasePhase = 'rake db:migrate';
    }
    // The first finds a production that never had code, and the next that nobody knows how long anything takes: not counted.
    for (let deploy = 1; deploy <= uncounted; deploy++) {
      await stage.advance(deploy, stage.commit(`Change ${deploy}`));
    }
    const [ms, first, requests]: [number[], number[], number[]] = [[], [], []];
    const profile: number[][] = [];
    for (let deploy = uncounted + 1; deploy <= uncounted + times; deploy++) {
      const commit = stage.commit(`Change ${deploy}`);
      const before = stage.sandbox.requests().length;
      const startedAt = Date.now();
      ms.push((await stage.advance(deploy, commit)).ms);
      requests.push(stage.sandbox.requests().length - before);
      // The sandbox takes the latency before it notes a request down.
      first.push((stage.sandbox.requests()[before]?.at ?? Number.NaN) - startedAt - latency);
      const between = { from: startedAt, to: Date.now() };
      profile.push(await partsOf(stage, `${deploy}-${commit.slice(0, 8)}`, between));
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
      ...(world.goal === null
        ? []
        : parts.map(
            (one, at): Figure => ({
              what: `until ${one.what}, ${name}`,
              unit: 'ms',
              measured: median(profile.map((took) => took[at] ?? Number.NaN)),
              against: { what: against.what, measured: limitOfPart(one, world) },
              goal: null,
            }),
          )),
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
    'A whole `advance` of a built commit to a verified production, beside what a run would take that never waits by itself: the vendors’ own work and the requests that need the answer of the one before; and beside a loop of bash and curl that asks every second, and knows no lock, no gate and no log. The rows that begin with “until” are one deploy, part by part, each from the end of the one above; it is the third of its lane, which knows by then how long dynos take.',
  missed:
    'the parts say where. Before its first request a process is at work nearly all the time. Of a profile up to there, four tenths are loading the program, a tenth git (three quarters of that is starting its six processes, which holds up whoever starts them), a thirteenth the log, which is opened and given the request and the lane’s grant, an eighteenth reading the configuration, a twenty-fifth clearing memory, and the rest what each part does when it is first called. Less than a thirtieth is waiting, so little is won by doing two of these at once: only less code, and fewer processes, would be. What production runs is asked in three requests side by side, for the lane knows what it shipped there last, and beside them whether anything can be promoted there. A build is looked for before it is asked for, and a promotion before its gates are read anew, each a request that the next one waits for: what is there already is neither cleared nor made again, and nothing is asked between the gates and the write. After a build, or a promotion, the release is a request of its own before its phase is followed. A check goes on from the look that ended the wait: the endpoints, one look more where dynos have to stay up for no longer than that, and a reading of what runs. Those three are one after another, for what is called verified was looked at last, however long the look before it took. Of 45 requests with an API of 50 ms, seven tell what production runs and that it can be promoted to, four ask for the build, two follow it (its output, from the answer to the request on, and what became of it), seven two releases, six wait for dynos (the first look at once, for nobody knows that they are not up already, as a program’s are), two ask endpoints, four look at dynos in a check and four at what runs after it, four read the gates twice, one looks for the promotion, one asks for it, one follows it, and two are Slack’s, which is told in one message what comes within five seconds, and by itself whatever ends a deploy. Of which commit the slug is that production runs is asked once where the log says the same. Where steps last minutes there are more: Slack is told five times more, a build’s output is listened to for twenty seconds at a time, with a look at the build after each, and where dynos have to stay up for ten seconds, each environment is looked at twice more, two requests each time (how many are wanted is read at each look), and its endpoint is asked once more at the end.',
  run,
};
