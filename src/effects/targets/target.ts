/**
 * The target port: where a commit becomes a running release. Each kind of target is a folder beside this file and
 * hands in what is its own; the rest of the program knows what is written here, and no vendor's word.
 */
import type { Artifact, Release, TargetSettings, Work } from '../../machine/events.ts';
import type {
  Asked,
  InstancesInput,
  Refusal,
  ServiceInput,
  ServiceOutput,
  SubmitInput,
} from '../../machine/services.ts';
import type { Ports, StepPorts } from '../ports.ts';

/** A release that changed what code runs there, or was to. */
export interface Decision {
  readonly release: Release;
  /** Null where the target has forgotten it. */
  readonly artifact: Artifact | null;
  /** The target's own words. */
  readonly description: string;
  /** Who made it, as the target names people. */
  readonly by: string;
  /** ISO 8601, by the target's clock. */
  readonly at: string;
  /** It says of itself that it goes back to what ran before. */
  readonly isRollback: boolean;
}

/** The last release that changed what runs. */
export interface Running extends Decision {
  /** Its commit is null where the target names something else than a full commit id. */
  readonly artifact: Artifact;
  /** What the artifact says that it was made of: a full commit id, a short one, any other text. */
  readonly named: string | null;
}

/** A release that came to run once. */
export interface RanRelease extends Decision {
  /** What keeps it from running again, in words that follow on its name (`has no code`); null: nothing that is known. */
  readonly whyNot: string | null;
}

/** A release that is under way. */
export interface PendingRelease {
  readonly release: Release;
  readonly description: string;
  /** Milliseconds since it was made, at least; 0 where the target does not tell its time. */
  readonly ageMs: number;
}

/** What a target runs and who decided so. */
export interface Observed {
  /** Where its history ends now; `submit` is given it later. */
  readonly cursor: string;
  /** Null where no code ever ran, which the target's whole history says. */
  readonly running: Running | null;
  /** What other code ran before that; null where none did. */
  readonly before: Decision | null;
  /** Since what runs was released: releases that failed, newest first. Somebody wanted them. */
  readonly failed: readonly Decision[];
  /** The newest release under way. */
  readonly pending: PendingRelease | null;
}

export type Submission = Omit<SubmitInput, 'target' | 'gates'> & {
  /** The commit as a gzipped tarball. */
  readonly archive: (signal: AbortSignal) => Promise<Uint8Array>;
  /** Asked right before the write: what forbids it, or null. */
  readonly clear: () => Promise<Refusal | null>;
};

/** The target has it under way. */
export interface Submitted {
  readonly kind: 'submitted';
  readonly work: Work;
  /** An earlier attempt had submitted it already. */
  readonly adopted: boolean;
}

/** One look at the instances of a release. */
export interface InstancesSeen {
  /** Those that are wanted and up on the release, each once. */
  readonly up: readonly Instance[];
  /** What is not up yet, in words; empty when nothing is missing. */
  readonly missing: string;
}

export interface Instance {
  readonly name: string;
  /** Of the release that it runs. */
  readonly version: string;
  /** Another one after each restart. */
  readonly life: string;
}

export interface InstanceWatch {
  /**
   * @param wantedMaxAgeMs how long ago it may have been read which are wanted, where that is a question of its own; left out: it is read now
   * @throws E_INSTANCE_CRASHED; E_NO_INSTANCES none are wanted; E_RELEASE_NOT_CURRENT other code runs by now
   */
  look(wantedMaxAgeMs?: number): Promise<InstancesSeen>;
}

export interface RestoreInput {
  /** That of the submission. */
  readonly key: string;
  /** What may run there again: the first of these that ran there before the submission. */
  readonly to: readonly Artifact[];
  readonly timeoutMs: number;
}

/** That an earlier release is to run again. */
export interface RollBackInput {
  /** What is to run again: a release that ran there. */
  readonly to: Release;
  /** What was seen to run when that was decided. */
  readonly from: Release;
  /** The idempotency key: an earlier try is known by it, where the target keeps keys. */
  readonly key: string;
  readonly timeoutMs: number;
  /** Told once, as soon as the target has the release, whatever becomes of that. */
  readonly onMade: (release: Release) => void;
}

/** What became of taking a submission back. */
export type Restored =
  /** The release that runs now, and what it is of. */
  | { readonly kind: 'restored'; readonly release: Release; readonly artifact: Artifact }
  /** `runsIt`: the submission's artifact runs all the same, put there by somebody since, or with something under way over it. */
  | { readonly kind: 'untouched'; readonly runsIt: boolean };

/** A submission or a release that is under way, whoever asked for it. */
export interface UnderWay {
  /** As people name it there. */
  readonly name: string;
  /** Milliseconds since it was made, at least; 0 where that is not known. */
  readonly ageMs: number;
  /** False: it was asked for, and nothing tells what became of it. */
  readonly isSeen: boolean;
}

/** What a deploy asked this place for. */
export type AskedHere = Omit<Asked, 'target'>;

