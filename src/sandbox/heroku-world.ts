/**
 * Heroku's state and its laws: builds become slugs and releases, releases replace dynos, promotions
 * copy a slug. Nothing here runs on timers: whoever looks first brings the world up to now.
 */

export interface Timing {
  readonly buildMs: number;
  readonly releasePhaseMs: number;
  readonly promotionMs: number;
  readonly dynoBootMs: number;
  /** How long the old dynos still answer with preboot on (VENDORS.md 1.10: about three minutes). */
  readonly prebootMs: number;
}

export const defaultTiming: Timing = {
  buildMs: 800,
  releasePhaseMs: 400,
  promotionMs: 300,
  dynoBootMs: 300,
  prebootMs: 180_000,
};

export interface Slug {
  readonly id: string;
  readonly commit: string | null;
  readonly createdAt: number;
}

export interface Build {
  readonly id: string;
  readonly source: {
    url: string;
    version: string | null;
    description: string | null;
    checksum: string | null;
  };
  readonly createdAt: number;
  readonly endsAt: number;
  readonly fails: boolean;
  readonly by: string;
  status: 'pending' | 'succeeded' | 'failed';
  updatedAt: number;
  slug: string | null;
  release: string | null;
}

export interface Release {
  readonly id: string;
  readonly version: number;
  readonly slug: string | null;
  readonly description: string;
  readonly by: string;
  readonly createdAt: number;
  /** Whether a release phase ran or runs for it. */
  readonly phase: boolean;
  status: 'pending' | 'succeeded' | 'failed';
  updatedAt: number;
}

export interface Dyno {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly release: Release;
  readonly createdAt: number;
  state: 'starting' | 'up' | 'crashed';
  updatedAt: number;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly stage: 'staging' | 'production';
  readonly createdAt: number;
  readonly releases: Release[];
  readonly builds: Build[];
  dynos: Dyno[];
  config: Record<string, string>;
  formation: { type: string; quantity: number }[];
  preboot: boolean;
  maintenance: boolean;
  /** The release phase's command; null: there is none. */
  releasePhase: string | null;
  /** The code that answers besides the new one with preboot, and until when. */
  answering: { commit: string | null; until: number } | null;
  /** Lists show nothing that was made between these two instants, while the second is to come. */
  stale: { from: number; until: number } | null;
  /** What comes next, once. */
  next: { buildFails: boolean; phaseFails: boolean; dynoCrashes: boolean };
}

export interface PromotionTarget {
  readonly id: string;
  readonly app: App;
  status: 'pending' | 'succeeded' | 'failed';
  error: string | null;
  release: Release | null;
}

export interface Promotion {
  readonly id: string;
  readonly source: { app: App; release: Release };
  readonly targets: PromotionTarget[];
  readonly createdAt: number;
  updatedAt: number | null;
}

export const user = 'deploy@acme.test';

/** Due at an instant; carried out, in order, when somebody looks at the world at or after it. */
interface Due {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

export class HerokuWorld {
  readonly newId: () => string;
  readonly #clock: () => number;
  timing: Timing;
  readonly apps: App[];
  readonly slugs = new Map<string, Slug>();
  readonly promotions: Promotion[] = [];
  readonly pipeline: {
    id: string;
    name: string;
    couplings: Map<string, string>;
    createdAt: number;
  };
  nextPromotion: 'succeeds' | 'fails' | 'fails-in-part' = 'succeeds';
  #due: Due[] = [];
  #order = 0;
  /** The instant that is being lived through while dues are carried out. */
  #at: number;

  constructor(options: { now: () => number; newId: () => string; timing: Timing }) {
    this.newId = options.newId;
    this.#clock = options.now;
    this.#at = options.now();
    this.timing = options.timing;
    const createdAt = this.#at;
    this.apps = (['staging', 'production'] as const).map((stage) =>
      this.#newApp(`acme-${stage}`, stage),
    );
    this.pipeline = {
      id: this.newId(),
      name: 'acme',
      couplings: new Map(this.apps.map(({ id }) => [id, this.newId()])),
      createdAt,
    };
  }

  /** Brings the world up to now. */
  settle(): void {
    const now = this.#clock();
    for (;;) {
      const first = this.#due[0];
      if (first === undefined || first.at > now) break;
      this.#due.shift();
      this.#at = Math.max(this.#at, first.at);
      first.act();
    }
    this.#at = Math.max(this.#at, now);
  }

  /** Milliseconds since the epoch, once `settle` was called. */
  get now(): number {
    return this.#at;
  }

  app(nameOrId: string): App | undefined {
    return this.apps.find(({ id, name }) => id === nameOrId || name === nameOrId);
  }

  current(app: App): Release | undefined {
    return app.releases.findLast(({ status }) => status === 'succeeded');
  }

  commitOf(release: Release | undefined): string | null {
    return release?.slug == null ? null : (this.slugs.get(release.slug)?.commit ?? null);
  }

  slug(commit: string | null): Slug {
    const slug = { id: this.newId(), commit, createdAt: this.#at };
    this.slugs.set(slug.id, slug);
    return slug;
  }

  /** Builds of one app go one after the other. */
  build(app: App, source: Build['source'], by = user): Build {
    const fails = app.next.buildFails;
    app.next.buildFails = false;
    const startsAt = Math.max(this.#at, ...app.builds.map(({ endsAt }) => endsAt));
    const build: Build = {
      id: this.newId(),
      source,
      createdAt: this.#at,
      endsAt: startsAt + this.timing.buildMs,
      fails,
      by,
      status: 'pending',
      updatedAt: this.#at,
      slug: null,
      release: null,
    };
    app.builds.push(build);
    this.#after(build.endsAt, () => {
      build.updatedAt = this.#at;
      build.status = fails ? 'failed' : 'succeeded';
      if (fails) return;
      const version = source.version ?? '';
      const commit = /^[0-9a-f]{40}$/.test(version) ? version : null;
      build.slug = this.slug(commit).id;
      build.release = this.release(app, build.slug, `Deploy ${version.slice(0, 8)}`, by).id;
    });
    return build;
  }

