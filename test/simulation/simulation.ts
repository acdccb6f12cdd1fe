/**
 * The whole of Lockstep in one process under virtual time: the real runtime, chart, effects and
 * store; only the clock and the vendors are stand-ins. Runs a scenario to its end and holds the
 * world to what must never happen.
 */
import type { CiJob } from '../../src/effects/ci/jobs.ts';
import type { Clock } from '../../src/effects/clock.ts';
import { LockstepError, UsageError } from '../../src/errors/error.ts';
import type { Distrust, DomainEvent, EnvironmentName } from '../../src/machine/events.ts';
import { type DeployRow, readDeploys } from '../../src/runtime/audit/deploys.ts';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import { madeByRollback } from '../../src/runtime/gates/made-by-rollback.ts';
import type { Run } from '../../src/runtime/identity.ts';
import { breakLock, switchLane } from '../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../src/runtime/lock/lanes.ts';
import { Lapsed, Overtaken } from '../../src/runtime/lock/lease-keeper.ts';
import { createLiveness, type Liveness } from '../../src/runtime/lock/liveness.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../src/runtime/loop/request.ts';
import { type ResumeOrder, resumeDeploy } from '../../src/runtime/loop/resume.ts';
import { runDeploy, type ServiceTable } from '../../src/runtime/loop/run.ts';
import {
  type EventLog,
  FencedOff,
  type RecordedEvent,
  StoreUnavailable,
  VersionConflict,
} from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { actorCalled } from '../actor.ts';
import type { PersonAct } from './acts.ts';
import { type AppName, production, staging, type WireFault } from './apps.ts';
import { type AssembleOptions, assemble } from './assembled.ts';
import { CommitGraph } from './commit-graph.ts';
import { Ends } from './ends.ts';
import { Explained } from './explained.ts';
import { Fences } from './fences.ts';
import { type Figures, Invariants } from './invariants.ts';
import { LaneWorld } from './lane-world.ts';
import { MustShip } from './must-ship.ts';
import type { Mutation } from './mutations.ts';
import { orderRollback } from './ordered-rollback.ts';
import { actsAtHeroku, pushToCanary, rollBack, setConfig } from './people.ts';
import { seededRandom } from './random.ts';
import { changesOfRules, isRulesAct, type Rules } from './rules.ts';
import {
  type AfterUp,
  type BuildPlan,
  type CanaryPlan,
  type CanaryTrouble,
  type LateFate,
  leaseMs,
  type Scenario,
  startMs,
} from './scenario.ts';
import { type Fate, type Happened, SimulatedProcess } from './simulated-process.ts';
import { timedLog } from './timed-log.ts';
import { VirtualTime } from './virtual-time.ts';
import { wanted } from './wanted.ts';

const longestMs = 48 * 3_600_000;
const immortal: Fate = { killAt: null, pause: null };
/** CI runs a job that died again, after a while. */
const rerunMs = 7_000;
const runsMax = 12;

export interface Outcome {
  readonly violations: readonly string[];
  readonly figures: Figures;
  /** The paths that Heroku was asked for, in turn. */
  readonly reads: readonly string[];
  /**
   * Of each process, in the order in which they began: how many gates it passed, in all and before each of its writes, and
   * what it called the log for.
   */
  readonly runs: readonly RunFigures[];
  /** Of all processes: what befell them, and at which of their awaits. */
  readonly happened: readonly Happened[];
}

type RunFigures = Pick<SimulatedProcess, 'crossings' | 'writes' | 'storeCalls'>;

export interface SimulateOptions {
  /** What is broken on purpose. */
  readonly mutation?: Mutation;
  /** Whether of each commit it is asked why it shipped or did not. */
  readonly explained?: boolean;
  /** Stands between a deploy and what carries its steps out: for whoever looks at the world meanwhile. */
  readonly watch?: (services: ServiceTable, of: { deploy: string; log: EventLog }) => ServiceTable;
  /** Told every event of the log at the end, for whoever looks into a failing seed. */
  readonly trace?: (line: string) => void;
  /** The commits of a lane; left out, they are in memory. */
  readonly graphOf?: (lane: number, time: VirtualTime) => CommitGraph;
  /** Opens the log, on a clock that may be wrong; left out, it is SQLite's in memory. */
  readonly openLog?: (time: VirtualTime, now: () => number) => Promise<EventLog>;
}

