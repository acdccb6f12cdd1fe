/** The nouns of the sandbox's Heroku: apps, builds, slugs, releases, dynos and promotions. */

/** How long things take, in milliseconds. */
export interface Timing {
  readonly buildMs: number;
  readonly releasePhaseMs: number;
  readonly promotionMs: number;
  readonly dynoBootMs: number;
  /** How long the old dynos still answer with preboot on (Heroku Dev Center, Preboot: about three minutes). */
  readonly prebootMs: number;
}

export const defaultTiming: Timing = {
  buildMs: 800,
  releasePhaseMs: 400,
  promotionMs: 300,
  dynoBootMs: 300,
  prebootMs: 180_000,
};

/** Whoever makes a release or a build without another name being given. */
export const user = 'deploy@acme.test';

/** Cedar builds slugs, Fir builds OCI images (Heroku Dev Center, Heroku Generations). */
export type Generation = 'cedar' | 'fir';

/** What an app is built on; `container`: its images are pushed to the container registry (Heroku Dev Center, Stacks). */
export type Stack = 'heroku-24' | 'cnb' | 'container';

/** A Private Space: every app of Fir is in one (Heroku Dev Center, Heroku Generations). */
export interface Space {
  readonly id: string;
  readonly name: string;
  readonly shield: boolean;
}

/** What a build makes and releases run: on Fir it is shown as an image. */
export interface Slug {
  readonly id: string;
  readonly commit: string | null;
  /** The slug that was made first of this content: a copy has another id, and an image of it the same digest. */
  readonly original: string;
  readonly createdAt: number;
}

export interface Build {
  readonly id: string;
  readonly source: {
    readonly url: string;
    readonly version: string | null;
    readonly description: string | null;
    readonly checksum: string | null;
  };
  readonly createdAt: number;
  readonly endsAt: number;
  readonly by: string;
  status: 'pending' | 'succeeded' | 'failed';
  updatedAt: number;
  slug: string | null;
  release: string | null;
  /** What it wrote so far; null: what a build of a Ruby app writes. */
  output: string | null;
}

export type Config = Readonly<Record<string, string>>;

export interface Release {
  readonly id: string;
  readonly version: number;
  readonly slug: string | null;
  readonly description: string;
  readonly by: string;
  /** The config vars that it runs with: a rollback brings them back. */
  readonly config: Config;
  readonly createdAt: number;
  /** The release phase's command that ran or runs for it; null: none. */
  readonly phase: string | null;
  status: 'pending' | 'succeeded' | 'failed' | 'expired';
  updatedAt: number;
}

export interface NewRelease {
  readonly slug: string | null;
  readonly description: string;
  readonly by?: string;
  /** Default: the app's, as it is. */
  readonly config?: Config;
  /** Without the app's release phase, as if it had been made long ago. */
  readonly skipsPhase?: boolean;
  /** Called once it has succeeded or failed, which may be at once. */
  readonly onOver?: (release: Release) => void;
}

export interface Dyno {
  readonly id: string;
  readonly name: string;
  /** A type of the formation, or `release`: the release phase. */
  readonly type: string;
  readonly command: string;
  readonly release: Release;
  readonly createdAt: number;
  /** `idle`: an eco dyno that sleeps; `down`: stopped, or being stopped (Heroku Platform API reference, Dyno). */
  state: 'starting' | 'up' | 'crashed' | 'idle' | 'down';
  updatedAt: number;
}

export interface FormationType {
  readonly type: string;
  readonly quantity: number;
}

/** Where an app stands in its pipeline (Heroku Platform API reference, Pipeline Coupling). */
export type Stage = 'test' | 'review' | 'development' | 'staging' | 'production';

/** A Heroku Postgres database that is attached to the app. */
export interface Database {
  readonly id: string;
  readonly name: string;
  /** `standard-0`. */
  readonly plan: string;
  readonly connectionsMax: number;
  /** How many are open now. */
  readonly connections: number;
  /** It is attached a second time, through Heroku's own pool. */
  readonly isPooled: boolean;
}

/** What the app's connection to GitHub says (seen in Heroku's own command). */
export interface GitHubConnection {
  readonly repo: string;
  readonly branch: string;
  readonly autoDeploy: boolean;
}

export interface App {
  readonly id: string;
  readonly name: string;
  /** Where people reach it. */
  readonly webUrl: string;
  stage: Stage;
  readonly generation: Generation;
  stack: Stack;
  /** Null: the Common Runtime. */
  space: Space | null;
  readonly createdAt: number;
  readonly releases: Release[];
  readonly builds: Build[];
  dynos: Dyno[];
  config: Config;
  formation: readonly FormationType[];
  preboot: boolean;
  maintenance: boolean;
  /** Null: it has none. */
  database: Database | null;
  /** Null: it is not connected. */
  gitHub: GitHubConnection | null;
  /** The release phase's command; null: there is none. */
  releasePhase: string | null;
  /** The old code that answers in place of the new one with preboot, and until when. */
  answering: { readonly commit: string; readonly until: number } | null;
  /** Lists show the builds and releases that there were, until then; null: all. */
  stale: { readonly shown: ReadonlySet<object>; readonly until: number } | null;
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
  readonly source: { readonly app: App; readonly release: Release };
  readonly targets: readonly PromotionTarget[];
  readonly createdAt: number;
  updatedAt: number | null;
}

export const isOver = ({ targets }: Promotion): boolean =>
  targets.every(({ status }) => status !== 'pending');
