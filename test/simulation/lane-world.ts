/** One lane's outside world in a simulation: its Heroku, its repository, its kill switch, and the way there. */

import { gzipSync } from 'node:zlib';
import { type KillSwitchReading, readKillSwitch } from '../../src/cli/config/kill-switch.ts';
import { NoAnswer } from '../../src/effects/http/errors.ts';
import type { HttpResponse, Transport } from '../../src/effects/http/request.ts';
import { heroku } from '../../src/effects/targets/heroku/vendor.ts';
import type { TargetSettings } from '../../src/machine/events.ts';
import { type HerokuState, herokuState } from '../../src/sandbox/sandbox-state.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { type AppName, apps, production, type WireFault, type Write } from './apps.ts';
import { CiWorld } from './ci-world.ts';
import { CommitGraph } from './commit-graph.ts';
import { HealthTruth } from './health-truth.ts';
import { killSwitch, otherSwitch, RulesWorld } from './rules.ts';
import { defaultHabits, type Habits, type Scenario } from './scenario.ts';
import { TeamHost } from './team/host.ts';
import { type TeamOptions, TeamPrograms } from './team/programs.ts';
import type { VirtualTime } from './virtual-time.ts';

/** An app of Heroku as settings name it. */
export const targetOf = (app: string): TargetSettings => ({
  kind: 'heroku',
  name: app,
  settings: {},
});
/** An app that the team's own programs serve. */
const servedOf = (app: string): TargetSettings => ({
  kind: 'command',
  name: app,
  settings: {
    environment: app.replace('acme-', ''),
    ...{ deploy: ['deploy'], current: ['current'], health: ['health'], restore: ['restore'] },
    waive: [],
  },
});
export const archive = gzipSync(Buffer.alloc(512));

const wireMs = 15;

export class LaneWorld {
  readonly name: string;
  readonly releasePhase: string | null;
  readonly releasePhaseMs: number;
  readonly graph: CommitGraph;
  readonly health = new HealthTruth();
  /** The paths that Heroku was asked for, in turn. */
  readonly reads: string[] = [];
  /** What befalls Heroku's reads, and from which on. */
  outage: Scenario['outage'] = undefined;
  #outageUntil = 0;
  /** Until when lists show nothing new. */
  lagsUntil = 0;
  readonly sandbox: Sandbox;
  /** What the team's programs work on; null: its apps are on Heroku. */
  readonly host: TeamHost | null;
  /** Whose list of builds is the lock; null: the log is. */
  readonly ci: CiWorld | null;
  readonly #habits: Habits | null;
  readonly #time: VirtualTime;
  tip: string;
  readonly rules: RulesWorld;
  /** By id: the releases that people made at production, past Lockstep. */
  readonly madeByPeople = new Map<string, 'rollback' | 'code' | 'config'>();
  switchOn = true;
  /** When what forbids production came to be so; the past forgives nobody who read before that. */
  switchedAt = 0;

  /** @param of how long each release of either app is pending, 0: it is there at once; what the apps are on; and its commits */
  constructor(
    name: string,
    time: VirtualTime,
    of: Pick<Scenario, 'releasePhaseMs' | 'on' | 'habits' | 'lock'> = {},
    graph = new CommitGraph(),
  ) {
    const { releasePhaseMs = 0, on = 'cedar', habits = defaultHabits, lock = 'store' } = of;
    const generation = on === 'fir' ? 'fir' : 'cedar';
    this.name = name;
    this.graph = graph;
    this.#time = time;
    this.releasePhase = releasePhaseMs > 0 ? 'rake db:migrate' : null;
    this.releasePhaseMs = Math.max(3_000, releasePhaseMs);
    this.rules = new RulesWorld(name);
    this.sandbox = createSandbox({
      now: time.now,
      generations: { staging: generation, production: generation },
      timing: {
        buildMs: 9_000,
        releasePhaseMs: this.releasePhaseMs,
        promotionMs: 2_500,
        dynoBootMs: 3_000,
      },
    });
    this.host = on === 'command' ? new TeamHost(this.sandbox, time) : null;
    this.#habits = on === 'command' ? habits : null;
    this.tip = this.graph.commit(null);
    this.ci = lock === 'store' ? null : new CiWorld(lock, this.sandbox, this.tip);
    for (const app of apps) {
      this.sandbox.control.seed({ app, commit: this.tip });
      this.sandbox.control.setReleasePhase({ app, command: this.releasePhase });
    }
  }

  /** Of the traffic, that its canary is given one after the other; null: it has its own. */
  get shares(): readonly number[] | null {
    return this.#habits?.shares ?? null;
  }

  /** What is there, whoever keeps it. */
  state(): HerokuState {
    return this.host?.state() ?? herokuState(this.sandbox.world);
  }

  /** An app as settings name it. */
  targetOf = (app: string): TargetSettings => (this.host === null ? targetOf(app) : servedOf(app));

