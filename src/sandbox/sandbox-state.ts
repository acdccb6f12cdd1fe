/** The sandbox's world as plain JSON: what tests and `GET /state` of the control service look at. */
import type { App } from './heroku/state.ts';
import type { HerokuWorld } from './heroku/world.ts';

export interface SandboxState {
  /** By name. */
  readonly apps: Readonly<Record<string, AppState>>;
  /** One entry a target. */
  readonly promotions: readonly PromotionState[];
  readonly circleci: unknown;
  readonly github: unknown;
  readonly slack: unknown;
}

export interface PromotionState {
  readonly id: string;
  readonly slug: string | null;
  /** The target's release, once there is one. */
  readonly release: string | null;
  readonly status: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface AppState {
  readonly releases: readonly {
    readonly id: string;
    readonly version: number;
    readonly status: string;
    readonly description: string;
    readonly slug: string | null;
    readonly commit: string | null;
    readonly by: string;
    /** Milliseconds since the epoch. */
    readonly createdAt: number;
    readonly current: boolean;
  }[];
  readonly builds: readonly {
    readonly id: string;
    readonly status: string;
    readonly commit: string | null;
    /** The `version_description` that the build was asked for with. */
    readonly mark: string | null;
    readonly release: string | null;
  }[];
  readonly dynos: readonly {
    readonly name: string;
    readonly type: string;
    readonly state: string;
    readonly version: number;
    /** Since when it is in its state: milliseconds since the epoch. */
    readonly since: number;
  }[];
  /** How many dynos of each process type. */
  readonly formation: Readonly<Record<string, number>>;
}

export type HerokuState = Pick<SandboxState, 'apps' | 'promotions'>;

/** Of a world that is settled. */
export function herokuState(world: HerokuWorld): HerokuState {
  return {
    apps: Object.fromEntries(world.apps.map((app) => [app.name, appState(world, app)])),
    promotions: world.pipeline.promotions.flatMap(({ id, source, targets, createdAt }) =>
      targets.map(({ release, status }) => ({
        id,
        slug: source.release.slug,
        release: release?.id ?? null,
        status,
        at: new Date(createdAt).toISOString(),
      })),
    ),
  };
}

function appState(world: HerokuWorld, app: App): AppState {
  const current = world.current(app);
  return {
    releases: app.releases.map((release) => ({
      id: release.id,
      version: release.version,
      status: release.status,
      description: release.description,
      slug: release.slug,
      commit: world.commitOf(release),
      by: release.by,
      createdAt: release.createdAt,
      current: release === current,
    })),
    builds: app.builds.map(({ id, status, source, release }) => ({
      id,
      status,
      commit: source.version,
      mark: source.description,
      release,
    })),
    dynos: app.dynos.map(({ name, type, state, release, updatedAt }) => ({
      name,
      type,
      state,
      version: release.version,
      since: updatedAt,
    })),
    formation: Object.fromEntries(app.formation.map(({ type, quantity }) => [type, quantity])),
  };
}
