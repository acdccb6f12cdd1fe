/**
 * What the chart asks of the outside world: the services it invokes, what each is given and what
 * it may answer. They are implemented in the effects and bound in the runtime; here are only types.
 *
 * An answer's `kind` decides which event it becomes in the log (`codec.ts`). A service that cannot
 * answer throws; what it threw becomes a `Failure`.
 */
import type {
  Artifact,
  Build,
  DeployRequest,
  Endpoint,
  EnvironmentName,
  EventData,
  EventType,
  Release,
  Running,
  Stuck,
  TargetSettings,
  Work,
} from './events.ts';
import type { ProtectedSettings } from './protected-settings.ts';

/** An answer that carries the data of the event it becomes (less the step, which the codec adds). */
type Answer<K extends string, T extends EventType> = { kind: K } & WithoutStep<EventData<T>>;
type WithoutStep<D> = D extends { step: unknown } ? Omit<D, 'step'> : D;

/** Why production, or a part of it, may not be written now. */
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
  /** Production. */
  target: TargetSettings;
  commit: string;
  killSwitch: string;
  /** Order does not stop this deploy: a person said so. */
  overridden: boolean;
  /**
   * Which rollback does not hold this deploy, because a person ships it by hand: `any` until the gates were read, then that one
   * (the id of its release; null: none was met). One that comes later holds it too. `none`: no person does.
   */
  passesOver: 'none' | 'any' | { release: string | null };
  /** By which rules the deploy goes. */
  settings: ProtectedSettings;
  /** Whose history is read too, for what is to be given to it; null: there is none. */
  canary: TargetSettings | null;
  /** Where the artifact that production runs may have been made. */
  sources: TargetSettings[];
}

/** What is given to a target, so that a release of it runs there. */
export interface SubmitInput {
  environment: EnvironmentName;
  target: TargetSettings;
  commit: string;
  /** The verified artifact to be released, and where; null: the commit itself is to be built. */
  verified: { artifact: Artifact; release: Release; at: TargetSettings } | null;
  /** Where the target's history ended when the gates were read: what is behind it may be ours. Null: not known. */
  cursor: string | null;
  /** Of the traffic, in percent; null: a whole place. */
  share: number | null;
  /** The idempotency key: an earlier attempt is known by it. The deploy's id, and the share where there is one. */
  key: string;
  timeoutMs: number;
  /** What has to be open right before the write; null: nothing forbids it, for no part of production is written. */
  gates: GatesInput | null;
}

/** A target's instances, as they should be with a release. */
export interface InstancesInput {
  target: TargetSettings;
  release: Release;
  artifact: Artifact;
  timeoutMs: number;
  /** Where no instances are wanted, the release counts as up: a person said so. */
  mayHaveNone: boolean;
}

/** What a deploy asked a target for, and of which its events do not tell that it runs there. */
export interface Asked {
  target: TargetSettings;
  work: Work;
  /** The id of the release that came of it; null: none was known yet. */
  release: string | null;
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
      /** `restore`: it ships nothing any more, so it supersedes nobody, and is superseded by nobody. */
      purpose: 'deploy' | 'restore';
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
      /** Production. */
      target: TargetSettings;
      overridden: boolean;
      /** Where what production is given is verified; null: production has the commit itself built. */
      givenBy: TargetSettings | null;
      /** The artifact that this deploy had made on an earlier try, if it had. */
      artifact: Artifact | null;
    };
    output: Answer<'observed', 'deploy.observed'> | Answer<'found', 'production.found'> | Contained;
  };
  submit: {
    input: SubmitInput;
    output:
      | Answer<'submitted', 'staging.submitted'>
      | Answer<'submitted', 'canary.submitted'>
      | Answer<'submitted', 'production.submitted'>
      | Refusal;
  };
  /** Until the target has made a release. */
  follow: {
    input: {
      target: TargetSettings;
      work: Work;
      timeoutMs: number;
    };
    output: Answer<'released', 'staging.released'>;
  };
  /** Until the release runs. */
  awaitRelease: {
    input: {
      target: TargetSettings;
      /** Its id. */
      release: string;
      commit: string;
      /** The artifact that the release has to be of. */
      artifact: Artifact;
      timeoutMs: number;
    };
    output: Answer<'deployed', 'staging.deployed'>;
  };
  awaitInstances: {
    input: InstancesInput;
    output: Answer<'up', 'staging.instancesUp'>;
  };
  checkHealth: {
    input: InstancesInput & {
      commit: string;
      /** For how long the instances have to stay up, in milliseconds. */
      settleMs: number;
      /** For how long it bakes afterwards; 0: it does not. */
      bakeMs: number;
      endpoints: Endpoint[];
    };
    output: Answer<'verified', 'staging.verified'>;
  };
  bake: {
    input: InstancesInput & {
      commit: string;
      /** For how long the checks have to hold, in milliseconds. */
      bakeMs: number;
      endpoints: Endpoint[];
    };
    output: Answer<'baked', 'staging.baked'>;
  };
  /** Takes back what was submitted under any of the keys, where it is what runs, and production does not run the commit. */
  restore: {
    input: {
      lane: string;
      target: TargetSettings;
      commit: string;
      /** The newest first. */
      keys: string[];
      production: {
        target: TargetSettings;
        /** The deploy asked it to release the commit, too, whatever became of that. */
        isGiven: boolean;
        /** The commit that it ran when the deploy began; null: none, or it was not told. */
        observed: string | null;
      };
      /** What may not show there yet. */
      asked: Asked[];
      timeoutMs: number;
    };
    output: Answer<'restored', 'canary.restored'>;
  };
  readGates: {
    input: GatesInput;
    output: Answer<'clear', 'gates.passed'> | Refusal;
  };
}

export type ServiceName = keyof Services;
export type ServiceInput<N extends ServiceName> = Services[N]['input'];
export type ServiceOutput<N extends ServiceName> = Services[N]['output'];