  /** The team's programs, as a deploy's process runs them; null: there are none. */
  programs(
    deploy: string,
    of: Pick<TeamOptions, 'fault' | 'random' | 'spoil'>,
    onWrite: (write: Write) => void,
  ): TeamPrograms | null {
    const [host, habits] = [this.host, this.#habits];
    if (host === null || habits === null) return null;
    return new TeamPrograms({
      ...{ ...of, host, habits, time: this.#time },
      onWrite: (write) => onWrite({ at: this.#time.now(), deploy, ...write }),
      onLook: (what, app) => this.#looked(what, deploy, app),
    });
  }

  /** Lists show nothing new for so long. */
  lag(app: AppName, forMs: number): void {
    this.lagsUntil = this.#time.now() + forMs;
    this.host?.freeze(app, forMs);
    this.sandbox.control.staleReads({ app, forMs });
  }

  /** What people did by that release of production, also by an order; undefined: it is nobody's but a deploy's. */
  madeBy(id: string): 'rollback' | 'code' | 'config' | undefined {
    const release = this.state().apps[production]?.releases.find((one) => one.id === id);
    const isOrdered = release?.description.startsWith('Rollback') === true;
    return this.madeByPeople.get(id) ?? (isOrdered ? 'rollback' : undefined);
  }

  turnSwitch(on: boolean): void {
    if (on === this.switchOn) return;
    this.switchOn = on;
    this.switchedAt = this.#time.now();
  }

  killSwitch(name: string): KillSwitchReading {
    return readKillSwitch(
      name,
      { [killSwitch]: String(this.switchOn), [otherSwitch]: 'true' },
      true,
    );
  }

  /** Carries a deploy's requests: a moment on the wire each way, and whatever `fault` says. */
  transport(deploy: string, fault: () => WireFault, onWrite: (write: Write) => void): Transport {
    const carried: Transport = async (request) => {
      const url = new URL(request.url);
      const what = fault();
      await this.#time.sleep(wireMs, request.signal);
      await this.#befallRead(request);
      if (what === 'reset') throw new NoAnswer('the connection was reset', false);
      if (what === 'status-503') return plain(503, '<html>Application Error</html>');
      if (what === 'rate-limit') return plain(429, '{"id":"rate_limit","message":"too many"}');
      const written = this.#writtenTo(request, url.pathname);
      if (written !== null) {
        onWrite({ at: this.#time.now(), deploy, isAgain: false, ...written });
      }
      const response = await this.#time.during(this.#carry(request, url));
      this.#look(deploy, request.method, url.pathname);
      await this.#time.sleep(wireMs, request.signal);
      if (what === 'lost-reply') throw new NoAnswer('the connection was reset', true);
      return response;
    };
    return (request) =>
      carried(request).catch((error: unknown) => {
        if (error instanceof Unavailable) return plain(503, '<html>Application Error</html>');
        throw error;
      });
  }

  /** @throws NoAnswer, or what stands for a status of 503 */
  async #befallRead(request: Parameters<Transport>[0]): Promise<void> {
    if (request.vendor !== heroku || request.method !== 'GET') return;
    this.reads.push(new URL(request.url).pathname);
    const { outage } = this;
    if (outage === undefined) return;
    if (this.reads.length === outage.atRead) this.#outageUntil = this.#time.now() + outage.forMs;
    if (this.#time.now() >= this.#outageUntil) return;
    if (outage.as === 'no-answer') await this.#time.sleep(3_600_000, request.signal);
    if (outage.as === 'reset') throw new NoAnswer('the connection was reset', true);
    throw new Unavailable();
  }

  #writtenTo(
    { method, body }: Parameters<Transport>[0],
    path: string,
  ): Pick<Write, 'app' | 'restores'> | null {
    if (method !== 'POST') return null;
    if (path === '/pipeline-promotions') {
      const { targets } = JSON.parse(String(body)) as { targets: [{ app: { id: string } }] };
      const to = this.sandbox.world.apps.find(({ id }) => id === targets[0].app.id);
      const app = apps.find((name) => name === to?.name);
      return app === undefined ? null : { app, restores: null };
    }
    const [, named, what] = /^\/apps\/([^/]+)\/(builds|releases)$/.exec(path) ?? [];
    const app = apps.find((name) => name === named);
    if (app === undefined) return null;
    if (what !== 'releases') return { app, restores: null };
    return { app, restores: (JSON.parse(String(body)) as { release: string }).release };
  }

  /** Keeps what was true when a deploy read an app's dynos or releases. */
  #look(deploy: string, method: string, path: string): void {
    if (method !== 'GET') return;
    const read = /^\/apps\/([^/]+)\/(dynos|releases)(\/|$)/.exec(path);
    const name = apps.find((one) => one === read?.[1]);
    if (read === null || name === undefined) return;
    this.#looked(read[2] === 'dynos' ? 'dynos' : 'releases', deploy, name);
  }

  #looked(what: 'dynos' | 'releases', deploy: string, name: AppName): void {
    const app = this.state().apps[name];
    if (app === undefined) return;
    const lags = this.#time.now() < this.lagsUntil;
    this.health.looked(what, deploy, name, { at: this.#time.now(), app, lags });
  }

  async #carry(request: Parameters<Transport>[0], url: URL): Promise<HttpResponse> {
    const { method, headers, body } = request;
    const answer = await this.sandbox.fetch(
      this.sandbox.serviceOf(url),
      new Request(url, {
        method,
        headers: { ...headers },
        ...(body === undefined ? {} : { body: body as string }),
      }),
    );
    return {
      status: answer.status,
      headers: {
        ...Object.fromEntries(answer.headers),
        date: new Date(this.#time.now()).toUTCString(),
      },
      body: await answer.text(),
    };
  }
}

/** Stands for an answer of 503. */
class Unavailable extends Error {}

function plain(status: number, body: string): HttpResponse {
  return { status, headers: {}, body };
}
