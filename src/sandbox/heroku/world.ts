/** Heroku's laws: builds become slugs and releases, releases replace dynos; promotions are the pipeline's. */
import { Agenda } from './agenda.ts';
import { DynoManager } from './dyno-manager.ts';
import { Pipeline } from './pipeline.ts';
import {
  type App,
  type Build,
  type Database,
  type Generation,
  type NewRelease,
  type Release,
  type Slug,
  type Stage,
  type Timing,
  user,
} from './state.ts';

const stackOf = { cedar: 'heroku-24', fir: 'cnb' } as const;
const firSpace = { id: '00000034-89ab-4def-8123-456789abcdef', name: 'acme-fir', shield: false };

export interface NewApp {
  readonly name: string;
  /** Where it stands in the pipeline; null: it is in none. */
  readonly stage: Stage | null;
  readonly generation?: Generation;
  /** Default: as Heroku makes one of its name. */
  readonly webUrl?: string;
}

export class HerokuWorld {
  readonly newId: () => string;
  timing: Timing;
  readonly apps: App[] = [];
  readonly slugs = new Map<string, Slug>();
  readonly pipeline: Pipeline;
  /** What the account's token may do (Heroku Dev Center, OAuth). */
  tokenScope: readonly string[] = ['global'];
  readonly #agenda: Agenda;
  readonly #dynos: DynoManager;

  /** Without any app. @param options.now milliseconds since the epoch; @param options.generation the pipeline's */
  constructor(options: {
    now: () => number;
    newId: () => string;
    timing: Timing;
    generation?: Generation;
  }) {
    const { newId, generation = 'cedar' } = options;
    this.newId = newId;
    this.timing = options.timing;
    this.#agenda = new Agenda(options.now);
    this.#dynos = new DynoManager({ agenda: this.#agenda, newId, timing: () => this.timing });
    this.pipeline = new Pipeline({ world: this, agenda: this.#agenda, generation });
  }

  /** Brings the world up to now; to be called before it is looked at. */
  settle(): void {
    this.#agenda.settle();
  }

  /** Milliseconds since the epoch, once `settle` was called. */
  get now(): number {
    return this.#agenda.now;
  }

  app(nameOrId: string): App | undefined {
    return this.apps.find(({ id, name }) => id === nameOrId || name === nameOrId);
  }

  /** What runs: while a release is pending, and after one failed, the one before. */
  current(app: App): Release | undefined {
    return app.releases.findLast(({ status }) => status === 'succeeded');
  }

  commitOf(release: Release | undefined): string | null {
    return release?.slug == null ? null : (this.slugs.get(release.slug)?.commit ?? null);
  }

  slug(commit: string | null): Slug {
    const id = this.newId();
    const slug = { id, commit, original: id, createdAt: this.now };
    this.slugs.set(id, slug);
    return slug;
  }

  /** The same content under another id. */
  copyOf(slug: string): Slug {
    const { commit, original } = this.slugs.get(slug) ?? { commit: null, original: slug };
    const copy = { ...this.slug(commit), original };
    this.slugs.set(copy.id, copy);
    return copy;
  }

  /** Builds of one app go one after the other. */
  build(app: App, source: Build['source'], by = user): Build {
    const fails = app.next.buildFails;
    app.next.buildFails = false;
    const startsAt = Math.max(this.now, ...app.builds.map(({ endsAt }) => endsAt));
    const build: Build = {
      id: this.newId(),
      source,
      createdAt: this.now,
      endsAt: startsAt + this.timing.buildMs,
      by,
      status: 'pending',
      updatedAt: this.now,
      slug: null,
      release: null,
      output: null,
    };
    app.builds.push(build);
    this.#agenda.note(build.endsAt, () => {
      build.updatedAt = this.now;
      build.status = fails ? 'failed' : 'succeeded';
      if (!fails) this.#releaseBuild(app, build);
    });
    return build;
  }

