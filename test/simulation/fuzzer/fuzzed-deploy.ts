/** One whole deploy under virtual time, on a world whose answers are spoilt on the way: real runtime, chart, effects and store. */
import { gzipSync } from 'node:zlib';
import type { Repository } from '../../../src/effects/git/repository.ts';
import { createGitHub } from '../../../src/effects/history/github.ts';
import { createHistory } from '../../../src/effects/history/history.ts';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { createHeroku, type Heroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { has, stateOf } from '../../../src/machine/interpret.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { leftBy } from '../../../src/runtime/lock/left-by.ts';
import { hasRun } from '../../../src/runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import { runDeploy } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { actorCalled } from '../../actor.ts';
import { production, staging } from '../apps.ts';
import { targetOf } from '../lane-world.ts';
import { leaseMs } from '../scenario.ts';
import { VirtualTime } from '../virtual-time.ts';
import { ciListLock } from './ci-list-lock.ts';
import type { Commits } from './commits.ts';
import { requestOf } from './request.ts';
import { logShipped } from './shipped-before.ts';
import { type Happening, Stage } from './stage.ts';
import { Truth } from './truth.ts';
import { type Exchange, type Spoilt, Wire } from './wire.ts';
import type { FuzzWorld } from './worlds.ts';

const places = {
  staging: { target: targetOf(staging), timeoutMs: 1_800_000 },
  canary: null,
  production: { target: targetOf(production), timeoutMs: 1_800_000 },
};

export interface FuzzedDeploy {
  readonly state: string;
  /** Of the failure, where there was one. */
  readonly code: string | null;
  readonly violations: readonly string[];
  readonly exchanges: readonly Exchange[];
  /** How many answers were spoilt. */
  readonly spoilt: number;
  readonly writes: number;
}

const startMs = Date.UTC(2026, 0, 5, 9);
const longestMs = 12 * 3_600_000;
const archive = gzipSync(Buffer.alloc(512));

/** Runs deploys one after another on one log, each in a lane of its own. */
export class Fuzzer {
  readonly #commits: Commits;
  readonly #broken: (heroku: Heroku) => Heroku;
  readonly #log: Promise<EventLog>;
  #time = new VirtualTime(startMs);
  #deploys = 0;

  /** @param broken Lockstep's own code, broken on purpose */
  constructor(commits: Commits, broken: (heroku: Heroku) => Heroku = (heroku) => heroku) {
    this.#commits = commits;
    this.#broken = broken;
    this.#log = openLog('sqlite::memory:', {
      now: () => this.#time.now(),
      sleep: (ms, signal) => this.#time.sleep(ms, signal),
    });
  }

  async close(): Promise<void> {
    await (await this.#log).close();
  }

  async run(world: FuzzWorld, spoils: readonly Spoilt[] = []): Promise<FuzzedDeploy> {
    const time = new VirtualTime(startMs);
    this.#time = time;
    this.#deploys += 1;
    const label = String(this.#deploys);
    const stage = new Stage(this.#commits, time, world.generation);
    world.past(stage);
    stage.begin();
    const truth = new Truth(stage, this.#commits.ours);
    const wire = new Wire({
      stage,
      spoils,
      dress: world.dress,
      onWrite: (write) => truth.onWrite(write),
    });
    let done = false;
    const deploy = this.#deploy(world, stage, wire, label).finally(() => {
      done = true;
    });
    // It is awaited below: until then its failure is nobody's surprise.
    deploy.catch(() => {});
    const ended = await time.runUntil(() => done, startMs + longestMs);
    if (!ended) throw new Error(`${world.name}: the deploy never came to an end`);
    const { state, code, events } = await deploy.catch((error: Error) => ({
      state: 'broken',
      code: error.name,
      events: [],
    }));
    truth.atEnd(state, events);
    const violations = [...truth.violations];
    if (state === 'broken') violations.push(`the run broke: ${code}`);
    if (!world.ships && truth.writes > 0 && violations.length === 0)
      violations.push(`production was written where ${world.name}`);
    const { exchanges, spoilt } = wire;
    return { state, code, violations, exchanges, spoilt, writes: truth.writes };
  }

  async #deploy(world: FuzzWorld, stage: Stage, wire: Wire, label: string) {
    const log = await this.#log;
    const { clock } = stage.time;
    const { environment } = stage.sandbox;
    const owner = { run: label, host: 'fuzzed', pid: 1, started: '0', url: null, job: null };
    let ids = 0;
    const newId = () => {
      ids += 1;
      return `${label}-${ids}`;
    };
    const run = { id: label, actor: actorCalled('ci'), ci: null, program: 'fuzzer', owner, newId };
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    const http = createHttpClient({
      transport: wire.transport,
      clock,
      random: () => 0.5,
      beforeWrite: keeper.assertHeld,
      notice: () => {},
    });
    const heroku = createHeroku({
      baseUrl: environment.HEROKU_API_URL ?? '',
      token: environment.HEROKU_API_KEY ?? '',
    });
    const targets = herokuTargets(this.#broken(heroku));
    const history = createHistory({
      repository: shallowClone,
      github: createGitHub({
        baseUrl: environment.GITHUB_API_URL ?? '',
        token: environment.GITHUB_TOKEN ?? '',
      }),
      name: { owner: 'acme', name: 'web' },
      webUrl: null,
    });
    const ports = (signal: AbortSignal): Ports => ({ http, clock, signal, progress: () => {} });
    const services = createServices({
      usualStartMs: async () => null,
      http,
      targets,
      history,
      archive: async () => archive,
      readLane: (name) => readLane(log, name),
      hasRun: (id) => hasRun(log, id),
      killSwitch: () => stage.killSwitch(),
      trust: {
        accepted: new Set(),
        isLogKept: true,
        // What production ran before was this lane's, whatever this log has of it.
        laneOf: async () => requestOf(world, this.#commits.ours, label).lane,
        otherLane: async () => null,
      },
    });
    const lock =
      world.lock !== undefined
        ? ciListLock(world.lock, { sandbox: stage.sandbox, clock: stage.time.clock }, ports)
        : createStoreLock({
            log,
            clock,
            run,
            keeper,
            leaseMs,
            relations: async (base, heads) =>
              heads.map((head) => this.#commits.relation(base, head)),
            quiesce: async ({ deploy, goneForMs }, signal) =>
              quiesce(
                quietOf(places, targets, await leftBy(log, deploy)),
                ports(signal),
                goneForMs,
              ),
          });
    const events: DomainEvent[] = [];
    const happenings = [...(world.meanwhile ?? [])];
    const request = requestOf(world, this.#commits.ours, label);
    if (world.isShipped === true) await logShipped(log, request.lane, stage);
    const { deploy } = await requestDeploy(log, request, run);
    const once = () =>
      runDeploy({
        deploy,
        log,
        clock,
        run,
        keeper,
        leaseMs,
        lock,
        services,
        interrupt: new AbortController().signal,
        progress: () => {},
        recorded: (event) => {
          events.push(event);
          for (const one of happenings.filter(({ when }) => when === event.type)) {
            happenings.splice(happenings.indexOf(one), 1);
            happen(stage, one);
          }
        },
      });
    try {
      let { folded } = await once();
      if (world.resumed === true && has(folded, 'held')) {
        for (const { id } of stage.production.releases) stage.lifted.add(id);
        await resumeDeploy(log, deploy, { run, reason: 'it is mended', madeBy: async () => null });
        ({ folded } = await once());
      }
      const { outcome } = folded.snapshot.context;
      const code = outcome?.type === 'deploy.failed' ? outcome.data.failure.code : null;
      return { state: stateOf(folded), code, events };
    } finally {
      keeper.stop();
    }
  }
}

function happen(stage: Stage, { afterMs, what }: Happening): void {
  if (afterMs === undefined) stage.act(what);
  else void stage.time.sleep(afterMs).then(() => stage.act(what));
}

/** Git cannot tell the order of commits here, so GitHub is asked. */
const shallowClone = {
  relations: async (_: string, heads: readonly string[]) => heads.map(() => 'unknown'),
  commits: async () => {
    throw new Error('this clone is shallow');
  },
  commit: async () => {
    throw new Error('this clone is shallow');
  },
} as unknown as Repository;
