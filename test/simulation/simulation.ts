/**
 * The whole of Lockstep in one process under virtual time: the real runtime, chart, effects and
 * store; only the clock and the vendors are stand-ins. Runs a scenario to its end and holds the
 * world to what must never happen.
 */
import type { CiJob } from '../../src/effects/ci/jobs.ts';
import type { Clock } from '../../src/effects/clock.ts';
import type { History } from '../../src/effects/history/history.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import type { Transport } from '../../src/effects/http/request.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { createHeroku } from '../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../src/effects/targets/heroku/target.ts';
import type { Targets } from '../../src/effects/targets/target.ts';
import { UsageError } from '../../src/errors/error.ts';
import type {
  DeployRequest,
  Distrust,
  DomainEvent,
  Environment,
  EnvironmentName,
} from '../../src/machine/events.ts';
import { type ProtectedSettings, protectedOf } from '../../src/machine/protected-settings.ts';
import { type DeployRow, deploysProjection, readDeploys } from '../../src/runtime/audit/deploys.ts';
import { laneOfDeploy, otherLaneOf } from '../../src/runtime/gates/trust.ts';
import type { Run } from '../../src/runtime/identity.ts';
import { breakLock, switchLane } from '../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper, Lapsed, Overtaken } from '../../src/runtime/lock/lease-keeper.ts';
import { createLiveness, type Liveness } from '../../src/runtime/lock/liveness.ts';
import { quiesce, quietOf } from '../../src/runtime/lock/quiesce.ts';
import { createStoreLock } from '../../src/runtime/lock/store-lock.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../src/runtime/loop/request.ts';
import { resumeDeploy } from '../../src/runtime/loop/resume.ts';
import { runDeploy, type ServiceTable } from '../../src/runtime/loop/run.ts';
import { createServices } from '../../src/runtime/loop/service-table.ts';
import { type EventLog, type RecordedEvent, StoreUnavailable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { actorCalled } from '../actor.ts';
import { Ends } from './ends.ts';
import { Explained } from './explained.ts';
import { Fences } from './fences.ts';
import { type Figures, Invariants } from './invariants.ts';
import {
  type AppName,
  archive,
  canary,
  LaneWorld,
  production,
  staging,
  targetOf,
  type WireFault,
} from './lane-world.ts';
import type { Mutation } from './mutations.ts';
import { oddAnswers } from './odd-answers.ts';
import { actsAtHeroku, pushToCanary, rollBack, setConfig } from './people.ts';
import { seededRandom } from './random.ts';
import { changesOfRules, isRulesAct, type Rules } from './rules.ts';
import {
  type AfterUp,
  type BuildPlan,
  type CanaryPlan,
  type CanaryTrouble,
  leaseMs,
  type PersonPlan,
  type Scenario,
} from './scenario.ts';
import { type Fate, type Happened, SimulatedProcess } from './simulated-process.ts';
import { timedLog } from './timed-log.ts';
import { VirtualTime } from './virtual-time.ts';

const startMs = Date.UTC(2026, 0, 5, 9);
const place = (app: string) => ({ target: targetOf(app), timeoutMs: 1_800_000 });
const longestMs = 48 * 3_600_000;
const immortal: Fate = { killAt: null, pause: null };
/** CI runs a job that died again, after a while. */
const rerunMs = 7_000;
const runsMax = 12;

export interface Outcome {
  readonly violations: readonly string[];
  readonly figures: Figures;
  /** How many reads Heroku was sent. */
  readonly reads: number;
  /** Of each process, in the order in which they began: how many gates it passed, how often it called the log. */
  readonly runs: readonly { readonly crossings: number; readonly storeCalls: number }[];
  /** Of all processes: what befell them, and at which of their awaits. */
  readonly happened: readonly Happened[];
}

export interface SimulateOptions {
  /** What is broken on purpose. */
  readonly mutation?: Mutation;
  /** Whether of each commit it is asked why it shipped or did not. */
  readonly explained?: boolean;
  /** Stands between a deploy and what carries its steps out: for whoever looks at the world meanwhile. */
  readonly watch?: (services: ServiceTable, of: { deploy: string; log: EventLog }) => ServiceTable;
  /** Told every event of the log at the end, for whoever looks into a failing seed. */
  readonly trace?: (line: string) => void;
  /** Opens the log, on a clock that may be wrong; left out, it is SQLite's in memory. */
  readonly openLog?: (time: VirtualTime, now: () => number) => Promise<EventLog>;
}

export async function simulate(
  scenario: Scenario,
  { mutation = {}, trace, explained = false, openLog = inMemory, watch }: SimulateOptions = {},
): Promise<Outcome> {
  const time = new VirtualTime(startMs);
  const logClock = { aheadMs: 0 };
  const log = await openLog(time, () => time.now() + logClock.aheadMs);
  const watched = {
    trace: trace ?? null,
    services: watch ?? ((services: ServiceTable) => services),
  };
  const simulation = new Simulation(scenario, mutation, { time, log, logClock }, watched);
  return simulation.run(explained);
}

const inMemory = ({ sleep }: VirtualTime, now: () => number): Promise<EventLog> =>
  openLog('sqlite::memory:', { projections: [deploysProjection], now, sleep });

interface Job {
  readonly label: string;
  readonly lane: LaneWorld;
  readonly commit: string;
  /** What the commit's configuration says. */
  readonly rules: Rules;
}

interface Watched {
  readonly trace: ((line: string) => void) | null;
  readonly services: NonNullable<SimulateOptions['watch']>;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #mutation: Mutation;
  readonly #time: VirtualTime;
  readonly #log: EventLog;
  /** How far the log's clock is ahead of the world's. */
  readonly #logClock: { aheadMs: number };
  readonly #lanes: LaneWorld[];
  readonly #invariants: Invariants;
  readonly #ends: Ends;
  readonly #explained = new Explained();
  readonly #random: () => number;
  readonly #trace: Watched['trace'];
  readonly #watch: Watched['services'];
  readonly #alive = new Map<string, SimulatedProcess>();
  readonly #jobs: Job[] = [];
  readonly #processes: SimulatedProcess[] = [];
  readonly #under = new Set<Promise<void>>();
  /** What is still to come after dynos are up, in turn. */
  readonly #afterUp: (AfterUp | null)[];
  readonly #canary: CanaryPlan | null;
  readonly #afterCanaryUp: CanaryPlan['afterUp'][number][];
  #ids = 0;

  constructor(
    scenario: Scenario,
    mutation: Mutation,
    { time, log, logClock }: { time: VirtualTime; log: EventLog; logClock: { aheadMs: number } },
    { trace, services }: Watched,
  ) {
    this.#trace = trace;
    this.#watch = services;
    this.#logClock = logClock;
    this.#scenario = scenario;
    this.#afterUp = [...(scenario.afterUp ?? [])];
    this.#canary = scenario.canary ?? null;
    this.#afterCanaryUp = [...(this.#canary?.afterUp ?? [])];
    this.#mutation = mutation;
    this.#time = time;
    const fences = new Fences({
      isRun: (run) => this.#alive.has(run),
      check: (holds, what) => this.#invariants.check(holds, what),
    });
    const timed = timedLog(fences.watch(mutation.store?.(log) ?? log), time, this.#onWritten);
    this.#log = timed.log;
    this.#lanes = Array.from(
      { length: scenario.lanes },
      (_, i) => new LaneWorld(`lane-${i}`, time, scenario),
    );
    for (const lane of this.#lanes) lane.outage = scenario.outage;
    this.#invariants = new Invariants(timed, time, scenario);
    this.#ends = new Ends(scenario);
    this.#random = seededRandom(scenario.faults.seed);
  }

  async run(explained: boolean): Promise<Outcome> {
    const plans = [this.#builds(), this.#people(), this.#breaks(), this.#setLogClock()];
    const all = Promise.all(plans).then(() => this.#drain());
    let ended = false;
    let failure: unknown = null;
    all.then(
      () => {
        ended = true;
      },
      (error: unknown) => {
        ended = true;
        failure = error;
      },
    );
    const inTime = await this.#time.runUntil(() => ended, startMs + longestMs);
    if (failure !== null) throw failure;
    if (!inTime) this.#invariants.violated('some job never came to an end');
    if (this.#trace !== null) await this.#tellStory(this.#trace);
    await this.#invariants.atEnd(this.#lanes, inTime);
    if (explained) await this.#explain();
    await this.#log.close();
    const runs = this.#processes.map(({ crossings, storeCalls }) => ({ crossings, storeCalls }));
    const reads = this.#lanes.reduce((sum, lane) => sum + lane.reads, 0);
    const { violations, figures } = this.#invariants;
    const happened = this.#processes.flatMap((process) => process.happened);
    return { violations, figures, reads, runs, happened };
  }

  async #explain(): Promise<void> {
    for (const lane of this.#lanes) {
      for (const why of await this.#explained.wrong(this.#log, lane)) {
        this.#invariants.violated(`explained wrongly ${why}`);
      }
    }
    this.#invariants.figures.explained += this.#explained.answers;
  }

  async #tellStory(trace: (line: string) => void): Promise<void> {
    for (const { time, stream, type, data } of await this.#log.readAll({ limit: 10_000 })) {
      trace(`${time.slice(11, 19)} ${stream} ${type} ${JSON.stringify(data).slice(0, 160)}`);
    }
  }

  async #drain(): Promise<void> {
    while (this.#under.size > 0) await Promise.all([...this.#under]);
  }

  #spawn(work: Promise<void>): void {
    this.#under.add(work);
    work.then(
      () => this.#under.delete(work),
      (error: unknown) => {
        this.#under.delete(work);
        this.#invariants.violated(`a job broke: ${error instanceof Error ? error.stack : error}`);
      },
    );
  }

  async #builds(): Promise<void> {
    let label = 500;
    for (const plan of this.#scenario.builds) {
      await this.#time.sleep(plan.afterMs);
      label += 1;
      const job = this.#jobOf(plan, String(label));
      this.#jobs.push(job);
      this.#invariants.figures.builds += 1;
      this.#spawn(this.#ci(job, plan.fates));
    }
  }

  #jobOf({ kind, lane: index }: BuildPlan, label: string): Job {
    const lane = this.#lane(index);
    const earlier = this.#jobs.filter((job) => job.lane === lane);
    const before = earlier.at(Math.floor(earlier.length / 2));
    if (kind === 'rerun' && before !== undefined) return before;
    if (kind === 'old-commit' && before !== undefined) return { ...before, label };
    if (kind === 'same-commit') return { label, lane, commit: lane.tip, rules: lane.rules.now };
    const base = kind === 'force-push' ? (before?.commit ?? lane.tip) : lane.tip;
    lane.tip = lane.graph.commit(base);
    return { label, lane, commit: lane.tip, rules: lane.rules.now };
  }

  #lane(index: number): LaneWorld {
    return this.#lanes[index % this.#lanes.length] as LaneWorld;
  }

  /** CI's part: runs the same command again when its process died or was overtaken. */
  async #ci(job: Job, fates: readonly Fate[]): Promise<void> {
    for (let attempt = 0; attempt < runsMax; attempt++) {
      const ended = await this.#oneRun(
        fates[attempt] ?? immortal,
        async (log, run) => {
          const { deploy } = await requestDeploy(log, this.#wanted(job), run);
          job.lane.rules.asked(deploy, job.rules);
          this.#explained.asked(deploy, job.rules.lane, job.commit);
          return deploy;
        },
        job,
      );
      if (ended === 'over') return;
      await this.#time.sleep(rerunMs);
    }
    this.#invariants.violated(
      `build ${job.label} was run ${runsMax} times without coming to an end`,
    );
  }

  #wanted({ label, commit, rules }: Omit<Job, 'lane'>): Omit<DeployRequest, 'deploy' | 'chart'> {
    const verify = (service: EnvironmentName) => ({
      instances: { timeoutMs: 600_000, settleMs: rules.settleMs },
      waive: [],
      endpoints: [rules.successes]
        .filter((successes) => successes > 0)
        .map((successes) => ({
          url: `https://${service}.sandbox.test/`,
          status: 200,
          timeoutMs: 120_000,
          successes,
          body: null,
          header: null,
          revision: this.#scenario.withoutRevision === true ? null : { header: 'x-revision' },
        })),
    });
    const environment = (
      name: EnvironmentName,
      app: string,
      submits: 'artifact' | 'commit',
      bakeMs = 0,
    ): Environment => ({
      ...place(app),
      submits,
      shares: null,
      bakeMs,
      verify: verify(name),
    });
    const later = this.#scenario.production ?? 'artifact';
    const plan = this.#canary;
    const isFirst = plan?.place === 'in-staging’s-place';
    return {
      lane: rules.lane,
      branch: 'master',
      commit: { sha: commit, title: `Build ${label}`, author: 'Ana' },
      build: { provider: 'circleci', label, attempt: 1, job: 'deploy', workflow: null, url: null },
      settings: {
        stacking: this.#scenario.stacking,
        lock: { provider: 'store', timeoutMs: 6 * 3_600_000, leaseMs },
        store: null,
        repository: null,
        staging: isFirst ? null : environment('staging', staging, 'commit'),
        canary:
          plan === null
            ? null
            : environment('canary', canary, isFirst ? 'commit' : later, plan.bakeMs),
        production: environment('production', production, later),
        gates: { rollback: 'hold', killSwitch: rules.killSwitch, stuckExit: 1 },
      },
      override: null,
    };
  }

  #newId = (): string => {
    this.#ids += 1;
    return idOf(this.#ids);
  };

  #newRun(actor: string): Run {
    const id = this.#newId();
    const job: CiJob = { ci: 'circleci', project: 'gh/acme/web', number: String(this.#ids) };
    const owner = { run: id, host: 'simulated', pid: this.#ids, started: '0', url: null, job };
    return {
      id,
      actor: actorCalled(actor),
      ci: null,
      program: 'simulation',
      owner,
      newId: this.#newId,
    };
  }

  /** One process from start to end, or to its death. */
  async #oneRun(
    fate: Fate,
    choose: (log: EventLog, run: Run) => Promise<string>,
    { lane, commit }: Pick<Job, 'lane' | 'commit'>,
  ): Promise<'over' | 'again'> {
    const process = new SimulatedProcess(this.#time, fate);
    const run = this.#newRun('ci');
    this.#alive.set(run.id, process);
    this.#invariants.figures.runs += 1;
    this.#processes.push(process);
    const work = this.#process(process, run, choose, lane, commit).then(
      () => 'over' as const,
      (error: unknown) => {
        const known = [Overtaken, Lapsed, StoreUnavailable].some((kind) => error instanceof kind);
        if (!known) throw error;
        this.#invariants.figures.overtaken += 1;
        return 'again' as const;
      },
    );
    const death = process.onDeath.then(() => 'killed' as const);
    const ended = await Promise.race([work, death]);
    process.kill();
    if (ended !== 'killed') return ended;
    this.#invariants.figures.kills += 1;
    return 'again';
  }

  async #process(
    process: SimulatedProcess,
    run: Run,
    choose: (log: EventLog, run: Run) => Promise<string>,
    lane: LaneWorld,
    commit: string,
  ): Promise<void> {
    const real = this.#mutation.log?.(this.#log) ?? this.#log;
    const log = process.log(real);
    const clock = process.clock();
    const deploy = await choose(log, run);
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    const fault = (): WireFault => {
      const what = this.#fault();
      if (what !== 'none') process.befell('faults');
      return what;
    };
    const carried = lane.transport(deploy, fault, (write) =>
      this.#invariants.onWrite(write, { lane, commit }),
    );
    const transport = oddAnswers(carried, { isDue: this.#isOdd, random: this.#random });
    const http = createHttpClient({
      transport: process.transport(this.#mutation.blind === true ? blind(transport) : transport),
      clock,
      random: this.#random,
      beforeWrite: keeper.assertHeld,
      notice: () => {},
    });
    const { environment } = lane.sandbox;
    const realHeroku = createHeroku({
      baseUrl: environment.HEROKU_API_URL ?? '',
      token: environment.HEROKU_API_KEY ?? '',
    });
    const targets = herokuTargets(this.#mutation.heroku?.(realHeroku) ?? realHeroku);
    const wanted = this.#wanted({ label: '', commit, rules: lane.rules.of(deploy) });
    const history: History = {
      relation: async (base, head) => lane.graph.relation(base, head),
      notes: async (base, head) => lane.graph.notes(base, head),
      fullId: async (named) => lane.graph.fullId(named),
    };
    const unbroken = createServices({
      http,
      targets,
      history,
      archive: async () => archive,
      readLane: (name) => readLane(log, name),
      killSwitch: (name) => lane.killSwitch(name),
      trust: {
        accepted: new Set(lane.rules.trust),
        isLogKept: this.#mutation.forgetful !== true,
        laneOf: (deploy) => laneOfDeploy(log, deploy),
        otherLane: async (name, target) =>
          lane.rules.lanes.size < 2 ? null : otherLaneOf(ofOneWorld(log, lane), name, target),
      },
    });
    const services = this.#mutation.staleGates
      ? staleGates(unbroken, targets, http, lane, protectedOf(wanted))
      : (this.#mutation.services?.(unbroken) ?? unbroken);
    const ports = (signal: AbortSignal): Ports => ({ http, clock, signal, progress: () => {} });
    const liveness = this.#liveness(clock);
    const lock = createStoreLock({
      log,
      clock,
      run,
      keeper,
      leaseMs,
      relations: async (base, heads) => heads.map((head) => lane.graph.relation(base, head)),
      quiesce: async (signal) => {
        if (this.#mutation.restless !== true)
          await quiesce(quietOf(wanted.settings, targets), ports(signal));
      },
      liveness,
    });
    try {
      await runDeploy({
        deploy,
        log,
        clock,
        run,
        keeper,
        leaseMs,
        lock: this.#mutation.lock?.(lock) ?? lock,
        services: this.#watch(services, { deploy, log: this.#log }),
        interrupt: new AbortController().signal,
        progress: () => {},
        recorded: (event) => {
          this.#invariants.figures.events += 1;
          this.#onEvent(event, deploy, lane);
        },
        liveness,
      });
    } finally {
      keeper.stop();
    }
  }

  #onEvent({ type, data }: DomainEvent, deploy: string, lane: LaneWorld): void {
    const [name, what] = type.split('.') as [EnvironmentName, string];
    if (what === 'verified' && 'release' in data) {
      const { id } = data.release as { id: string };
      this.#invariants.onVerified(lane, deploy, `acme-${name}` as AppName, id);
    }
    if (what !== 'instancesUp') return;
    if (name === 'canary') {
      const trouble = this.#afterCanaryUp.shift() ?? null;
      if (trouble !== null) this.#spawn(this.#whileWatched({ ...trouble, app: name }, lane));
      return;
    }
    const plan = this.#afterUp.shift() ?? null;
    if (plan?.app === name) this.#spawn(this.#whileWatched(plan, lane));
  }

  /** Of whichever process, also of one that dies before it hears that its event was written. */
  #onWritten = (event: RecordedEvent, at: number): void => {
    this.#ends.laneEvent(event, at);
    const deploy = /^deploy\/(.*)$/.exec(event.stream)?.[1];
    const lane = this.#lanes.find(({ rules }) => deploy !== undefined && rules.has(deploy));
    if (deploy === undefined || lane === undefined) return;
    lane.rules.happened(deploy, event, at);
    this.#explained.happened(deploy, event);
    const commit = this.#jobs.find(({ label }) => deploy.startsWith(`${label}-`))?.commit ?? '';
    const untrue = this.#ends.untrue(lane, commit, event, at);
    this.#invariants.check(untrue === null, () => `${deploy} ${untrue}`);
    const { settled, to } = (event.metadata.transition ?? {}) as { settled?: boolean; to?: string };
    if (to === 'production.live') this.#invariants.onLive(lane.rules.of(deploy).lane, commit);
    if (settled === true && to !== 'production.live' && !saysThatItIsLeft(event)) {
      this.#invariants.onEnded(lane, deploy);
    }
    if (failureCodeOf(event) === 'E_NOTHING_TO_RESTORE') {
      this.#invariants.onNothingToRestore(lane, deploy);
    }
    if (event.type === 'production.disabled' && event.data.switch === 'settings') {
      this.#invariants.onHeldForSettings(lane, deploy);
    }
  };

  async #whileWatched({ afterMs, what, app: name }: Trouble, lane: LaneWorld): Promise<void> {
    await this.#time.sleep(afterMs);
    const { control } = lane.sandbox;
    const app = `acme-${name}`;
    if (what === 'crash') control.crashDyno({ app });
    if (what === 'restart') control.restartDyno({ app });
    if (what === 'rollback') rollBack(lane, app);
    if (what === 'config') setConfig(lane, app, { B: String(this.#time.now()) });
    if (what === 'endpoint') control.endpointDown({ app, forMs: 150_000 });
    if (what === 'push') pushToCanary(lane);
  }

  /** A third of the dead are known to be dead by their host, a third by their CI, and of a third nothing is known. */
  #liveness(clock: Clock): Liveness {
    const dead = (run: unknown): boolean => this.#alive.get(String(run))?.dead === true;
    const knownBy = (run: unknown): 'host' | 'ci' | 'nobody' =>
      (['host', 'ci', 'nobody'] as const)[String(run).charCodeAt(35) % 3] ?? 'nobody';
    return createLiveness({
      clock,
      local: {
        whyDead: ({ run }) => (knownBy(run) === 'host' && dead(run) ? 'its process is gone' : null),
        ask: async () => false,
      },
      endingOf: async (job) => {
        const run = job.ci === 'circleci' ? idOf(Number(job.number)) : null;
        return knownBy(run) === 'ci' && dead(run) ? 'CI says that its job ended' : null;
      },
    });
  }

  #fault = (): WireFault => {
    if (this.#random() * 1_000 >= this.#scenario.faults.perMille) return 'none';
    this.#invariants.figures.faults += 1;
    const kinds: readonly WireFault[] = ['reset', 'lost-reply', 'status-503', 'rate-limit'];
    return kinds[Math.floor(this.#random() * kinds.length)] ?? 'reset';
  };

  /** Whether a vendor's answer is spoilt. */
  #isOdd = (): boolean => {
    const { oddPerMille = 0 } = this.#scenario.faults;
    if (oddPerMille === 0 || this.#random() * 1_000 >= oddPerMille) return false;
    this.#invariants.figures.oddAnswers += 1;
    return true;
  };

  async #people(): Promise<void> {
    const plans = [...this.#scenario.people].sort((a, b) => a.atMs - b.atMs);
    for (const plan of plans) {
      await this.#time.sleep(Math.max(0, startMs + plan.atMs - this.#time.now()));
      await this.#person(plan).catch((error: unknown) =>
        this.#invariants.violated(`a person could not ${plan.act}: ${error}`),
      );
    }
  }

  async #person({ act, lane: index }: PersonPlan): Promise<void> {
    const lane = this.#lane(index);
    const run = this.#newRun('ana');
    const log = this.#log;
    switch (act) {
      case 'switch-off':
      case 'switch-on':
        return lane.turnSwitch(act === 'switch-on');
      case 'disable':
      case 'enable':
        await switchLane(log, lane.rules.now.lane, `${act}d`, run, 'simulated');
        return;
      case 'unlock':
        await breakLock(log, lane.rules.now.lane, run, 'simulated').catch(ignoreUsage);
        return;
      case 'resume':
        return this.#resume(lane, run);
      case 'trust':
        return this.#trust(lane);
      default:
        if (isRulesAct(act)) lane.rules.now = changesOfRules[act](lane.rules.now, lane.name);
        else actsAtHeroku[act](lane, this.#time.now());
    }
  }

  async #resume(lane: LaneWorld, run: Run): Promise<void> {
    const held = (await this.#heldOf(lane))[0];
    if (held === undefined) return;
    // What the person reads before the order is what they accept.
    const distrust = await this.#distrustOf(held.deploy);
    const refused = await resumeDeploy(this.#log, held.deploy, run, 'simulated').then(
      () => false,
      (error: unknown) => ignoreUsage(error) === undefined,
    );
    if (distrust !== null && !refused) lane.rules.accept(held.deploy, distrust.about);
    this.#spawn(this.#again(held.deploy, lane, held.commit));
  }

  /** PIPELINE_TRUST, for processes that begin from now on. */
  async #trust(lane: LaneWorld): Promise<void> {
    for (const { deploy } of await this.#heldOf(lane)) {
      const distrust = await this.#distrustOf(deploy);
      if (distrust === null) continue;
      lane.rules.trust.add(distrust.digest);
      lane.rules.accept(deploy, distrust.about);
    }
  }

  /** The newest first. */
  async #heldOf(lane: LaneWorld): Promise<DeployRow[]> {
    const rows = await readDeploys(this.#log, { limit: 100 });
    return rows.filter(
      ({ deploy, state }) =>
        lane.rules.has(deploy) && (state === 'blockedByRollback' || state === 'disabled'),
    );
  }

  /** What a deploy is held for that a person can accept; null: nothing. */
  async #distrustOf(deploy: string): Promise<Distrust | null> {
    const last = (await this.#log.readStream(deployStream(deploy))).at(-1);
    return last?.type === 'production.disabled' ? (last.data.distrust as Distrust | null) : null;
  }

  async #again(deploy: string, lane: LaneWorld, commit: string): Promise<void> {
    for (let attempt = 0; attempt < runsMax; attempt++) {
      if ((await this.#oneRun(immortal, async () => deploy, { lane, commit })) === 'over') return;
      await this.#time.sleep(rerunMs);
    }
  }

  async #setLogClock(): Promise<void> {
    const steps = [...(this.#scenario.logClock ?? [])].sort((a, b) => a.atMs - b.atMs);
    for (const { atMs, byMs } of steps) {
      await this.#time.sleep(Math.max(0, startMs + atMs - this.#time.now()));
      this.#logClock.aheadMs += byMs;
    }
  }

  async #breaks(): Promise<void> {
    const plans = [...this.#scenario.breaks].sort((a, b) => a.atMs - b.atMs);
    for (const { what, lane: index, atMs } of plans) {
      await this.#time.sleep(Math.max(0, startMs + atMs - this.#time.now()));
      const { control } = this.#lane(index).sandbox;
      if (what === 'build') control.failNextBuild({ app: staging });
      if (what === 'dyno') control.crashNextDyno({ app: staging });
      if (what === 'endpoint') control.endpointDown({ app: production, forMs: 30_000 });
      if (what === 'promotion') control.failPromotion({});
      if (what === 'partial-promotion') control.partialPromotion({});
      if (what === 'stale-reads') {
        this.#lane(index).lagsUntil = this.#time.now() + 3_000;
        control.staleReads({ app: production, forMs: 3_000 });
      }
    }
  }
}

/** The canary could not be taken back. */
const saysThatItIsLeft = ({ type, data }: RecordedEvent): boolean =>
  type === 'deploy.failed' &&
  (data.step === 'restoreCanary' || data.step === 'acquireLockToRestore');

const failureCodeOf = ({ type, data }: RecordedEvent): string | null =>
  type === 'deploy.failed' ? (data.failure as { code: string }).code : null;

/** What happens to an app while it is watched. */
interface Trouble {
  readonly app: EnvironmentName;
  readonly afterMs: number;
  readonly what: AfterUp['what'] | CanaryTrouble;
}

const idOf = (n: number): string => `10000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** Who asked for it, and what for, but to another production. */
function elsewhere(data: RecordedEvent['data']): RecordedEvent['data'] {
  const { settings } = data as DeployRequest;
  const target = targetOf('elsewhere');
  return { ...data, settings: { ...settings, production: { ...settings.production, target } } };
}

/** The log as if each lane's world had apps of other names than all others: in truth they have the same. */
function ofOneWorld(log: EventLog, { rules }: LaneWorld): EventLog {
  const apart = (event: RecordedEvent): RecordedEvent =>
    event.type !== 'deploy.requested' || rules.lanes.has(String(event.data.lane))
      ? event
      : { ...event, data: elsewhere(event.data) };
  return new Proxy(log, {
    get(target, name) {
      if (name === 'readAll') {
        return async (options: Parameters<EventLog['readAll']>[0]) =>
          (await target.readAll(options)).map(apart);
      }
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

function ignoreUsage(error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error;
  return undefined;
}

/** Lists of builds and releases come back empty where something was looked for; single ones do not. */
function blind(real: Transport): Transport {
  return async (request) => {
    const response = await real(request);
    const isBuilds =
      request.method === 'GET' &&
      /\/apps\/acme-staging\/builds$/.test(new URL(request.url).pathname);
    return isBuilds && response.status < 300 ? { ...response, status: 200, body: '[]' } : response;
  };
}

/** The gates as they were when the lock was granted are what production's write goes by. */
function staleGates(
  real: ServiceTable,
  targets: Targets,
  http: Ports['http'],
  lane: LaneWorld,
  settings: ProtectedSettings,
): ServiceTable {
  let early: Awaited<ReturnType<ServiceTable['readGates']>> | null = null;
  const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true' as const, why: null };
  return {
    ...real,
    observe: async (input, ports) => {
      const { target, commit } = input;
      const gates = {
        lane: lane.name,
        target,
        commit,
        overridden: false,
        passesOver: 'none' as const,
      };
      const sources = [targetOf(staging), targetOf(production)];
      const more = { killSwitch: killSwitch.name, settings, sources, canary: null };
      early = await real.readGates({ ...gates, ...more }, ports);
      return real.observe(input, ports);
    },
    readGates: async (input, ports) => early ?? real.readGates(input, ports),
    submit: async ({ gates, ...input }, ports) => {
      if (gates === null) return real.submit({ gates, ...input }, ports);
      const submission = { ...input, archive: async () => archive, clear: async () => null };
      const answer = await targets(input.target).submit(submission, { ...ports, http });
      return answer.kind === 'submitted' ? { ...answer, killSwitch } : answer;
    },
  };
}
