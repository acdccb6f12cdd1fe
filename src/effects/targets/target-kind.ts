/** What a kind of target hands in: the rest of the program knows kinds by this, and none of them by its name. */
import type { z } from 'zod';
import type { ErrorEntries } from '../../errors/entry.ts';
import type { Environment, EnvironmentName, TargetSettings } from '../../machine/events.ts';
import type { Upcaster } from '../../machine/upcasting.ts';
import type { Ports } from '../ports.ts';
import type { SecretVariable, UrlVariable } from '../variables.ts';
import type { Surroundings } from './surroundings.ts';
import type { TargetSurveyor } from './survey.ts';
import type { Targets } from './target.ts';

/** Every command reads it, for the names of secrets and for old events: what weighs is loaded when it is asked for. */
export interface TargetKind {
  /** As `target.kind` has it in a deploy's settings; in `pipeline.yml` an environment's target stands under this key. */
  readonly kind: string;
  /** As people call it. */
  readonly name: string;
  readonly variables: TargetVariables;
  /** Steps from what it once wrote to today's events. */
  readonly upcasters: readonly Upcaster[];
  /** Its part of the error catalogue. */
  readonly errors: ErrorEntries;
  /** Loads its words in `pipeline.yml`. */
  config(): Promise<TargetConfig>;
  /** Loads what opens it: all that only a deploy needs. */
  opener(): Promise<TargetOpener>;
  /** Loads what a set-up and a check-up ask. */
  surveyor(): Promise<TargetSurveyor>;
}

export interface TargetOpener {
  /** @param values of the kind's variables, by their names: every token and every base URL has one */
  open(values: Readonly<Record<string, string>>, around: Surroundings): OpenedKind;
}

/** What an environment is to a deploy. */
export type Role = EnvironmentName;

/** Its words in `pipeline.yml`. */
export interface TargetConfig {
  /** What stands under the kind's key in an environment of that role. */
  schema(role: Role, fields: ConfigFields): z.ZodType<ChosenTarget>;
  /** The field that names the place, by which two environments of this kind differ. */
  readonly nameField: string;
  readonly verify: VerifyWords;
}

/** Fields that are written in one way in the whole file. */
export interface ConfigFields {
  /** What the file calls the app: the lane's name. */
  readonly app: string;
  /** No environment comes before this one: there is no verified artifact that it could be given. */
  readonly isFirst: boolean;
  /** Written like `90s`, longer than 0; milliseconds when read. @param standard what it is where it is left out */
  timeLimit(description: string, standard: string): z.ZodType<number>;
}

/** What a deploy is pinned to of an environment's target. */
export interface ChosenTarget {
  readonly target: TargetSettings;
  readonly submits: Environment['submits'];
  /** For a canary: of the traffic, in percent, growing; null: the place takes its share by itself, or is a whole. */
  readonly shares: Environment['shares'];
  /** How long each step from there to a release that runs may take. */
  readonly timeoutMs: number;
  /** False: nothing tells of its instances, and the configuration has to waive them by name. */
  readonly tellsInstances: boolean;
}

export interface VerifyWords {
  /** Its word for instances, in the plural: the key under `verify`. With `no-` before it, how their check is waived. */
  readonly instances: string;
  /** What a waived check of them means, in words. */
  readonly waived: string;
}

/** The environment variables that it reads. */
export interface TargetVariables {
  readonly tokens: readonly TokenVariable[];
  readonly urls: readonly UrlVariable[];
}

export interface TokenVariable extends SecretVariable {
  /** For whoever has not set it: how a token is made. */
  readonly hint: string;
}

/** A kind with its tokens. */
export interface OpenedKind {
  readonly targets: Targets;
  /** Whose token it is, as the vendor names people; null where it has no accounts. */
  readonly account: ((ports: Ports) => Promise<string>) | null;
}
