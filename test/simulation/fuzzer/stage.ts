/** The world of one fuzzed deploy: two apps with a past, people who act while it runs, and what is true of it. */
import { type KillSwitchReading, readKillSwitch } from '../../../src/cli/config/kill-switch.ts';
import type { HttpResponse } from '../../../src/effects/http/request.ts';
import type { App, FormationType, Release } from '../../../src/sandbox/heroku/state.ts';
import type { HerokuWorld } from '../../../src/sandbox/heroku/world.ts';
import { createSandbox, type Sandbox } from '../../../src/sandbox/server.ts';
import { production, staging } from '../apps.ts';
import type { VirtualTime } from '../virtual-time.ts';
import type { Commits } from './commits.ts';

/** When something happens while the deploy runs: at the first event of that type, or so long after the start. */
export interface Happening {
  readonly when: string;
  readonly afterMs?: number;
  readonly what: (stage: Stage) => void;
}

/** Changes a true answer into another true one. @param path of the request, with its query */
export type Dress = (path: string, answer: HttpResponse, stage: Stage) => HttpResponse;

export class Stage {
  readonly sandbox: Sandbox;
  readonly commits: Commits;
  readonly time: VirtualTime;
  switchOn = true;
  /** How long ago the story so far took place; 0 once the deploy begins. */
  #beforeMs = 30 * 24 * 3_600_000;
  /** When somebody last did something while the deploy ran: milliseconds since the epoch. */
  actedAt = Number.NEGATIVE_INFINITY;
  /** Ids of goings-back that a person took back. */
  readonly lifted = new Set<string>();
  readonly #down = new Set<string>();

  /** @param generation of both apps */
  constructor(commits: Commits, time: VirtualTime, generation: App['generation'] = 'cedar') {
    this.commits = commits;
    this.time = time;
    this.sandbox = createSandbox({
      now: () => time.now() - this.#beforeMs,
      timing: { buildMs: 1_500, releasePhaseMs: 1_500, promotionMs: 1_500, dynoBootMs: 1_500 },
      repositoryPath: commits.repositoryPath,
      generations: { staging: generation, production: generation },
    });
    // A young app: each release of its list is spoilt in each way.
    for (const { releases } of this.world.apps) releases.splice(1);
  }

  get world(): HerokuWorld {
    return this.sandbox.world;
  }

  get staging(): App {
    return appOf(this.world, staging);
  }

  get production(): App {
    return appOf(this.world, production);
  }

  /** Lets time pass in the story so far. */
  later(ms = 3_600_000): void {
    this.#beforeMs -= ms;
    this.world.settle();
  }

  /** A build of that commit, released to the app. */
  built(app: App, commit: string): Release {
    const blank = { url: '', description: 'lockstep 1', checksum: null };
    this.world.build(app, { ...blank, version: commit });
    this.later();
    return currentOf(this.world, app);
  }

  /** What staging runs, promoted to production. */
  promoted(): Release {
    const release = currentOf(this.world, this.staging);
    this.world.pipeline.promote({ app: this.staging, release }, [this.production]);
    this.later();
    return currentOf(this.world, this.production);
  }

  /** A commit went to production by way of staging, and somebody changed config. */
  past(last: string): void {
    this.built(this.staging, last);
    this.promoted();
    this.world.setConfig(this.production, { FEATURE: '1' }, 'bo@acme.test');
    this.later();
  }

  /** Somebody puts a commit there, by no pipeline. */
  deployedByHand(app: App, commit: string): Release {
    const slug = this.world.slug(commit).id;
    const description = `Deploy ${commit.slice(0, 8)}`;
    return this.world.release(app, { slug, description, by: 'bo@acme.test' });
  }

  formation(app: App, ...types: readonly FormationType[]): void {
    app.formation = types;
  }

  killSwitch(): KillSwitchReading {
    const env = { PRODUCTION_CD_ENABLED: String(this.switchOn) };
    return readKillSwitch('PRODUCTION_CD_ENABLED', env, true);
  }

  /** What serves the app's endpoint answers 500. */
  down(app: App): void {
    this.sandbox.control.endpointDown({ app: app.name, status: 500, forever: true });
    this.#down.add(app.name);
  }

  up(app: App): void {
    this.sandbox.control.endpointUp({ app: app.name });
    this.#down.delete(app.name);
  }

  isDown(app: App): boolean {
    return this.#down.has(app.name);
  }

  begin(): void {
    this.#beforeMs = 0;
    this.world.settle();
  }

  act(what: (stage: Stage) => void): void {
    what(this);
    this.actedAt = this.time.now();
  }
}

function appOf(world: HerokuWorld, name: string): App {
  const app = world.app(name);
  if (app === undefined) throw new Error(`the sandbox has no app ${name}`);
  return app;
}

function currentOf(world: HerokuWorld, app: App): Release {
  const release = world.current(app);
  if (release === undefined) throw new Error(`${app.name} runs nothing`);
  return release;
}
