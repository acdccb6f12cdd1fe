/**
 * Drives a deploy along a path of the chart: before each step it arranges the world so that the real
 * runtime, on the real store and over the sandbox's HTTP, has to take that step and no other.
 */
import type { DeployRequest, DomainEvent, Environment } from '../../../src/machine/events.ts';
import { targetName } from '../../../src/machine/lane.ts';
import { type DeployPath, inWords, type PathStep } from '../../../src/machine/paths.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import { type Replay, replay } from '../../../src/runtime/audit/replay.ts';
import type { TransitionRecord } from '../../../src/runtime/log/new-event.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import { type NewDeploy, requestDeploy } from '../../../src/runtime/loop/request.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import { canary, production, staging } from '../apps.ts';
import { targetOf } from '../lane-world.ts';
import { leaseMs } from '../scenario.ts';
import { PathProcess } from './process.ts';
import type { PathWorld } from './world.ts';

const lane = 'acme-web';
const ana = 'ana@acme.test';

export interface Driven {
  /** The steps that were recorded, without those that leave the deploy where it is. */
  readonly taken: readonly string[];
  readonly replayed: Replay;
  /** How many requests put code on production. */
  readonly writes: number;
  /** The commit that production runs in the end, and that of the canary. */
  readonly running: string | null;
  readonly onCanary: string | null;
}

export async function drive(world: PathWorld, path: DeployPath): Promise<Driven> {
  await world.begin();
  try {
    return await world.run(new Drive(world, path).toTheEnd());
  } finally {
    await world.end();
  }
}

class Drive {
  readonly #world: PathWorld;
  readonly #path: DeployPath;
  #left: readonly PathStep[];
  readonly #taken: string[] = [];
  /** What the next step needs; services wait for it. */
  #ready: Promise<void> = Promise.resolve();
  /** Another deploy that holds the lane. One that is dead gives it back to nobody: its lease runs out. */
  #holder: { process: PathProcess; deploy: string; isDead: boolean } | null = null;
  /** A newer build that waits, until it holds the lane. */
  #newer: Promise<void> = Promise.resolve();
  #others = 0;

  constructor(world: PathWorld, path: DeployPath) {
    this.#world = world;
    this.#path = path;
    this.#left = path.steps;
  }

