/** The sandbox's Heroku as a test wants it to be: apps, and what happened to them before, set by hand. */

import type { Clock } from '../../../../src/effects/clock.ts';
import type {
  App,
  Build,
  Dyno,
  Generation,
  Promotion,
  Release,
} from '../../../../src/sandbox/heroku/state.ts';
import { defaultTiming, type Timing, user } from '../../../../src/sandbox/heroku/state.ts';
import { HerokuWorld } from '../../../../src/sandbox/heroku/world.ts';
import { createIds } from '../../../../src/sandbox/ids.ts';
import { createVirtualClock } from '../../virtual-clock.ts';

export interface HandSetOptions {
  readonly clock?: Clock;
  /** How far Heroku's clock is ahead of that. */
  readonly aheadMs?: number;
  /** The pipeline's, and that of apps of which nothing else is said. */
  readonly generation?: Generation;
}

/** A build that was asked for, in the words of `POST /apps/{app}/builds`. */
interface Asked {
  /** `source_blob.version`: its commit. */
  readonly version?: string;
  /** `source_blob.version_description`: the key of the deploy that asked. */
  readonly mark?: string | null;
}

export class HandSetHeroku {
  readonly clock: Clock;
  /** Heroku itself: its laws, and all that it knows. */
  readonly heroku: HerokuWorld;
  readonly #aheadMs: number;
  readonly #generation: Generation;

  constructor(options: HandSetOptions = {}) {
    const { clock = createVirtualClock(), aheadMs = 0, generation = 'cedar' } = options;
    this.clock = clock;
    this.#aheadMs = aheadMs;
    this.#generation = generation;
    this.heroku = new HerokuWorld({
      now: () => clock.now() + aheadMs,
      newId: createIds(),
      timing: defaultTiming,
      generation,
    });
  }

  get promotions(): readonly Promotion[] {
    return this.heroku.pipeline.promotions;
  }

  set timing(timing: Partial<Timing>) {
    this.heroku.timing = { ...this.heroku.timing, ...timing };
  }

  /** By Heroku's clock, in milliseconds since the epoch: now, or what the world's clock calls so. */
  at(ms = this.clock.now()): number {
    return ms + this.#aheadMs;
  }

  /** In the pipeline, with one web dyno wanted, and nothing released yet. */
  app(name: string, over: Partial<App> = {}): App {
    const { generation = this.#generation, ...rest } = over;
    const made = this.heroku.addApp({ name, stage: 'production', generation });
    return Object.assign(made, { formation: [{ type: 'web', quantity: 1 }] }, rest);
  }

  /** The id of what a build makes: a slug, or an image of an app on Fir. */
  slug(commit: string | null): string {
    this.heroku.settle();
    return this.heroku.slug(commit).id;
  }

  /** A release of the past; one that is pending stays so until a test ends it. */
  release(app: App, slug: string | null, over: Partial<Release> = {}): Release {
    const createdAt = over.createdAt ?? this.at();
    const made: Release = {
      id: this.heroku.newId(),
      version: (app.releases.at(-1)?.version ?? 0) + 1,
      slug,
      description: 'Deploy aaaaaaaa',
      by: user,
      config: app.config,
      createdAt,
      phase: null,
      status: 'succeeded',
      updatedAt: createdAt,
      ...over,
    };
    app.releases.push(made);
    return made;
  }

  /** A release whose release phase has just begun, and ends so after a while. */
  phase(app: App, slug: string, endsAs: 'succeeded' | 'failed' = 'succeeded'): Release {
    this.nextPhases(app, endsAs);
    this.heroku.settle();
    const made = this.heroku.release(app, { slug, description: 'Deploy aaaaaaaa' });
    app.releasePhase = null;
    return made;
  }

  /** The app has a release phase from now on, whose next one ends so. */
  nextPhases(app: App, endsAs: 'succeeded' | 'failed' | 'never' = 'succeeded'): void {
    app.releasePhase = 'rake db:migrate';
    app.next.phaseFails = endsAs === 'failed';
    const releasePhaseMs = endsAs === 'never' ? Number.POSITIVE_INFINITY : 10_000;
    this.timing = { releasePhaseMs };
  }

  /** As `heroku rollback` does. */
  rollback(app: App, to: Release): Release {
    return this.release(app, to.slug, { description: `Rollback to v${to.version}` });
  }

  /** A build of the past; one that is pending stays so until a test ends it. */
  build(app: App, over: Partial<Build> & Asked = {}): Build {
    const { version = 'a'.repeat(40), mark = null, ...rest } = over;
    const at = this.at();
    const made: Build = {
      id: this.heroku.newId(),
      source: { url: 'https://acme.test/', version, description: mark, checksum: null },
      createdAt: at,
      endsAt: at,
      by: user,
      status: 'pending',
      updatedAt: at,
      slug: null,
      release: null,
      output: null,
      ...rest,
    };
    app.builds.push(made);
    return made;
  }

  /** A build that has just begun, and ends so after a while. */
  building(app: App, endsAs: 'succeeded' | 'failed' = 'succeeded', asked: Asked = {}): Build {
    const { version = 'a'.repeat(40), mark = null } = asked;
    app.next.buildFails = endsAs === 'failed';
    this.heroku.settle();
    const source = { url: 'https://acme.test/', version, description: mark, checksum: null };
    return this.heroku.build(app, source);
  }
}

/** A dyno of the app's release of that version, up when nothing else is said. */
export function dyno(app: App, name: string, version: number, over: Partial<Dyno> = {}): Dyno {
  const release = app.releases.find((one) => one.version === version);
  if (release === undefined) throw new Error(`${app.name} has no release v${version}`);
  const type = name.split(/[.-]/)[0] ?? '';
  return {
    id: `dyno-${name}-${version}`,
    name,
    type,
    command: `bundle exec ${type}`,
    release,
    createdAt: release.createdAt,
    state: 'up',
    updatedAt: release.createdAt,
    ...over,
  };
}
