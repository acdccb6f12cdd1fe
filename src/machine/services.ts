/**
 * What the chart asks of the outside world: the services it invokes, what each is given and what
 * it may answer. They are implemented in the effects and bound in the runtime; here are only types.
 *
 * An answer's `kind` decides which event it becomes in the log (`codec.ts`). A service that cannot
 * answer throws; what it threw becomes a `Failure`.
 */
import type {
  Build,
  DeployRequest,
  Endpoint,
  EventData,
  EventType,
  Release,
  Running,
  Stuck,
} from './events.ts';
import type { ProtectedSettings } from './protected-settings.ts';

/** An answer that carries the data of the event it becomes (less the step, which the codec adds). */
type Answer<K extends string, T extends EventType> = { kind: K } & WithoutStep<EventData<T>>;
type WithoutStep<D> = D extends { step: unknown } ? Omit<D, 'step'> : D;

/** Why production may not be written now. */
export type Refusal =
  | Contained
  /** Production runs exactly this commit already, and nobody has verified it: nothing is to be written. */
  | Answer<'found', 'production.found'>
  | Answer<'held', 'production.held'>
  | Answer<'disabled', 'production.disabled'>;

/** Production has the commit already, or runs one that it does not follow on. */
type Contained = { kind: 'superseded'; production: Running; verified: boolean } & (
  | { cause: 'contained' }
  | { cause: 'diverged'; stuck: Stuck | null }
);

/** What the gates have to be read for. */
export interface GatesInput {
  lane: string;
  app: string;
  commit: string;
  killSwitch: string;
  /** Order does not stop this deploy: a person said so. */
  overridden: boolean;
  /** By which rules the deploy goes. */
  settings: ProtectedSettings;
  /** The apps in which what production runs may have been built. */
  sources: string[];
}

export interface RequestBuildInput {
  app: string;
  commit: string;
  /** Put on the build, so that a later attempt knows it for its own: the deploy's id. */
  mark: string;
  timeoutMs: number;
}

/** An app's dynos, as they should be with a release. */
export interface DynosInput {
  app: string;
  release: Release;
  timeoutMs: number;
  /** An app whose formation asks for no dynos counts as up: a person said so. */
  mayHaveNone: boolean;
}

/** Each service: its input and its answers. The keys are the chart's `src` names. */
export interface Services {
  acquireLock: {
    input: {
      deploy: string;
      lane: string;
      commit: string;
      branch: string;
      build: Build;
      stacking: 'skip' | 'every';
      lock: DeployRequest['settings']['lock'];
    };
    output:
      | Answer<'granted', 'lock.acquired'>
      | {
          kind: 'superseded';
          cause: 'newer-build';
          by: { deploy: string; build: string; commit: string };
        };
  };
  observe: {
    input: {
      lane: string;
      commit: string;
      branch: string;
      repository: string | null;
      app: string;
      overridden: boolean;
      /** The slug that this deploy had made on an earlier try, if it had. */
      slug: string | null;
    };
    output: Answer<'observed', 'deploy.observed'> | Answer<'found', 'production.found'> | Contained;
  };
  requestBuild: { input: RequestBuildInput; output: Answer<'requested', 'staging.buildRequested'> };
  requestProductionBuild: {
    input: RequestBuildInput & { gates: GatesInput };
    output: Answer<'requested', 'production.buildRequested'> | Refusal;
  };
  followBuild: {
    input: { app: string; build: string; timeoutMs: number };
    output: Answer<'built', 'staging.built'>;
  };
  awaitRelease: {
    input: {
      app: string;
      release: string;
      commit: string;
      /** The slug that the release has to have; null: any of that commit. */
      slug: string | null;
      timeoutMs: number;
    };
    output: Answer<'deployed', 'staging.deployed'>;
  };
  checkDynos: {
    input: DynosInput;
    output: Answer<'up', 'staging.dynosUp'>;
  };
  checkHealth: {
    input: DynosInput & {
      slug: string;
      commit: string;
      /** For how long the dynos have to stay up, in milliseconds. */
      settleMs: number;
      endpoints: Endpoint[];
    };
    output: Answer<'verified', 'staging.verified'>;
  };
  readGates: {
    input: GatesInput;
    output: Answer<'clear', 'gates.passed'> | Refusal;
  };
  requestPromotion: {
    input: {
      source: { app: string; release: Release };
      target: { app: string };
      slug: string;
      /** Production's newest version when the gates were read: a release above it with our slug is ours. */
      after: number;
      gates: GatesInput;
    };
    output: Answer<'requested', 'production.promotionRequested'> | Refusal;
  };
  followPromotion: {
    input: {
      target: { app: string };
      promotion: string | null;
      release: string | null;
      timeoutMs: number;
    };
    output: Answer<'promoted', 'production.promoted'>;
  };
}

export type ServiceName = keyof Services;
export type ServiceInput<N extends ServiceName> = Services[N]['input'];
export type ServiceOutput<N extends ServiceName> = Services[N]['output'];