  async toTheEnd(): Promise<Driven> {
    const { log } = this.#world;
    const wanted = requestOf(this.#path.request, this.#world);
    this.#arrange();
    await this.#ready;
    const { deploy } = await requestDeploy(log, wanted, new PathProcess(this.#world).run);
    for (let runs = 1; this.#left.length > 0; runs++) {
      if (runs > 5) throw new Error(`it does not come to ${inWords(this.#left[0] as PathStep)}`);
      if (this.#left[0]?.event.type === 'lock.lost') await this.#hold();
      if (this.#left[0]?.event.type === 'deploy.resumed') {
        await this.#ready;
        this.#world.isSwitchOn = true;
        const { run } = new PathProcess(this.#world);
        await resumeDeploy(log, deploy, {
          ...{ run, reason: 'it is mended' },
          madeBy: async () => null,
        });
        const [record] = (await log.readStream(deployStream(deploy))).slice(-1);
        this.#moved(record?.metadata.transition as unknown as TransitionRecord, 'deploy.resumed');
      }
      const process = new PathProcess(this.#world);
      await process.carry(
        deploy,
        (event, { metadata }) => {
          const moved = this.#moved(metadata.transition as unknown as TransitionRecord, event.type);
          if (moved && this.#left[0]?.event.type === 'lock.lost') process.kill();
        },
        () => this.#ready,
      );
    }
    await this.#ready;
    return {
      taken: this.#taken,
      replayed: await replay(log, deploy),
      writes: this.#world.writes.length,
      running: this.#world.running,
      onCanary: this.#world.runningOn(canary),
    };
  }

  /** @returns whether the event led elsewhere */
  #moved({ from, to }: TransitionRecord, type: string): boolean {
    if (from === to) return false;
    const taken = `${from} --${type}--> ${to}`;
    this.#taken.push(taken);
    const [expected] = this.#left;
    if (expected === undefined || inWords(expected) !== taken) {
      throw new Error(
        `${taken} rather than ${expected === undefined ? 'the end' : inWords(expected)}`,
      );
    }
    this.#left = this.#left.slice(1);
    this.#arrange();
    return true;
  }

  #arrange(): void {
    const [step] = this.#left;
    this.#ready = step === undefined ? Promise.resolve() : this.#prepare(step);
    this.#ready.catch(() => {});
  }

  #prepare({ from, event }: PathStep): Promise<void> {
    if (event.type === 'deploy.resumed') return this.#prepareResumed();
    if (from.startsWith('queued.')) return this.#prepareQueue(event.type);
    return this.#prepareVendors(from, event.type);
  }

  /** Who waits behind a dead holder is given the lane; another deploy takes it before this one queues again. */
  async #prepareResumed(): Promise<void> {
    const [, next] = this.#left;
    if (this.#holder?.isDead !== true || next?.event.type === 'lock.acquired') return;
    this.#holder = null;
    await this.#hold();
  }

  async #prepareQueue(type: DomainEvent['type']): Promise<void> {
    if (type === 'lock.acquired') {
      this.#answerAll();
      await this.#newer;
      return this.#release();
    }
    await this.#hold();
    if (type === 'deploy.failed') {
      // Its lease runs out, and what it had under way cannot be asked for.
      this.#killHolder();
      this.#refuseAll();
    }
    if (type === 'deploy.superseded') this.#newer = this.#newerComes();
  }

  async #prepareVendors(from: string, type: DomainEvent['type']): Promise<void> {
    const { commits, sandbox } = this.#world;
    switch (type) {
      case 'deploy.failed':
        if (!/\.(settling|baking)$/.test(from)) return this.#refuseAll();
        sandbox.control.endpointDown({ app: appAt(from), forever: true });
        return;
      case 'canary.restored':
        return this.#answerAll();
      case 'deploy.superseded':
        return this.#runs(commits.newer);
      case 'production.found':
        return this.#runs(commits.ours);
      case 'production.held':
        return this.#rollBack();
      case 'production.disabled':
        this.#world.isSwitchOn = false;
        return;
      case 'deploy.observed':
      case 'gates.passed':
      case 'canary.submitted':
      case 'production.submitted':
        return this.#mayShip();
      default:
        return;
    }
  }

  /** To the first code, or away from it. */
  #rollBack(): void {
    const { sandbox, commits, running } = this.#world;
    const releases = sandbox.world.app(production)?.releases ?? [];
    const first = releases.find((one) => sandbox.world.commitOf(one) === commits.root);
    const to = running === commits.root ? undefined : first?.version;
    const roll = { app: production, byUser: ana };
    sandbox.control.rollback(to === undefined ? roll : { ...roll, to });
  }

  /** Somebody puts that commit into production, unless it is there. */
  #runs(commit: string): void {
    if (this.#world.running === commit) return;
    this.#world.sandbox.control.deploy({ app: production, commit, byUser: ana });
  }

  /** Production runs an ancestor, and whatever took it back there is lifted. */
  async #mayShip(): Promise<void> {
    this.#answerAll();
    const { commits, running, log } = this.#world;
    const { root, base } = commits;
    if (running === base && this.#path.turn === null) return;
    if (running !== root) this.#runs(base);
    const data = {
      target: targetName(targetOf(production)),
      release: this.#world.runningRelease,
      actor: ana,
      observed: 'claimed',
      reason: 'it is mended',
    };
    const event = newEvent({ type: 'rollback.lifted', data }, new PathProcess(this.#world).run);
    await log.append([{ stream: laneStream(lane), expected: 'any', events: [event] }]);
  }

  /** Heroku refuses every request from now on. */
  #refuseAll(): void {
    const { control } = this.#world.sandbox;
    control.fault({ service: 'heroku', kind: 'status', status: 403, times: 1_000 });
  }

  #answerAll(): void {
    this.#world.sandbox.control.clearFaults({});
  }

  async #hold(): Promise<void> {
    // Whatever it failed by, the other one takes the lane.
    this.#answerAll();
    if (this.#holder !== null) return;
    this.#others += 1;
    const deploy = `other-${this.#others}`;
    const process = new PathProcess(this.#world);
    this.#holder = { process, deploy, isDead: false };
    await process.takeLane(this.#asOther(deploy, this.#world.commits.root));
  }

  async #release(): Promise<void> {
    const holder = this.#holder;
    this.#holder = null;
    if (holder?.isDead === false) await holder.process.giveLaneBack(holder.deploy, lane);
  }

  #killHolder(): void {
    if (this.#holder === null) return;
    this.#holder.process.kill();
    this.#holder.isDead = true;
  }

  /** A newer build waits, too, and is given the lane as soon as it is free. */
  async #newerComes(): Promise<void> {
    const { time, commits } = this.#world;
    await time.sleep(2_000);
    this.#others += 1;
    const deploy = `newer-${this.#others}`;
    const process = new PathProcess(this.#world);
    const taken = process.takeLane(this.#asOther(deploy, commits.newer));
    await time.sleep(leaseMs / 4);
    await this.#release();
    await taken;
    this.#holder = { process, deploy, isDead: false };
  }

  #asOther(deploy: string, commit: string): ServiceInput<'acquireLock'> {
    const { stacking, lock } = this.#path.request.settings;
    const { build } = this.#path.request;
    return { deploy, lane, commit, branch: 'master', build, stacking, lock, purpose: 'deploy' };
  }
}

const apps = { staging, canary, production } as const;

/** Whose checks run in that state. */
const appAt = (state: string): string => {
  if (state.includes('.canary.')) return canary;
  return state.startsWith('production') ? production : staging;
};

/** What the path was searched with, in this world. */
function requestOf({ settings, build }: DeployRequest, { sandbox, commits }: PathWorld): NewDeploy {
  const at = (service: keyof typeof apps, environment: Environment): Environment => ({
    ...environment,
    target: targetOf(apps[service]),
    bakeMs: Math.min(environment.bakeMs, 5_000),
    verify: {
      instances: { timeoutMs: 60_000, settleMs: 5_000 },
      waive: [],
      endpoints: [
        {
          url: `${sandbox.urls[service]}/`,
          status: 200,
          timeoutMs: 20_000,
          successes: 1,
          body: null,
          header: null,
          revision: { header: 'x-revision' },
        },
      ],
    },
  });
  return {
    lane,
    branch: 'master',
    commit: { sha: commits.ours, title: 'Ours', author: 'Ana' },
    build,
    settings: {
      ...settings,
      lock: { provider: 'store', timeoutMs: 20 * 60_000, leaseMs },
      repository: null,
      staging: settings.staging && at('staging', settings.staging),
      canary: settings.canary && at('canary', settings.canary),
      production: at('production', settings.production),
    },
    override: null,
  };
}