/** How people look further by themselves: commands of the target, and its words in `pipeline.yml`. */
export interface Hints {
  readonly releases: string;
  release(version: string): string;
  readonly logs: string;
  readonly instances: string;
  /** Has that release, or what ran before, run again; null: each host has its own way. */
  readonly goBack: ((version: string | null) => string) | null;
  /** The key under `verify` that says how instances are checked. */
  readonly verifyKey: string;
}

type Of<N extends 'follow' | 'awaitRelease'> = Omit<ServiceInput<N>, 'target'>;

/** What is thought to run at a place. */
export interface Expected {
  readonly release: Release;
  readonly artifact: Pick<Artifact, 'kind' | 'id' | 'commit'>;
}

/** One place that commits are deployed to. What cannot be told is an error, and never "nothing". */
export interface Target {
  readonly settings: TargetSettings;
  readonly hints: Hints;
  /** False: nothing tells what runs there, and the configuration waives order and rollback by name. Then `observe` is not asked. */
  readonly isReadable: boolean;
  /** @param expected what is thought to run there, which may be wrong: a target may ask about it before it knows what does */
  observe(ports: Ports, expected?: () => Promise<Expected | null>): Promise<Observed>;
  /** What an artifact says that it was made of: a commit's full id, a short one, any text, or nothing. */
  namedCommit(artifact: Artifact, ports: Ports): Promise<string | null>;
  /**
   * That what one place verified can be submitted here: asked before anything is deployed.
   *
   * @throws an error that says why not
   */
  mustBeGivenBy(source: TargetSettings, ports: Ports): Promise<void>;
  /** Whether the artifact ran there before that release, in a release of its own. */
  ranBefore(artifact: Artifact, release: Release, ports: Ports): Promise<boolean>;
  /** Has the commit or the artifact released, once for each key: what an earlier attempt submitted is adopted. */
  submit(submission: Submission, ports: StepPorts): Promise<Submitted | Refusal>;
  follow(input: Of<'follow'>, ports: StepPorts): Promise<ServiceOutput<'follow'>>;
  awaitRelease(input: Of<'awaitRelease'>, ports: Ports): Promise<ServiceOutput<'awaitRelease'>>;
  watch(input: Omit<InstancesInput, 'target'>, ports: Ports): InstanceWatch;
  /** One more look that it is what runs. @throws E_RELEASE_NOT_CURRENT */
  mustStillRun(shipped: { release: Release; artifact: Artifact }, ports: Ports): Promise<void>;
  /** For how long from now instances of an earlier release may answer beside those of this one, in milliseconds. */
  overlapMs(release: Release, ports: Ports): Promise<number>;
  /** The key under which what runs was submitted, to one of these places; null: none is known. */
  keyOf(running: Running, places: readonly TargetSettings[], ports: Ports): Promise<string | null>;
  /**
   * Takes back what was submitted there under the key, where that is what runs, once for each submission. What runs
   * again is an earlier release of the place, the newest of the first of `to` that ran there: of that very artifact, or
   * else of another one of its commit, which was built once more. It is written to this place alone. Nothing is written,
   * and it is untouched, where something else runs or is under way: somebody released since, or what was submitted
   * never came to run.
   *
   * @throws E_NOTHING_TO_RESTORE none of `to` ran there before it; E_RESTORE_GONE the target keeps that no longer;
   *   E_RELEASE_FAILED, E_RELEASE_TIMEOUT the release that restores did not come to run
   */
  restore(input: RestoreInput, ports: StepPorts): Promise<Restored>;
  /** A release that came to run, by its id or by what people call it; null: the target knows none of that name. */
  findRelease(name: string, ports: Ports): Promise<RanRelease | null>;
  /**
   * Has an earlier release run again, by a release of its own that says of itself that it goes back. Nothing is written, and it
   * is untouched, where something else than `from` runs or is under way. One that an earlier try made is adopted.
   *
   * @throws E_RESTORE_GONE the target keeps that release no longer; E_RELEASE_FAILED, E_RELEASE_TIMEOUT it did not come to run
   */
  rollBack(input: RollBackInput, ports: StepPorts): Promise<Restored>;
  /**
   * What is under way there now.
   *
   * @param asked each is followed by its own id: what was asked for just now may be in no list yet
   */
  underWay(asked: readonly AskedHere[], ports: Ports): Promise<readonly UnderWay[]>;
}

/** The target of an environment's settings. */
export type Targets = (settings: TargetSettings) => Target;

/** A release's description as it stands in a sentence. */
export const shownDescription = (description: string): string =>
  description === '' ? 'no description' : description;

/** Of one content: by the digest where both tell it, else by the id. */
export function isSameArtifact(one: Artifact | null, other: Artifact | null): boolean {
  if (one === null || other === null || one.kind !== other.kind) return false;
  if (one.digest !== null && other.digest !== null) return one.digest === other.digest;
  return one.id === other.id;
}
