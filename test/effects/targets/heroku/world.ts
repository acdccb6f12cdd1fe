/** What the small Heroku of these tests knows: apps, slugs, releases, builds, promotions, set up by hand. */
import { hash, randomUUID } from 'node:crypto';
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.ts';

export interface StandInRelease {
  id: string;
  version: number;
  status: 'succeeded' | 'failed' | 'pending' | 'expired';
  description: string | null;
  slug: string | null;
  output?: string;
  /** By the world's clock; now when left out. */
  createdAt?: number;
  /** When its release phase ended, by the world's clock; Heroku need not say. */
  updatedAt?: number;
  /** How often it is asked for before it is over, and as what it ends. */
  asksLeft?: number;
  endsAs?: 'succeeded' | 'failed';
}

export interface StandInBuild {
  id: string;
  status: 'succeeded' | 'failed' | 'pending';
  version: string;
  mark: string | null;
  source: string;
  checksum: string | null;
  asksLeft: number;
  endsAs: 'succeeded' | 'failed';
  output: string;
  createdAt: number;
  slug: string | null;
  release: string | null;
}

export interface StandInDyno {
  name: string;
  type: string;
  state: string;
  version: number | null;
  /** Its name when left out; a restart gives another one. */
  id?: string;
  /** The name of the app that it is listed with; the app's own when left out. */
  of?: string;
  updatedAt?: string;
}

export interface StandInApp {
  readonly id: string;
  readonly name: string;
  pipeline: string | null;
  /** Oldest first. */
  readonly releases: StandInRelease[];
  readonly builds: StandInBuild[];
  dynos: StandInDyno[];
  formation: { type: string; quantity: number }[];
  preboot: boolean | null;
  /** In either shape that Heroku's documents have; on Fir, what is built is an image. */
  generation: string | { id: string; name: string };
  stack: string;
  /** The Private Space that it is in. */
  space: { id: string; name: string } | null;
  /** What a rollback's release is besides; it succeeds at once when nothing is said. */
  nextRollback: Partial<StandInRelease>;
  /** What its next builds do. */
  nextBuild: { asks: number; endsAs: 'succeeded' | 'failed'; output: string };
}

export interface Promotion {
  readonly id: string;
  readonly source: string;
  readonly release: string;
  readonly targets: {
    app: StandInApp;
    status: 'pending' | 'succeeded' | 'failed';
    error: string | null;
    release: string | null;
  }[];
}

export class HerokuWorld {
  /** How far Heroku's clock is ahead of the world's. */
  aheadMs = 0;
  readonly apps: StandInApp[] = [];
  readonly promotions: Promotion[] = [];
  /** Slug to the commit that it was made of. */
  readonly slugs = new Map<string, string | null>();
  readonly #originals = new Map<string, string>();
  /** What a promotion's targets come to. */
  onPromotion: (promotion: Promotion) => void = (promotion) => {
    for (const target of promotion.targets) {
      const from = this.apps.find(({ id }) => id === promotion.source);
      const source = from?.releases.find(({ id }) => id === promotion.release);
      const slug = source?.slug ?? null;
      const given = this.promotesCopies && slug !== null ? this.copyOf(slug) : slug;
      const release = this.release(target.app, given, {
        description: `Promote ${from?.name} v${source?.version} aaaaaaa`,
      });
      Object.assign(target, { status: 'succeeded', release: release.id });
    }
  };
  /** Whether a promotion gives its target an image of another id. */
  promotesCopies = false;
  readonly clock: VirtualClock;

  constructor(clock = createVirtualClock()) {
    this.clock = clock;
  }

  app(name: string, over: Partial<StandInApp> = {}): StandInApp {
    const made: StandInApp = {
      id: randomUUID(),
      name,
      pipeline: 'pipeline-1',
      releases: [],
      builds: [],
      dynos: [],
      formation: [{ type: 'web', quantity: 1 }],
      preboot: false,
      generation: 'cedar',
      stack: 'heroku-24',
      space: null,
      nextRollback: {},
      nextBuild: { asks: 1, endsAs: 'succeeded', output: '-----> Building\n' },
      ...over,
    };
    this.apps.push(made);
    return made;
  }

  /** What a build makes: a slug, or an image of an app on Fir. */
  slug(commit: string | null): string {
    const id = randomUUID();
    this.slugs.set(id, commit);
    return id;
  }

  /** An image of the same content under an id of its own. */
  copyOf(image: string): string {
    const id = this.slug(this.slugs.get(image) ?? null);
    this.#originals.set(id, this.#originals.get(image) ?? image);
    return id;
  }

  /** Of an image: the same for each copy of it. */
  digest(image: string): string {
    return `sha256:${hash('sha256', this.#originals.get(image) ?? image)}`;
  }

  release(
    app: StandInApp,
    slug: string | null,
    over: Partial<StandInRelease> = {},
  ): StandInRelease {
    const version = (app.releases.at(-1)?.version ?? 0) + 1;
    const made: StandInRelease = {
      id: randomUUID(),
      version,
      status: 'succeeded',
      description: 'Deploy aaaaaaaa',
      slug,
      ...over,
    };
    app.releases.push(made);
    return made;
  }

  build(app: StandInApp, over: Partial<StandInBuild> = {}): StandInBuild {
    const { asks, endsAs, output } = app.nextBuild;
    const made: StandInBuild = {
      id: randomUUID(),
      status: 'pending',
      version: 'a'.repeat(40),
      mark: null,
      source: '',
      checksum: null,
      asksLeft: asks,
      endsAs,
      output,
      createdAt: this.clock.now(),
      slug: null,
      release: null,
      ...over,
    };
    app.builds.push(made);
    return made;
  }

  /** As `heroku rollback` does: a new release of that one's slug. */
  rollback(app: StandInApp, to: StandInRelease): StandInRelease {
    const description = `Rollback to v${to.version}`;
    return this.release(app, to.slug, { description, ...app.nextRollback });
  }

  /** A build comes to its end when it was asked for often enough. */
  advanceBuild(app: StandInApp, build: StandInBuild): void {
    if (build.status !== 'pending' || build.asksLeft-- > 0) return;
    build.status = build.endsAs;
    if (build.status === 'failed') return;
    build.slug = this.slug(build.version);
    const description = `Deploy ${build.version.slice(0, 8)}`;
    build.release = this.release(app, build.slug, { description }).id;
  }
}

export const isFir = ({ generation }: StandInApp): boolean =>
  (typeof generation === 'string' ? generation : generation.name) === 'fir';
