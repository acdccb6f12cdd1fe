/** One lane whose deploys and rollbacks go on act by act: real runs over a real log, with a target of folders, each stopped where it is to wait. */
import type { ProgramStart, Programs } from '../../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../../src/effects/targets/command/target.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { stateOf } from '../../../src/machine/interpret.ts';
import { protectedOf } from '../../../src/machine/protected-settings.ts';
import type { GatesInput } from '../../../src/machine/services.ts';
import { readShipped } from '../../../src/runtime/audit/lane-marks.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { type GatesOptions, readGates } from '../../../src/runtime/gates/gates.ts';
import { goingBack } from '../../../src/runtime/gates/going-back.ts';
import { madeByRollback } from '../../../src/runtime/gates/made-by-rollback.ts';
import { observeSettled } from '../../../src/runtime/gates/production.ts';
import { laneOfDeploy, otherLaneOf } from '../../../src/runtime/gates/trust.ts';
import { newRun, type Run } from '../../../src/runtime/identity.ts';
import { giveUpRollback } from '../../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { leftBy } from '../../../src/runtime/lock/left-by.ts';
import { hasRun } from '../../../src/runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { type NewDeploy, requestDeploy } from '../../../src/runtime/loop/request.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import { runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import { rollBack } from '../../../src/runtime/rollback/carry-out.ts';
import { chooseRollback, type RollbackPlan } from '../../../src/runtime/rollback/choose.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';
import { FolderWorld, settingsOf } from '../../targets/command-world.ts';

export const lane = 'acme-web';
const branch = 'main';
const leaseMs = 3_600_000;
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
/** Sleeps as long as that, deadlines and heartbeats among them, end where the time is moved on. */
const holdMs = 10_000;

/** Where a run waits to be told to go on. */
export type StopName = 'gates' | 'write' | 'restore' | 'checks';
export type Go = 'well' | 'fails' | 'fails with a release' | 'unheard';

interface Stopped {
  readonly at: StopName;
  readonly go: (how: Go) => void;
}

/** A run of a deploy, or of a rollback, within this process. */
export class Process {
  /** Of the deploy, or of the rollback. */
  readonly id: string;
  readonly run: Run;
  stopped: Stopped | null = null;
  /** How it ended: the deploy's state, or the code of what was thrown; null: it goes on. */
  end: string | null = null;
  isDead = false;
  #changed = Promise.withResolvers<void>();

  constructor(id: string, run: Run) {
    this.id = id;
    this.run = run;
  }

  /** Null: it waits for the lane. */
  get isAlive(): boolean {
    return this.end === null && !this.isDead;
  }

  changed(): Promise<void> {
    return this.#changed.promise;
  }

  stop(at: StopName): Promise<Go> {
    const { promise, resolve } = Promise.withResolvers<Go>();
    this.stopped = {
      at,
      go: (how) => {
        this.stopped = null;
        resolve(how);
      },
    };
    this.#tell();
    return promise;
  }

  ends(how: string): void {
    if (this.isDead) return;
    this.stopped = null;
    this.end = how;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** What it does after its death is nothing, and it hears nothing. */
  over<O extends object>(real: O): O {
    const never = new Promise<never>(() => {});
    return new Proxy(real, {
      get: (target, name) => {
        const member = target[name as keyof O];
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (this.isDead) return never;
          const answer = await (member as (...all: unknown[]) => unknown).apply(target, args);
          return this.isDead ? never : answer;
        };
      },
    });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : `thrown: ${String(error)}`;

export class LaneOfActs {
  readonly graph = new CommitGraph();
  readonly clock = createVirtualClock({ holdMs });
  readonly folders = new FolderWorld(this.clock);
  readonly history = this.graph.history();
  readonly targets = commandTargets(this.folders);
  readonly log: EventLog;
  readonly #dead = new Set<unknown>();
  readonly #keepers: LeaseKeeper[] = [];
  /** The newest commit of the branch. */
  head = this.graph.commit(null);
  #builds = 500;

  private constructor(log: EventLog) {
    this.log = log;
    for (const place of ['staging', 'production'] as const) this.folders.serves(place, 'up', 'up');
    this.folders.release('production', this.head);
  }

  static async open(): Promise<LaneOfActs> {
    // Each event a second after the one before it, so that whoever tells them by their times tells them in order.
    let ms = Date.UTC(2026, 0, 5, 9);
    return new LaneOfActs(
      await openLog('sqlite::memory:', {
        projections,
        now: () => {
          ms += 1;
          return ms;
        },
      }),
    );
  }

  async close(processes: readonly Process[]): Promise<void> {
    for (const process of processes) process.isDead = true;
    for (const keeper of this.#keepers) keeper.stop();
    await this.log.close();
    await this.folders.close();
  }

  get production() {
    return this.targets(settingsOf('production'));
  }

  get settings(): NewDeploy['settings'] {
    const verify = {
      instances: { timeoutMs: 30_000, settleMs: 1_000 },
      waive: [],
      endpoints: [],
    };
    const environment = { timeoutMs: 3_600_000, verify, shares: null, bakeMs: 0 };
    return {
      ...{ stacking: 'skip', store: null, repository: null, canary: null },
      lock: { provider: 'store', timeoutMs: 1_000_000_000, leaseMs },
      staging: { ...environment, target: settingsOf('staging'), submits: 'commit' },
      production: { ...environment, target: settingsOf('production'), submits: 'artifact' },
      gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
    };
  }

  #gatesOptions(log: EventLog): GatesOptions {
    return {
      ...{ targets: this.targets, history: this.history },
      readLane: (name) => readLane(log, name),
      hasRun: (id) => hasRun(log, id),
      killSwitch: (name) => ({ killSwitch: { name, state: 'true', why: null }, on: true }),
      trust: {
        ...{ accepted: new Set<string>(), isLogKept: true },
        laneOf: (deploy) => laneOfDeploy(log, deploy),
        otherLane: (name, target) => otherLaneOf(log, name, target),
      },
    };
  }

  /** What whoever came to production now would be told. */
  gates(commit: string) {
    const { settings } = this;
    const input: GatesInput = {
      ...{ lane, target: settingsOf('production'), commit, canary: null },
      ...{ killSwitch: settings.gates.killSwitch, passesOver: 'none', overridden: false },
      settings: protectedOf({ lane, settings, branch }),
      sources: [settingsOf('staging'), settingsOf('production')],
    };
    return readGates(input, this.#gatesOptions(this.log), this.folders.ports());
  }

  /** A run of it begins; `next` of the branch where no deploy is given. */
  async startDeploy(held: string | null): Promise<Process> {
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    const id = held ?? (await this.#request(run));
    const process = new Process(id, run);
    const parts = this.#parts(process);
    const real = createServices({
      ...{ ...this.#gatesOptions(parts.log), http: parts.http, usualStartMs: async () => null },
      archive: async (commit) => Buffer.from(`files of ${commit}`),
    });
    const services: ServiceTable = {
      ...real,
      readGates: async (...asked) => {
        await process.stop('gates');
        return real.readGates(...asked);
      },
      submit: async (input, ports) => {
        if (input.environment === 'production') await process.stop('write');
        return real.submit(input, ports);
      },
    };
    runDeploy({
      ...{ ...parts, deploy: id, run, leaseMs, services: process.over(services) },
      ...{ interrupt: new AbortController().signal, progress: () => {}, recorded: () => {} },
    }).then(
      ({ folded }) => process.ends(stateOf(folded)),
      (error: unknown) => process.ends(codeOf(error)),
    );
    return process;
  }

  async #request(run: Run): Promise<string> {
    this.head = this.graph.commit(this.head);
    this.#builds += 1;
    const build = { provider: 'circleci' as const, label: String(this.#builds), attempt: 1 };
    const { deploy } = await requestDeploy(
      this.log,
      {
        ...{ lane, branch, settings: this.settings, override: null },
        commit: { sha: this.head, title: `Build ${this.#builds}`, author: 'Ana' },
        build: { ...build, job: 'deploy', workflow: null, url: null },
      },
      run,
    );
    return deploy;
  }

  /** As the command chooses it. @throws UsageError */
  async plan(name: string | null): Promise<RollbackPlan> {
    const ports = this.folders.ports();
    const target = this.production;
    const state = await observeSettled(target, this.history, ports);
    if (state.running === null) throw new Error('nothing runs');
    const seen = await readLane(this.log, lane);
    const back = await goingBack(target, state, seen, this.history, ports);
    const marks = await readShipped(this.log, lane, 100);
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    return chooseRollback(name, {
      ...{ shipped: marks.map(({ data }) => data), running: state.running, named: null },
      ...{ unfinished: seen.rollback, ranBefore: state.before?.artifact ?? null },
      isTakenBack: back?.release.id === state.running.release.id,
      newId: `rollback-${run.id.slice(0, 8)}`,
    });
  }

  startRollback(plan: RollbackPlan): Process {
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    const process = new Process(plan.id, run);
    const parts = this.#parts(process);
    const real = createServices({
      ...{ ...this.#gatesOptions(parts.log), http: parts.http, usualStartMs: async () => null },
      archive: async () => Buffer.from(''),
    });
    const checkHealth: ServiceTable['checkHealth'] = async (...asked) => {
      if ((await process.stop('checks')) !== 'well') {
        throw new LockstepError<string>('E_UNHEALTHY', 'web.1 crashed');
      }
      return real.checkHealth(...asked);
    };
    rollBack({
      ...{ ...parts, run, lane, plan, person, leaseMs, lockSettings: this.settings.lock },
      production: this.settings.production,
      target: commandTargets(this.#programsOf(process))(settingsOf('production')),
      services: process.over({ awaitInstances: real.awaitInstances, checkHealth }),
      signal: new AbortController().signal,
      ...{ progress: () => {}, begun: () => {}, unverified: () => {} },
    }).then(
      () => process.ends('done'),
      (error: unknown) => process.ends(codeOf(error)),
    );
    return process;
  }

  #parts(process: Process) {
    const { run } = process;
    const { clock, history, targets, settings } = this;
    const log = process.over(this.log);
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    this.#keepers.push(keeper);
    const liveness = {
      whyDead: (owner: { readonly run?: unknown }) => (this.#dead.has(owner.run) ? 'killed' : null),
      ask: async () => false,
    };
    const lock = createStoreLock({
      ...{ log, clock, run, keeper, leaseMs, liveness },
      relations: (base, heads, signal) =>
        history.relations(base, heads, this.folders.ports({ signal })),
      quiesce: async ({ deploy, goneForMs }, signal) => {
        const left = await leftBy(log, deploy);
        await quiesce(quietOf(settings, targets, left), this.folders.ports({ signal }), goneForMs);
      },
    });
    const { http } = this.folders.ports();
    return {
      ...{ log, clock, keeper, lock, liveness, history },
      http: { ...http, assertHeld: keeper.assertHeld },
    };
  }

  /** The rollback's program begins once it is told how that goes. */
  #programsOf(process: Process): Programs {
    const { folders } = this;
    return {
      check: () => folders.check(),
      file: () => folders.file(Buffer.from('')),
      start: (program) => {
        if (program.told.LOCKSTEP_OPERATION !== 'restore') return folders.start(program);
        const ended = process.stop('restore').then((how) => {
          if (how === 'well') return folders.start(program).ended;
          if (how === 'unheard') {
            folders.start(program);
            return new Promise<never>(() => {});
          }
          if (how === 'fails with a release') this.#failRestore(program.told);
          return { code: 1, signal: null };
        });
        return { ended, stop: () => {} };
      },
    };
  }

  /** Its release fails: it never ran. */
  #failRestore({ LOCKSTEP_KEY: key, LOCKSTEP_RESTORE: to }: ProgramStart['told']): void {
    const place = this.folders.folders('production');
    const found = place.releases().find(({ number }) => String(number) === to);
    if (found === undefined) throw new Error(`there is no release ${to}`);
    const { commit, artifact } = found;
    const said = { at: new Date(this.clock.now()).toISOString(), by: 'ci', description: '' };
    place.make({ commit, artifact, key, rollback: true, ...said });
  }

  /** Until each has ended, is stopped, or waits for the lane behind another one. */
  async settle(processes: readonly Process[]): Promise<void> {
    for (;;) {
      const busy = [];
      for (const one of processes) {
        if (!one.isAlive || one.stopped !== null) continue;
        if (!(await this.#waitsBehind(one, processes))) busy.push(one);
      }
      if (busy.length === 0) return;
      const nothing = Promise.withResolvers<'nothing'>();
      const late = setTimeout(() => nothing.resolve('nothing'), 20);
      const happened = await Promise.race([...busy.map((one) => one.changed()), nothing.promise]);
      clearTimeout(late);
      // Whoever waits for a while looks again.
      if (happened === 'nothing') this.clock.advance(holdMs);
    }
  }

  async #waitsBehind(one: Process, processes: readonly Process[]): Promise<boolean> {
    const { grant, waiting } = await readLane(this.log, lane);
    if (grant === null || grant.released || grant.deploy === one.id) return false;
    const holder = processes.find(({ id, isAlive }) => id === grant.deploy && isAlive);
    return holder !== undefined && waiting.some(({ run }) => run === one.run.id);
  }

  /** As by `kill -9`: its leases are over, too. */
  async kill(process: Process): Promise<void> {
    process.isDead = true;
    process.stopped = null;
    this.#dead.add(process.run.id);
    for (const { resource, token } of await this.log.leases(runResource(process.id))) {
      await this.log.release({ resource, token });
    }
    this.clock.advance(holdMs);
  }

  async resume(deploy: string): Promise<void> {
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    await resumeDeploy(this.log, deploy, {
      ...{ run, reason: 'mended' },
      madeBy: (way, production) =>
        madeByRollback(way, this.targets(production), this.history, this.folders.ports()),
    });
  }

  /** The code of what was thrown; null: it was given up. */
  async giveUp(): Promise<string | null> {
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    return giveUpRollback(this.log, lane, run, 'not wanted').then(() => null, codeOf);
  }

  // Somebody at the target

  configure(): void {
    this.folders.configure('production');
  }

  /** To the code that ran before. */
  goBack(): void {
    const place = this.folders.folders('production');
    const all = place.releases();
    const runs = all.find(({ state }) => state === 'running');
    const before = all.find(
      ({ state, artifact }) => state === 'earlier' && artifact.id !== runs?.artifact.id,
    );
    if (before === undefined) throw new Error('no other code ran before');
    const { commit, artifact } = before;
    const said = { at: new Date(this.clock.now()).toISOString(), by: 'bo', description: '' };
    place.switchTo(place.make({ commit, artifact, key: null, rollback: true, ...said }));
  }

  /** Newer code. */
  release(): void {
    this.head = this.graph.commit(this.head);
    this.folders.release('production', this.head);
  }

  /** The lane's own events, as they are read of a log. */
  ofLane() {
    return this.log.readStream(laneStream(lane));
  }
}