  release(app: App, made: NewRelease): Release {
    const { slug, description, by = user, config = app.config, skipsPhase = false, onOver } = made;
    const phase = slug === null || skipsPhase ? null : app.releasePhase;
    const release: Release = {
      id: this.newId(),
      version: app.releases.length + 1,
      slug,
      description,
      by,
      config,
      createdAt: this.now,
      phase,
      status: 'pending',
      updatedAt: this.now,
    };
    app.releases.push(release);
    app.config = config;
    const over = (status: 'succeeded' | 'failed'): void => {
      this.#finish(app, release, status);
      onOver?.(release);
    };
    if (phase === null) {
      over('succeeded');
      return release;
    }
    const fails = app.next.phaseFails;
    app.next.phaseFails = false;
    this.#dynos.startPhase(app, release, phase);
    this.#agenda.note(this.now + this.timing.releasePhaseMs, () => {
      this.#dynos.endPhase(app);
      over(fails ? 'failed' : 'succeeded');
    });
    return release;
  }

  /** A new release of an older one's code and config vars (Heroku Platform API reference, Release, Rollback). */
  rollback(app: App, to: Release, by = user): Release {
    const { slug, config } = to;
    return this.release(app, { slug, config, by, description: `Rollback to v${to.version}` });
  }

  /** A change of config vars is a release of the same code; null removes one. */
  setConfig(app: App, vars: Readonly<Record<string, string | null>>, by = user): Release {
    const names = Object.keys(vars);
    const config = Object.fromEntries(
      Object.entries({ ...app.config, ...vars }).flatMap(([name, value]) =>
        value === null ? [] : [[name, value]],
      ),
    );
    const what = names.every((name) => vars[name] === null) ? 'Remove' : 'Set';
    const slug = this.current(app)?.slug ?? null;
    const description = `${what} ${names.join(', ')} config vars`;
    return this.release(app, { slug, config, by, description });
  }

  /** A formation's change starts and stops dynos of what runs; it makes no release. */
  scale(app: App, type: string, quantity: number): void {
    this.#dynos.scale(app, type, quantity, this.current(app));
  }

  /** One of the app's dynos that is up crashes now. */
  crashDyno(app: App): void {
    this.#dynos.crash(app);
  }

  /** One of the app's dynos is restarted. */
  restartDyno(app: App): void {
    this.#dynos.restart(app);
  }

  #releaseBuild(app: App, build: Build): void {
    const { version } = build.source;
    build.slug = this.slug(version !== null && /^[0-9a-f]{40}$/.test(version) ? version : null).id;
    // Heroku's documents do not say what a build without a version is called.
    const name = version ?? build.slug;
    const description = `Deploy ${name.slice(0, 8)}`;
    build.release = this.release(app, { slug: build.slug, description, by: build.by }).id;
  }

  #finish(app: App, release: Release, status: 'succeeded' | 'failed'): void {
    const before = this.current(app);
    release.status = status;
    release.updatedAt = this.now;
    // A later release may have overtaken this one's release phase.
    if (release.slug === null || this.current(app) !== release) return;
    this.#keepAnswering(app, before);
    this.#dynos.replace(app, release);
  }

  /** With preboot the code that answers goes on doing so; a release meanwhile starts the wait anew. */
  #keepAnswering(app: App, before: Release | undefined): void {
    const still = app.answering !== null && app.answering.until > this.now ? app.answering : null;
    const commit = still?.commit ?? this.commitOf(before);
    const isPrebooting = app.preboot && app.space === null;
    app.answering =
      isPrebooting && commit !== null ? { commit, until: this.now + this.timing.prebootMs } : null;
  }

  setDatabase(app: App, made: Omit<Database, 'id' | 'name'> | null): void {
    const { id = this.newId() } = app.database ?? {};
    app.database =
      made === null ? null : { ...made, id, name: `postgresql-${app.name.replace('acme-', '')}-1` };
  }

  /** An app that nothing was ever released to; one of another generation is not in the pipeline. */
  addApp({ name, stage, generation = 'cedar', webUrl }: NewApp): App {
    const app: App = {
      id: this.newId(),
      name,
      webUrl: webUrl ?? `https://${name}-0123456789ab.herokuapp.com/`,
      stage: stage ?? 'production',
      generation,
      stack: stackOf[generation],
      space: generation === 'fir' ? firSpace : null,
      createdAt: this.now,
      releases: [],
      builds: [],
      dynos: [],
      config: {},
      formation: [{ type: 'web', quantity: 2 }],
      preboot: false,
      maintenance: false,
      database: null,
      gitHub: null,
      releasePhase: null,
      answering: null,
      stale: null,
      next: { buildFails: false, phaseFails: false, dynoCrashes: false },
    };
    this.apps.push(app);
    this.pipeline.setStage(app, stage);
    return app;
  }
}