  release(app: App, slug: string | null, description: string, by = user): Release {
    const phase = app.releasePhase !== null && slug !== null;
    const release: Release = {
      id: this.newId(),
      version: app.releases.length + 1,
      slug,
      description,
      by,
      createdAt: this.#at,
      phase,
      status: 'pending',
      updatedAt: this.#at,
    };
    const before = this.current(app);
    app.releases.push(release);
    if (!phase) this.#succeed(app, release, before);
    else {
      const fails = app.next.phaseFails;
      app.next.phaseFails = false;
      this.#after(this.#at + this.timing.releasePhaseMs, () => {
        release.updatedAt = this.#at;
        if (fails) release.status = 'failed';
        else this.#succeed(app, release, this.current(app));
      });
    }
    return release;
  }

  promote(source: Promotion['source'], targets: readonly App[], by = user): Promotion {
    const fate = this.nextPromotion;
    this.nextPromotion = 'succeeds';
    const promotion: Promotion = {
      id: this.newId(),
      source,
      targets: targets.map((app) => ({
        id: this.newId(),
        app,
        status: 'pending',
        error: null,
        release: null,
      })),
      createdAt: this.#at,
      updatedAt: null,
    };
    this.promotions.push(promotion);
    for (const target of promotion.targets) {
      this.#after(this.#at + this.timing.promotionMs, () =>
        this.#land(promotion, target, fate, by),
      );
    }
    return promotion;
  }

  #land(
    promotion: Promotion,
    target: PromotionTarget,
    fate: HerokuWorld['nextPromotion'],
    by: string,
  ): void {
    promotion.updatedAt = this.#at;
    if (fate === 'fails') {
      target.status = 'failed';
      target.error = 'The slug could not be copied.';
      return;
    }
    const { app, release } = promotion.source;
    const commit = this.commitOf(release)?.slice(0, 8) ?? 'unknown';
    const description = `Promote ${app.name} v${release.version} ${commit}`;
    const made = this.release(target.app, release.slug, description, by);
    target.release = made;
    const end = (): void => {
      promotion.updatedAt = this.#at;
      if (made.status === 'pending') this.#after(this.#at + 10, end);
      else if (fate === 'fails-in-part' || made.status === 'failed') {
        target.status = 'failed';
        target.error =
          made.status === 'failed' ? 'Release phase failed.' : 'Dynos could not be restarted.';
      } else target.status = 'succeeded';
    };
    end();
  }

  /** A formation's change takes and gives dynos of the current release. */
  scale(app: App, type: string, quantity: number): void {
    const known = app.formation.find((one) => one.type === type);
    if (known === undefined) app.formation.push({ type, quantity });
    else known.quantity = quantity;
    const current = this.current(app);
    if (current !== undefined && current.slug !== null) this.#boot(app, current);
  }

  isPromotionOver({ targets }: Promotion): boolean {
    return targets.every(({ status }) => status !== 'pending');
  }

  #succeed(app: App, release: Release, before: Release | undefined): void {
    release.status = 'succeeded';
    release.updatedAt = this.#at;
    if (release.slug === null) return;
    app.answering = app.preboot
      ? { commit: this.commitOf(before), until: this.#at + this.timing.prebootMs }
      : null;
    this.#boot(app, release);
  }

  #boot(app: App, release: Release): void {
    let crashes = app.next.dynoCrashes;
    app.next.dynoCrashes = false;
    app.dynos = app.formation.flatMap(({ type, quantity }) =>
      Array.from({ length: quantity }, (_, i): Dyno => {
        const dyno: Dyno = {
          id: this.newId(),
          name: `${type}.${i + 1}`,
          type,
          release,
          createdAt: this.#at,
          state: 'starting',
          updatedAt: this.#at,
        };
        const crash = crashes;
        crashes = false;
        this.#after(this.#at + this.timing.dynoBootMs, () => {
          dyno.state = crash ? 'crashed' : 'up';
          dyno.updatedAt = this.#at;
        });
        return dyno;
      }),
    );
  }

  #after(at: number, act: () => void): void {
    const due = { at, order: this.#order++, act };
    const place = this.#due.findIndex((other) => other.at > at);
    if (place === -1) this.#due.push(due);
    else this.#due.splice(place, 0, due);
  }

  #newApp(name: string, stage: App['stage']): App {
    const app: App = {
      id: this.newId(),
      name,
      stage,
      createdAt: this.#at,
      releases: [],
      builds: [],
      dynos: [],
      config: { LANG: 'en_US.UTF-8' },
      formation: [{ type: 'web', quantity: 2 }],
      preboot: false,
      maintenance: false,
      releasePhase: null,
      answering: null,
      stale: null,
      next: { buildFails: false, phaseFails: false, dynoCrashes: false },
    };
    this.release(app, null, 'Initial release');
    this.release(app, null, 'Enable Logplex');
    this.release(app, null, 'Set LANG config vars');
    return app;
  }
}
