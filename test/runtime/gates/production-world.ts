/** Two apps at the sandbox's Heroku with a history in git, and the chart's services as the runtime binds them. */
import type { Ports } from '../../../src/effects/ports.ts';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import {
  emptyLane,
  foldLane,
  type LaneEvent,
  type Rollback,
  targetName,
} from '../../../src/machine/lane.ts';
import { type ProtectedSettings, protectedOf } from '../../../src/machine/protected-settings.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { GatesInput } from '../../../src/machine/services.ts';
import { goingBack } from '../../../src/runtime/gates/going-back.ts';
import { observeSettled } from '../../../src/runtime/gates/production.ts';
import type { ServiceTable } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import type { App, Release } from '../../../src/sandbox/heroku/state.ts';
import { archive } from '../../effects/tarball.ts';
import { SandboxHeroku } from '../../effects/targets/heroku/sandbox-heroku.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';

export const [staging, production] = ['acme-staging', 'acme-production'] as const;
export const targetOf = (name: string) => ({ kind: 'heroku', name, settings: {} });
export const artifactOf = (id: string, commit: string | null = null) => ({
  kind: 'slug',
  id,
  digest: null,
  commit,
});
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' };

export class ProductionWorld {
  readonly graph = new CommitGraph();
  readonly clock = createVirtualClock({ holdMs: 20_000 });
  readonly heroku = new SandboxHeroku({ clock: this.clock });
  readonly staging: App;
  readonly production: App;
  /** What production runs at first, and what the deploy is of. */
  readonly running: string;
  readonly commit: string;
  switchOn = true;
  lane = emptyLane;
  /** Of deploys in the log, by their id; and another lane of it that deploys to production. */
  readonly lanes = new Map<string, string>();
  otherLane: string | null = null;
  /** Digests that the environment accepts. */
  readonly accepted = new Set<string>();
  isLogKept = true;
  /** Whose runs are alive. */
  readonly living = new Set<string>();
  /** Called whenever somebody waits, with how long for. */
  onSleep: (ms: number) => void = () => {};

  private constructor() {
    const { graph, heroku } = this;
    this.running = graph.commit(null);
    this.commit = graph.commit(this.running);
    this.staging = heroku.app(staging);
    this.production = heroku.app(production);
    for (const app of [this.staging, this.production]) {
      heroku.release(app, null, { description: 'Initial release' });
      heroku.release(app, heroku.slug(this.running), { description: 'Deploy 11111111' });
    }
    this.verified(this.running);
  }

  static async create(): Promise<ProductionWorld> {
    const world = new ProductionWorld();
    await world.heroku.start();
    return world;
  }

  close(): Promise<void> {
    return this.heroku.close();
  }

  get current(): Release {
    const current = this.production.releases.findLast(({ status }) => status === 'succeeded');
    if (current === undefined) throw new Error('production runs nothing');
    return current;
  }

  tell(event: LaneEvent): void {
    this.lane = foldLane(this.lane, event, this.lane.version + 1);
  }

  /** A deploy of the lane verified what production runs. */
  verified(commit: string, settings: ProtectedSettings | null = null): void {
    const { id, version, slug } = this.current;
    const release = { id, version: `v${version}` };
    const artifact = artifactOf(slug ?? '', commit);
    const target = targetName(targetOf(production));
    const data = { deploy: '501-11111111', target, commit, settings, release, artifact };
    this.tell({ type: 'lane.shipped', data });
  }

  /** Somebody releases that slug to production; of a new commit when it is left out. */
  released(description: string, slug: string, over: Partial<Release> = {}): Release {
    return this.heroku.release(this.production, slug, { description, ...over });
  }

  /** A person lets deploys go on in spite of it. */
  lift({ id }: Release): void {
    const data = { target: targetName(targetOf(production)), release: id, ...person };
    this.tell({ type: 'rollback.lifted', data });
  }

  /** A person orders a rollback, which waits for the lane. */
  order(rollback: string): void {
    const from = { id: this.current.id, version: `v${this.current.version}` };
    const to = { id: 'release-1', version: 'v1' };
    const data = { deploy: rollback, run: rollback, build: 'rollback', commit: '0'.repeat(40) };
    const ordered = { from, to, ...person, at: '2026-01-05T13:04:00.000Z' };
    this.tell({ type: 'lane.joined', data: { ...data, first: true, rollback: ordered } });
    this.living.add(rollback);
  }

  /** A rollback that was begun, and whose run is over. */
  begin(rollback: string, over: Partial<Rollback> = {}): void {
    const target = targetName(targetOf(production));
    const from = { id: this.current.id, version: `v${this.current.version}` };
    const to = { id: 'release-1', version: 'v1' };
    const data = { rollback, target, from, to, commit: null, ...person, ...over };
    this.tell({ type: 'rollback.begun', data });
  }

  giveUp(rollback: string): void {
    const to = { id: 'release-1', version: 'v1' };
    const data = { rollback, target: targetName(targetOf(production)), to, ...person };
    this.tell({ type: 'rollback.failed', data: { ...data, code: 'E_GIVEN_UP', message: '' } });
  }

  turnOff(): void {
    this.switchOn = false;
  }

  disable(): void {
    this.tell({ type: 'lane.disabled', data: person });
  }

  gates(over: Partial<GatesInput> = {}): GatesInput {
    return {
      lane: 'acme',
      target: targetOf(production),
      commit: this.commit,
      killSwitch: 'PRODUCTION_CD_ENABLED',
      passesOver: 'none',
      overridden: false,
      settings: protectedOf(samples['deploy.requested']),
      canary: null,
      sources: [targetOf(staging), targetOf(production)],
      ...over,
    };
  }

  get #effects() {
    return { targets: herokuTargets(this.heroku.client()), history: this.graph.history() };
  }

  get services(): ServiceTable {
    return createServices({
      usualStartMs: async () => null,
      ...this.#effects,
      http: this.ports.http,
      archive,
      readLane: async () => this.lane,
      hasRun: async (id) => this.living.has(id),
      killSwitch: (name) => ({
        on: this.switchOn,
        killSwitch: this.switchOn
          ? { name, state: 'true', why: null }
          : { name, state: 'not set', why: null },
      }),
      trust: {
        accepted: this.accepted,
        isLogKept: this.isLogKept,
        laneOf: async (deploy) => this.lanes.get(deploy) ?? null,
        otherLane: async () => this.otherLane,
      },
    });
  }

  /** Ports whose clock tells of every wait. */
  get ports(): Ports {
    const { clock } = this;
    return this.heroku.ports({
      clock: {
        now: clock.now,
        ran: clock.ran,
        sleep: (ms, signal) => clock.sleep(ms, signal),
      },
    });
  }

  /** What a service of the runtime is handed. */
  get runPorts() {
    const { clock } = this;
    const sleep: typeof clock.sleep = async (ms, signal) => {
      this.onSleep(ms);
      await clock.sleep(ms, signal);
    };
    return {
      clock: { now: clock.now, ran: clock.ran, sleep },
      signal: this.heroku.stop.signal,
      progress: (line: string) => void this.heroku.progress.push(line),
    };
  }

  /** What holds production as it is now. */
  async goingBack() {
    const { ports } = this;
    const { targets, history } = this.#effects;
    const target = targets(targetOf(production));
    const settled = await observeSettled(target, history, ports);
    return goingBack(target, settled, this.lane, history, ports);
  }

  readGates(over: Partial<GatesInput> = {}) {
    return this.services.readGates(this.gates(over), this.runPorts);
  }
}
