/** Two apps at a small Heroku with a history in git, and the chart's services as the runtime binds them. */

import type { History } from '../../../src/effects/history/history.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { createHeroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { emptyLane, foldLane, type LaneEvent } from '../../../src/machine/lane.ts';
import { type ProtectedSettings, protectedOf } from '../../../src/machine/protected-settings.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { GatesInput } from '../../../src/machine/services.ts';
import { goingBack } from '../../../src/runtime/gates/going-back.ts';
import { settledCode } from '../../../src/runtime/gates/production.ts';
import type { ServiceTable } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/services.ts';
import { HerokuStandIn } from '../../effects/targets/heroku/stand-in.ts';
import type { StandInApp, StandInRelease } from '../../effects/targets/heroku/world.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';

export const [staging, production] = ['acme-staging', 'acme-production'];
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' };

export class ProductionWorld {
  readonly graph = new CommitGraph();
  readonly heroku = new HerokuStandIn(createVirtualClock({ holdMs: 20_000 }));
  readonly staging: StandInApp;
  readonly production: StandInApp;
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

  get current(): StandInRelease {
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
    const release = { id, version };
    const data = { deploy: '501-11111111', app: production, commit, settings };
    this.tell({ type: 'lane.shipped', data: { ...data, release, slug: slug ?? '' } });
  }

  /** Somebody releases that slug to production; of a new commit when it is left out. */
  released(description: string, slug: string, over: Partial<StandInRelease> = {}): StandInRelease {
    return this.heroku.release(this.production, slug, { description, ...over });
  }

  /** A person lets deploys go on in spite of it. */
  lift({ id }: StandInRelease): void {
    this.tell({ type: 'rollback.lifted', data: { app: production, release: id, ...person } });
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
      app: production,
      commit: this.commit,
      killSwitch: 'PRODUCTION_CD_ENABLED',
      overridden: false,
      settings: protectedOf(samples['deploy.requested']),
      sources: [staging, production],
      ...over,
    };
  }

  get #effects() {
    const { graph } = this;
    const history: History = {
      relation: async (base, head) => graph.relation(base, head),
      notes: async (base, head) => graph.notes(base, head),
      fullId: async (named) => graph.fullId(named),
    };
    const heroku = createHeroku({ baseUrl: this.heroku.url, token: 'HRKU-token-12345678' });
    return { heroku, history };
  }

  get services(): ServiceTable {
    return createServices({
      ...this.#effects,
      http: this.ports.http,
      archive: async () => new TextEncoder().encode('a tarball'),
      readLane: async () => this.lane,
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
    const { clock } = this.heroku;
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
    const { clock } = this.heroku;
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
    const code = await settledCode(this.#effects, production, ports);
    return goingBack(production, code, this.lane, this.#effects, ports);
  }

  readGates(over: Partial<GatesInput> = {}) {
    return this.services.readGates(this.gates(over), this.runPorts);
  }
}
