/** One lane's outside world in a simulation: its Heroku, its repository, its kill switch, and the way there. */

import { gzipSync } from 'node:zlib';
import { type KillSwitchReading, readKillSwitch } from '../../src/cli/config/kill-switch.ts';
import { NoAnswer } from '../../src/effects/http/errors.ts';
import type { HttpResponse, Transport } from '../../src/effects/http/request.ts';
import { heroku } from '../../src/effects/targets/heroku/vendor.ts';
import type { TargetSettings } from '../../src/machine/events.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { CommitGraph } from './commit-graph.ts';
import { HealthTruth } from './health-truth.ts';
import { killSwitch, otherSwitch, RulesWorld } from './rules.ts';
import type { Scenario } from './scenario.ts';
import type { VirtualTime } from './virtual-time.ts';

export const staging = 'acme-staging';
export const canary = 'acme-canary';
export const production = 'acme-production';
/** In the order in which a commit comes to them. */
export const apps = [staging, canary, production] as const;
export type AppName = (typeof apps)[number];
/** An app as settings name it. */
export const targetOf = (app: string): TargetSettings => ({
  kind: 'heroku',
  name: app,
  settings: {},
});
export const archive = gzipSync(Buffer.alloc(512));

/** What a request meets on its way, besides the vendor's answer. */
export type WireFault = 'none' | 'reset' | 'lost-reply' | 'status-503' | 'rate-limit';

/** A request that asks Heroku to put code on an app, as it arrived there. */
export interface Write {
  readonly at: number;
  readonly deploy: string;
  readonly app: AppName;
  /** It puts back what ran there before, in this release; null: it gives it something. */
  readonly restores: string | null;
}

const wireMs = 15;

export class LaneWorld {
  readonly name: string;
  readonly releasePhase: string | null;
  readonly graph = new CommitGraph();
  readonly health = new HealthTruth();
  /** How many reads Heroku was sent. */
  reads = 0;
  /** What befalls Heroku's reads, and from which on. */
  outage: Scenario['outage'] = undefined;
  #outageUntil = 0;
  /** Until when lists show nothing new. */
  lagsUntil = 0;
  readonly sandbox: Sandbox;
  readonly #time: VirtualTime;
  tip: string;
  readonly rules: RulesWorld;
  /** By id: the releases that people made at production, past Lockstep. */
  readonly madeByPeople = new Map<string, 'rollback' | 'code' | 'config'>();
  switchOn = true;
  /** When what forbids production came to be so; the past forgives nobody who read before that. */
  switchedAt = 0;

  /** @param of how long each release of either app is pending, 0: it is there at once; and of which generation both are */
  constructor(
    name: string,
    time: VirtualTime,
    of: Pick<Scenario, 'releasePhaseMs' | 'generation'> = {},
  ) {
    const { releasePhaseMs = 0, generation = 'cedar' } = of;
    this.name = name;
    this.#time = time;
    this.releasePhase = releasePhaseMs > 0 ? 'rake db:migrate' : null;
    this.rules = new RulesWorld(name);
    this.sandbox = createSandbox({
      now: time.now,
      generations: { staging: generation, production: generation },
      timing: {
        buildMs: 9_000,
        releasePhaseMs: Math.max(3_000, releasePhaseMs),
        promotionMs: 2_500,
        dynoBootMs: 3_000,
      },
    });
    this.tip = this.graph.commit(null);
    for (const app of apps) {
      this.sandbox.control.seed({ app, commit: this.tip });
      this.sandbox.control.setReleasePhase({ app, command: this.releasePhase });
    }
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
      if (written !== null) onWrite({ at: this.#time.now(), deploy, ...written });
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
    this.reads += 1;
    const { outage } = this;
    if (outage === undefined) return;
    if (this.reads === outage.atRead) this.#outageUntil = this.#time.now() + outage.forMs;
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
    const app = read === null ? undefined : this.sandbox.state().apps[read[1] ?? ''];
    if (read === null || app === undefined) return;
    const what = read[2] === 'dynos' ? 'dynos' : 'releases';
    const lags = this.#time.now() < this.lagsUntil;
    this.health.looked(what, deploy, read[1] ?? '', { at: this.#time.now(), app, lags });
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
