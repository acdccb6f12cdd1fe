/** One whole deploy by programs under virtual time, one of whose answers is spoilt: real runtime, chart, effects and log. */
import type { Clock } from '../../../src/effects/clock.ts';
import type { ProgramEnd } from '../../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../../src/effects/targets/command/target.ts';
import { has, stateOf } from '../../../src/machine/interpret.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { leftBy } from '../../../src/runtime/lock/left-by.ts';
import { hasRun } from '../../../src/runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { type NewDeploy, requestDeploy } from '../../../src/runtime/loop/request.ts';
import { runDeploy } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { actorCalled } from '../../actor.ts';
import { FolderWorld, settingsOf } from '../../targets/command-world.ts';
import { leaseMs } from '../scenario.ts';
import { VirtualTime } from '../virtual-time.ts';
import { commits, type ProgramWorld } from './worlds.ts';

/** An answer as the program gave it. */
export interface ProgramExchange {
  /** `production current`. */
  readonly key: string;
  /** From 1, among those of the key. */
  readonly occurrence: number;
  readonly lines: readonly string[];
}

export interface SpoiltAnswer {
  readonly key: string;
  readonly occurrence: number;
  /** Only that answer, or all from that one on. */
  readonly times: 'once' | 'onwards';
  /** Null: there is nothing to spoil. */
  readonly change: (lines: readonly string[]) => readonly string[] | null;
  /** How the program is heard to have ended; left out: as it did. */
  readonly end?: ProgramEnd;
}

export interface ProgramDeploy {
  readonly state: string;
  readonly code: string | null;
  readonly violations: readonly string[];
  readonly exchanges: readonly ProgramExchange[];
  readonly spoilt: number;
  readonly writes: number;
  /** Of programs. */
  readonly runs: number;
  /** How many releases of our commit came to run in staging, and in production. */
  readonly shipped: readonly number[];
}

export interface Death {
  /** From 1. */
  readonly run: number;
  readonly when: 'before' | 'after';
  /** The programs do not know a key again. */
  readonly isCareless?: boolean;
}

const never = new Promise<never>(() => {});

/** A clock by which nobody wakes any more who is dead. */
function mortal(clock: Clock, dead: Promise<void>): Clock {
  let isDead = false;
  void dead.then(() => {
    isDead = true;
  });
  return {
    ...clock,
    sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (isDead ? never : undefined)),
  };
}

const startMs = Date.UTC(2026, 0, 5, 9);
const longestMs = 12 * 3_600_000;