export async function simulate(
  scenario: Scenario,
  options: SimulateOptions = {},
): Promise<Outcome> {
  const { mutation = {}, trace, explained = false, openLog = inMemory, watch, graphOf } = options;
  const time = new VirtualTime(startMs);
  const logClock = { aheadMs: 0 };
  const log = await openLog(time, () => time.now() + logClock.aheadMs);
  const watched = {
    trace: trace ?? null,
    services: watch ?? ((services: ServiceTable) => services),
    graphOf: graphOf ? (lane: number) => graphOf(lane, time) : () => new CommitGraph(),
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
  readonly graphOf: (lane: number) => CommitGraph;
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
  readonly #mustShip = new MustShip();
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
    { trace, services, graphOf }: Watched,
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
      hasTokens: (scenario.lock ?? 'store') === 'store',
      isRun: (run) => this.#alive.has(run),
      check: (holds, what) => this.#invariants.check(holds, what),
    });
    const timed = timedLog(fences.watch(mutation.store?.(log) ?? log), time, this.#onWritten);
    this.#log = timed.log;
    this.#lanes = Array.from(
      { length: scenario.lanes },
      (_, i) => new LaneWorld(`lane-${i}`, time, scenario, graphOf(i)),
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
    if (inTime) this.#findMissing();
    if (explained) await this.#explain();
    await this.#log.close();
    const runs = this.#processes.map(({ crossings, writes, storeCalls }) => {
      return { crossings, writes, storeCalls };
    });
    const reads = this.#lanes.flatMap((lane) => lane.reads);
    const { violations, figures } = this.#invariants;
    const happened = this.#processes.flatMap((process) => process.happened);
    return { violations, figures, reads, runs, happened };
  }

  #findMissing(): void {
    for (const lane of this.#lanes) {
      const builds = this.#jobs.filter((job) => job.lane === lane);
      const missing = this.#mustShip.missing(lane, builds);
      this.#invariants.check(missing.length === 0, () => `it did not ship: ${missing.join('; ')}`);
    }
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
      this.#spawn(this.#ci(job, this.#fatesOf(plan, this.#jobs.length - 1)));
    }
  }

  #fatesOf({ fates }: BuildPlan, index: number): readonly Fate[] {
    const { acts: all = [], builds } = this.#scenario;
    const isOurs = ({ build }: { readonly build: number }) => build % builds.length === index;
    const acts = all.filter(isOurs);
    const [drawn = immortal, ...others] = fates;
    const late = this.#scenario.late?.find(isOurs);
    const first = late === undefined ? drawn : fateOf(late);
    return [acts.length === 0 ? first : { ...first, acts }, ...others];
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
    // Broken on purpose: its process ends well, and has done nothing.
    if (this.#mutation.lostRequests === true && Number(job.label) % 2 === 0) return;
    for (let attempt = 0; attempt < runsMax; attempt++) {
      const ended = await this.#oneRun(
        fates[attempt] ?? immortal,
        async (log, run) => {
          const { deploy } = await requestDeploy(log, wanted(job, this.#scenario), run);
          job.lane.rules.asked(deploy, job.rules);
          this.#explained.asked(deploy, job.rules.lane, job.commit);
          this.#mustShip.asked(deploy, job.rules.lane, job.commit);
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
    const process = new SimulatedProcess(this.#time, fate, (act) => this.#does(act, lane));
    const run = this.#newRun('ci');
    this.#alive.set(run.id, process);
    this.#invariants.figures.runs += 1;
    this.#processes.push(process);
    const work = this.#process(process, run, choose, lane, commit).then(
      () => 'over' as const,
      (error: unknown) => {
        if (!isCutOff(error)) throw error;
        this.#invariants.figures.overtaken += 1;
        return 'again' as const;
      },
    );
    const death = process.onDeath.then(() => 'killed' as const);
    const ended = await Promise.race([work, death]);
    process.kill();
    lane.ci?.ended(run.id);
    if (ended !== 'killed') return ended;
    this.#invariants.figures.kills += 1;
    return 'again';
  }

  async #process(
    process: SimulatedProcess,
    begun: Run,
    choose: (log: EventLog, run: Run) => Promise<string>,
    lane: LaneWorld,
    commit: string,
  ): Promise<void> {
    const real = this.#mutation.log?.(this.#log) ?? this.#log;
    const log = process.log(real);
    const deploy = await choose(log, begun);
    const job = lane.ci?.begins(begun.id, deploy, deploy.replace(/-.*/, ''), commit);
    const run = job === undefined ? begun : { ...begun, owner: { ...begun.owner, job } };
    const rules = lane.rules.of(deploy);
    const asked = wanted({ lane, label: '', commit, rules }, this.#scenario);
    const of = { lane, commit, deploy, wanted: asked, log };
    const { keeper, ...assembled } = this.#assemble(process, run, of);
    try {
      await runDeploy({
        ...{ ...assembled, deploy, log, run, keeper, leaseMs },
        services: this.#watch(assembled.services, { deploy, log: this.#log }),
        interrupt: new AbortController().signal,
        progress: () => {},
        recorded: (event) => {
          this.#invariants.figures.events += 1;
          this.#onEvent(event, deploy, lane);
        },
      });
    } finally {
      keeper.stop();
    }
  }

  #assemble(
    process: SimulatedProcess,
    run: Run,
    {
      commit,
      ...of
    }: Pick<AssembleOptions, 'lane' | 'deploy' | 'wanted' | 'log'> & {
      readonly commit: string;
    },
  ) {
    return assemble({
      ...{ ...of, process, run, mutation: this.#mutation, random: this.#random },
      fault: () => this.#faultOf(process),
      isOdd: (by) => this.#isOdd(by, of.deploy),
      onWrite: (write) => this.#invariants.onWrite(write, { lane: of.lane, commit }),
      liveness: (clock) => this.#liveness(clock, of.lane),
    });
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
    this.#mustShip.happened(deploy, event);
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
    const befallen = { [name === 'canary' ? 'canary' : 'afterUp']: [what] };
    this.#ends.befell(lane, befallen);
    if (what === 'crash') control.crashDyno({ app });
    if (what === 'restart') control.restartDyno({ app });
    if (what === 'rollback') rollBack(lane, app);
    if (what === 'config') setConfig(lane, app, { B: String(this.#time.now()) });
    if (what === 'endpoint') control.endpointDown({ app, forMs: 150_000 });
    if (what === 'push') pushToCanary(lane);
  }

  /** A third of the dead are known to be dead by their host, a third by their CI, and of a third nothing is known. */
  #liveness(clock: Clock, { ci }: LaneWorld): Liveness {
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
        const runs = ci?.runsIn(job) ?? (job.ci === 'circleci' ? [idOf(Number(job.number))] : []);
        const isOver = runs.length > 0 && runs.every((run) => knownBy(run) === 'ci' && dead(run));
        return isOver ? 'CI says that its job ended' : null;
      },
    });
  }

  #faultOf(process: SimulatedProcess): WireFault {
    const what = this.#fault();
    if (what !== 'none') process.befell('faults');
    return what;
  }

  #fault = (): WireFault => {
    if (this.#random() * 1_000 >= this.#scenario.faults.perMille) return 'none';
    this.#invariants.figures.faults += 1;
    const kinds: readonly WireFault[] = ['reset', 'lost-reply', 'status-503', 'rate-limit'];
    return kinds[Math.floor(this.#random() * kinds.length)] ?? 'reset';
  };

  /** Whether a vendor's answer is spoilt. */
  #isOdd(by: string, deploy: string): boolean {
    const { oddPerMille = 0 } = this.#scenario.faults;
    if (oddPerMille === 0 || this.#random() * 1_000 >= oddPerMille) return false;
    this.#invariants.figures.oddAnswers += 1;
    this.#ends.oddAnswer(deploy, by);
    return true;
  }

  async #people(): Promise<void> {
    const plans = [...this.#scenario.people].sort((a, b) => a.atMs - b.atMs);
    for (const plan of plans) {
      await this.#time.sleep(Math.max(0, startMs + plan.atMs - this.#time.now()));
      await this.#does(plan.act, this.#lane(plan.lane));
    }
  }

  #does(act: PersonAct, lane: LaneWorld): Promise<void> {
    this.#ends.befell(lane, { people: [act] });
    return this.#person(act, lane).catch((error: unknown) =>
      this.#invariants.violated(`a person could not ${act}: ${error}`),
    );
  }

  async #person(act: PersonAct, lane: LaneWorld): Promise<void> {
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
      case 'order-rollback':
      case 'begin-rollback':
        // Nobody but builds can hold a lane by the CI's list.
        if (lane.ci !== null) return;
        // Whoever gave the order goes on with something else.
        this.#spawn(this.#orderRollback(lane, { isDying: act === 'begin-rollback' }));
        return;
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
    const { deploy } = held;
    const refused = await resumeDeploy(this.#log, deploy, {
      ...{ run, reason: 'simulated' },
      madeBy: (...asked) => this.#madeBy(lane, run, held, asked),
    }).then(
      () => false,
      (error: unknown) => {
        // What production runs could not be told, or somebody else let it go on meanwhile.
        if (error instanceof LockstepError || error instanceof VersionConflict) return true;
        throw error;
      },
    );
    if (distrust !== null && !refused) lane.rules.accept(held.deploy, distrust.about);
    this.#spawn(this.#again(held.deploy, lane, held.commit));
  }

  /** As the command looks. */
  async #madeBy(
    lane: LaneWorld,
    run: Run,
    { deploy, commit }: DeployRow,
    [way, place]: Parameters<ResumeOrder['madeBy']>,
  ) {
    const process = new SimulatedProcess(this.#time, immortal);
    const asked = wanted({ lane, label: '', commit, rules: lane.rules.now }, this.#scenario);
    const of = { lane, commit, deploy, wanted: asked, log: this.#log };
    const { keeper, http, clock, targets, history } = this.#assemble(process, run, of);
    const ports = { http, clock, signal: new AbortController().signal, progress: () => {} };
    return madeByRollback(way, targets(place), history, ports).finally(() => keeper.stop());
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

  /** Given again where it was overtaken; what it says no to is settled. @param isDying once it is recorded that it began, for good */
  async #orderRollback(lane: LaneWorld, { isDying }: { readonly isDying: boolean }): Promise<void> {
    const rules = lane.rules.now;
    const fresh = `rollback-${this.#newId()}`;
    const [commit, label] = [lane.tip, ''];
    for (let attempt = 0; attempt < runsMax; attempt++) {
      const process = new SimulatedProcess(this.#time, immortal);
      const run = this.#newRun('ana');
      this.#alive.set(run.id, process);
      const log = process.log(isDying ? dyingOnceBegun(process, this.#log) : this.#log);
      // One that was begun goes on.
      const { rollback } = await readLane(this.#log, rules.lane);
      const id = rollback?.rollback ?? fresh;
      const asked = wanted({ lane, label, commit, rules }, this.#scenario);
      const parts = this.#assemble(process, run, { lane, commit, deploy: id, wanted: asked, log });
      try {
        const { production, lock } = asked.settings;
        const settings = { production, lock };
        const begins = (as: string) => lane.rules.asked(as, rules);
        const order = { parts, log, run, lane: rules.lane, settings, newId: id, begins };
        await Promise.race([orderRollback(order), process.onDeath]);
        return;
      } catch (error) {
        if (!isCutOff(error)) {
          if (error instanceof LockstepError) return;
          throw error;
        }
        this.#invariants.figures.overtaken += 1;
      } finally {
        parts.keeper.stop();
        process.kill();
      }
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
      this.#ends.befell(this.#lane(index), { breaks: [what] });
      if (what === 'build') control.failNextBuild({ app: staging });
      if (what === 'dyno') control.crashNextDyno({ app: staging });
      if (what === 'endpoint') control.endpointDown({ app: production, forMs: 30_000 });
      if (what === 'promotion') control.failPromotion({});
      if (what === 'partial-promotion') control.partialPromotion({});
      if (what === 'stale-reads') this.#lane(index).lag(production, 3_000);
    }
  }
}

/** The process was cut off: whoever began it begins it again. */
const isCutOff = (error: unknown): boolean =>
  [Overtaken, Lapsed, FencedOff, StoreUnavailable].some((kind) => error instanceof kind);

/** The canary could not be taken back. */
const saysThatItIsLeft = ({ type, data }: RecordedEvent): boolean =>
  type === 'deploy.failed' &&
  (data.step === 'restoreCanary' || data.step === 'acquireLockToRestore');

/** The log, by which the process dies as soon as the beginning of a rollback stands in it. */
const dyingOnceBegun = (process: SimulatedProcess, real: EventLog): EventLog =>
  new Proxy(real, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      const call = member.bind(target);
      if (name !== 'append') return call;
      return async (...[batches, ...more]: Parameters<EventLog['append']>) => {
        const done = await call(batches, ...more);
        const types = batches.flatMap(({ events }) => events.map(({ type }) => type));
        if (types.includes('rollback.begun')) process.kill();
        return done;
      };
    },
  });

const failureCodeOf = ({ type, data }: RecordedEvent): string | null =>
  type === 'deploy.failed' ? (data.failure as { code: string }).code : null;

const fateOf = ({ what, at, ms }: LateFate): Fate => ({
  killAt: what === 'kills' ? at : null,
  pause: what === 'pauses' ? { at, ms } : null,
  clock: what === 'clocks' ? { at, byMs: -ms } : null,
});

/** What happens to an app while it is watched. */
interface Trouble {
  readonly app: EnvironmentName;
  readonly afterMs: number;
  readonly what: AfterUp['what'] | CanaryTrouble;
}

const idOf = (n: number): string => `10000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

function ignoreUsage(error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error;
  return undefined;
}
