/**
 * The world that a path is driven through: the sandbox over real HTTP, a log, a small repository, and
 * virtual time, which stands while a request is under way.
 */
import { readKillSwitch } from '../../../src/cli/config/kill-switch.ts';
import type { Transport } from '../../../src/effects/http/request.ts';
import {
  type UndiciTransport,
  undiciTransport,
} from '../../../src/effects/http/undici-transport.ts';
import type { Received } from '../../../src/sandbox/journal.ts';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { canary, production, staging } from '../apps.ts';
import { CommitGraph } from '../commit-graph.ts';
import { VirtualTime } from '../virtual-time.ts';

type Generation = 'cedar' | 'fir';

const startMs = Date.UTC(2026, 0, 5, 9);
const dayMs = 24 * 3_600_000;
const longestMs = 12 * 3_600_000;

export class PathWorld {
  readonly sandbox: RunningSandbox;
  readonly #transport: UndiciTransport;
  readonly #clock: { time: VirtualTime };
  readonly graph = new CommitGraph();
  /** Each built on the one before: production ran the first, runs the second, and is to run the third. */
  readonly commits: {
    readonly root: string;
    readonly base: string;
    readonly ours: string;
    readonly newer: string;
  };
  log!: EventLog;
  isSwitchOn = true;

  /** @param generation of both apps */
  static async open(generation: Generation = 'cedar'): Promise<PathWorld> {
    const clock = { time: new VirtualTime(startMs) };
    const timing = { buildMs: 9_000, releasePhaseMs: 3_000, promotionMs: 2_500, dynoBootMs: 3_000 };
    const sandbox = await startSandbox({
      now: () => clock.time.now(),
      timing,
      generations: { staging: generation, production: generation },
    });
    return new PathWorld(sandbox, clock);
  }

  private constructor(sandbox: RunningSandbox, clock: { time: VirtualTime }) {
    this.sandbox = sandbox;
    this.#clock = clock;
    this.#transport = undiciTransport();
    const root = this.graph.commit(null);
    const base = this.graph.commit(root);
    const ours = this.graph.commit(base);
    this.commits = { root, base, ours, newer: this.graph.commit(ours) };
  }

  get time(): VirtualTime {
    return this.#clock.time;
  }

  /** As it is before each deploy, with a log of its own. */
  async begin(): Promise<void> {
    this.#clock.time = new VirtualTime(this.time.now() + dayMs);
    const { control } = this.sandbox;
    control.reset({});
    control.seed({ app: staging, commit: this.commits.base });
    for (const commit of [this.commits.root, this.commits.base]) {
      for (const app of [canary, production]) control.seed({ app, commit });
    }
    this.isSwitchOn = true;
    const { time } = this;
    this.log = await openLog('sqlite::memory:', { now: time.now, sleep: time.sleep });
  }

  async end(): Promise<void> {
    await this.log.close();
  }

  async close(): Promise<void> {
    await this.#transport.close();
    await this.sandbox.close();
  }

  /** Runs what takes virtual time to its end. @throws Error it has none */
  async run<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    if (!(await this.time.runUntil(() => isOver, this.time.now() + longestMs))) {
      throw new Error('the deploy never came to an end');
    }
    return over;
  }

  /** Real requests to real servers; the answers carry the world's time. */
  transport: Transport = async (request) => {
    const { time } = this;
    await time.sleep(5, request.signal);
    const answer = await time.during(this.#transport.send(request));
    return { ...answer, headers: { ...answer.headers, date: new Date(time.now()).toUTCString() } };
  };

  killSwitch = (name: string) => readKillSwitch(name, { [name]: String(this.isSwitchOn) }, true);

  /** The commit of what production runs. */
  get running(): string | null {
    return this.runningOn(production);
  }

  runningOn(name: string): string | null {
    const { world } = this.sandbox;
    const app = world.app(name);
    return app === undefined ? null : world.commitOf(world.current(app));
  }

  /** The id of the release that production runs. */
  get runningRelease(): string {
    const { world } = this.sandbox;
    const app = world.app(production);
    return (app && world.current(app)?.id) ?? '';
  }

  /** Requests that put code on production: builds there, and promotions to it. */
  get writes(): readonly Received[] {
    const { id } = this.sandbox.world.app(production) ?? {};
    const isPromotion = ({ path, body }: Received) =>
      path === '/pipeline-promotions' &&
      (body as { targets: { app: { id: string } }[] }).targets.some(({ app }) => app.id === id);
    return this.sandbox
      .requests()
      .filter(({ method }) => method === 'POST')
      .filter((one) => one.path === `/apps/${production}/builds` || isPromotion(one));
  }
}