export class ProgramFuzzer {
  #time = new VirtualTime(startMs);
  #deploys = 0;
  readonly #log: Promise<EventLog> = openLog('sqlite::memory:', {
    now: () => this.#time.now(),
    sleep: (ms, signal) => this.#time.sleep(ms, signal),
  });

  async close(): Promise<void> {
    await (await this.#log).close();
  }

  /** @param death at which run of a program this process dies, and how far that comes; another process carries on */
  async run(
    world: ProgramWorld,
    spoils: readonly SpoiltAnswer[] = [],
    death: Death | null = null,
  ): Promise<ProgramDeploy> {
    const time = new VirtualTime(startMs);
    this.#time = time;
    this.#deploys += 1;
    const folders = new FolderWorld(time.clock);
    try {
      world.past(folders);
      folders.isCareless = death?.isCareless ?? false;
      const truth = new Truth(folders);
      const wire = new Wire(folders, spoils, truth);
      let done = false;
      const label = String(this.#deploys);
      const dead = Promise.withResolvers<void>();
      folders.dies = (run) => {
        if (run !== death?.run) return null;
        dead.resolve();
        return death.when;
      };
      const first = this.#deploy(folders, time, label, 1, dead.promise);
      const deploy = first
        .then((ended) => ended ?? this.#deploy(folders, time, label, 2, never))
        .finally(() => {
          done = true;
        });
      deploy.catch(() => {});
      if (!(await time.runUntil(() => done, startMs + longestMs))) {
        throw new Error(`${world.name}: the deploy never came to an end`);
      }
      const { state, code } = (await deploy) ?? { state: 'dead', code: null };
      truth.atEnd(state);
      const { exchanges, spoilt } = wire;
      const { violations, writes } = truth;
      if (!world.ships && writes > 0) violations.push(`production was written where ${world.name}`);
      const runs = folders.ran.length;
      const shipped = (['staging', 'production'] as const).map((place) =>
        folders.shipped(place, commits.ours),
      );
      return { state, code, violations, exchanges, spoilt, writes, runs, shipped };
    } finally {
      await folders.close();
    }
  }

  /** @returns null where it died on the way */
  async #deploy(
    folders: FolderWorld,
    time: VirtualTime,
    label: string,
    life: number,
    dead: Promise<void>,
  ) {
    const log = await this.#log;
    const clock = mortal(time.clock, dead);
    const id = `${label}.${life}`;
    const owner = { run: id, host: `host-${id}`, pid: 1, started: '0', url: null, job: null };
    let ids = 0;
    const newId = () => {
      ids += 1;
      return `${id}-${ids}`;
    };
    const run = { id, actor: actorCalled('ci'), ci: null, program: 'fuzzer', owner, newId };
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    const { http } = folders.ports();
    const targets = commandTargets(folders);
    const services = createServices({
      usualStartMs: async () => null,
      http: { ...http, assertHeld: keeper.assertHeld },
      targets,
      history,
      archive: async () => Buffer.from(`files of ${commits.ours}`),
      readLane: (name) => readLane(log, name),
      hasRun: (id) => hasRun(log, id),
      killSwitch: (name) => ({ killSwitch: { name, state: 'true', why: null }, on: true }),
      trust: {
        accepted: new Set(),
        isLogKept: true,
        laneOf: async () => requestOf(label).lane,
        otherLane: async () => null,
      },
    });
    const { settings } = requestOf(label);
    const lock = createStoreLock({
      log,
      clock,
      run,
      keeper,
      leaseMs,
      relations: (base, heads, signal) => history.relations(base, heads, folders.ports({ signal })),
      quiesce: async ({ deploy, goneForMs }, signal) => {
        const left = await leftBy(log, deploy);
        await quiesce(quietOf(settings, targets, left), folders.ports({ signal }), goneForMs);
      },
    });
    try {
      const { deploy } = await requestDeploy(log, requestOf(label), run);
      const running = runDeploy({
        ...{ deploy, log, clock, run, keeper, leaseMs, lock, services },
        interrupt: new AbortController().signal,
        progress: () => {},
        recorded: () => {},
      });
      running.catch(() => {});
      const ended = await Promise.race([running, dead.then(() => null)]);
      if (ended === null) return null;
      const { folded } = ended;
      if (!has(folded, 'settled') && !has(folded, 'paused')) throw new Error('it did not end');
      const { outcome } = folded.snapshot.context;
      const code = outcome?.type === 'deploy.failed' ? outcome.data.failure.code : null;
      return { state: stateOf(folded), code };
    } finally {
      keeper.stop();
    }
  }
}

const history = commits.graph.history();

/** Keeps account of every answer, and spoils the one that is to be spoilt. */
class Wire {
  readonly exchanges: ProgramExchange[] = [];
  spoilt = 0;

  constructor(folders: FolderWorld, spoils: readonly SpoiltAnswer[], truth: Truth) {
    folders.onRun = (operation, place, told) => {
      if (operation === 'deploy' && place === 'production') truth.onWrite(told);
    };
    const spoilOf = (key: string, occurrence: number): SpoiltAnswer | undefined =>
      spoils.find(
        (one) =>
          one.key === key &&
          (one.times === 'once' ? one.occurrence === occurrence : one.occurrence <= occurrence),
      );
    folders.spoil = (lines, operation, place) => {
      const key = `${place} ${operation}`;
      const occurrence = this.exchanges.filter((one) => one.key === key).length + 1;
      this.exchanges.push({ key, occurrence, lines });
      const changed = spoilOf(key, occurrence)?.change(lines) ?? null;
      if (changed === null || `${changed}` === `${lines}`) return lines;
      this.spoilt += 1;
      return changed;
    };
    folders.spoilEnd = (end, operation, place) => {
      const key = `${place} ${operation}`;
      const occurrence = this.exchanges.filter((one) => one.key === key).length;
      const heard = spoilOf(key, occurrence)?.end;
      if (heard === undefined) return end;
      this.spoilt += 1;
      return heard;
    };
  }
}

/** What is true, asked of the folders themselves. */
class Truth {
  readonly violations: string[] = [];
  writes = 0;
  readonly #folders: FolderWorld;

  constructor(folders: FolderWorld) {
    this.#folders = folders;
  }

  onWrite(told: Readonly<Record<string, string>>): void {
    const releases = this.#folders.folders('production').releases();
    const running = releases.find(({ state }) => state === 'running');
    const ofOurs = releases.filter(({ key }) => key?.replace(/~\d+$/, '') === told.LOCKSTEP_KEY);
    const wrong = (why: string): void => void this.violations.push(`production was written ${why}`);
    this.writes += 1;
    if (ofOurs.some(({ state }) => state !== 'failed')) wrong('though it has what this key made');
    if (running?.rollback) wrong('though somebody had gone back');
    const relation =
      running === undefined ? 'ahead' : commits.graph.relation(running.commit, commits.ours);
    if (relation !== 'ahead') wrong(`though our commit is ${relation} of what runs there`);
    const verified = this.#running('staging');
    if (verified?.commit !== commits.ours) wrong('though staging does not run our commit');
    if (told.LOCKSTEP_ARTIFACT !== verified?.artifact.id)
      wrong('with something else than staging runs');
    if (this.#folders.isSick('staging')) wrong('though staging is not well');
  }

  atEnd(state: string): void {
    if (state !== 'production.live') return;
    const runs = this.#running('production');
    if (runs?.commit !== commits.ours)
      this.violations.push('it is “live”, but production runs something else');
    if (this.#folders.isSick('production'))
      this.violations.push('it is “live” though production is not well');
  }

  #running(place: 'staging' | 'production') {
    return this.#folders
      .folders(place)
      .releases()
      .find(({ state }) => state === 'running');
  }
}

function requestOf(label: string): NewDeploy {
  const verify = {
    instances: { timeoutMs: 30_000, settleMs: 1_000 },
    waive: [],
    endpoints: [],
  };
  const environment = { timeoutMs: 60_000, verify, shares: null, bakeMs: 0 };
  return {
    lane: `lane-${label}`,
    branch: 'master',
    commit: { sha: commits.ours, title: 'Ours', author: 'Ana' },
    build: { provider: 'circleci', label, attempt: 1, job: 'deploy', workflow: null, url: null },
    settings: {
      stacking: 'skip',
      lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
      store: null,
      repository: null,
      staging: { ...environment, target: settingsOf('staging'), submits: 'commit' },
      canary: null,
      production: { ...environment, target: settingsOf('production'), submits: 'artifact' },
      gates: { rollback: 'hold', killSwitch: 'PRODUCTION_CD_ENABLED', stuckExit: 1 },
    },
    override: null,
  };
}
