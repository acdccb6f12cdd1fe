/**
 * The target port, where nothing is deployed: what a set-up can find out of a kind of target, and what a check-up can
 * ask of a lane's places. Each kind's folder has its own; they are loaded by the commands that use them, and by no other.
 */
import type { EnvironmentName, TargetSettings } from '../../machine/events.ts';
import type { Diagnosis } from '../diagnosis.ts';
import type { Ports } from '../ports.ts';
import type { Surroundings } from './surroundings.ts';

export interface TargetSurveyor {
  discover(input: SurveyInput, ports: Ports): Promise<Discovered>;
  /** One list for all places of the lane that are of this kind: they are asked side by side. */
  diagnose(lane: ExaminedLane, input: SurveyInput, ports: Ports): readonly Diagnosis[];
}

export interface SurveyInput {
  /** The repository's name, for telling which of several lanes is likely meant. */
  readonly app: string;
  /** Of the kind's variables, by their names; null where a token is not set. */
  readonly values: Readonly<Record<string, string | null>>;
  readonly around: Surroundings;
}

/** What there is to deploy to. */
export interface Discovered {
  /** Each could be a lane; the likeliest first. */
  readonly lanes: readonly DiscoveredLane[];
  /** What was found, or why nothing could be: a line each. */
  readonly notes: readonly string[];
  /** What the repository lacks for this kind: a line each, for a person. */
  readonly todo: readonly string[];
  /** Words by which a job of a CI is known to deploy in this kind’s way. */
  readonly deployWords: readonly string[];
}

export interface DiscoveredLane {
  /** As people call it there. */
  readonly name: string;
  /** Of two lanes, that with the higher number is the likelier one. */
  readonly likeliness: number;
  readonly staging: DiscoveredPlace;
  readonly production: DiscoveredPlace;
}

export interface DiscoveredPlace {
  /** What stands under the kind's key in `pipeline.yml`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where people reach it; null where that is not known. */
  readonly url: string | null;
  /** False: nothing tells of its instances. */
  readonly tellsInstances: boolean;
}

/** What a check-up is told of the lane. */
export interface ExaminedLane {
  readonly branch: string;
  readonly places: readonly ExaminedPlace[];
}

export interface ExaminedPlace {
  readonly role: EnvironmentName;
  readonly target: TargetSettings;
  /** It is given what was verified at that place; null: a commit is submitted there. */
  readonly givenBy: TargetSettings | null;
  /** None of its instances need be up: the configuration says so. */
  readonly waivesInstances: boolean;
}
