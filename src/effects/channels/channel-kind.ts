/** What a kind of channel hands in: the rest of the program knows kinds by this, and none of them by its name. */
import type { z } from 'zod';
import type { ErrorEntries } from '../../errors/entry.ts';
import type { SecretVariables } from '../../redaction/secrets.ts';
import type { Clock } from '../clock.ts';
import type { Diagnosis } from '../diagnosis.ts';
import type { Ports } from '../ports.ts';
import type { SecretVariable, UrlVariable } from '../variables.ts';
import type { Channel } from './channel.ts';

/** Every command reads it, for the names of secrets: what weighs is loaded when it is asked for. */
export interface ChannelKind<Settings = unknown> {
  /** The key under `notify` in `pipeline.yml`, and the name of its channels. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  readonly variables: ChannelVariables;
  /** Matches, wherever it stands, what of an address of this vendor's is a secret: it is hidden where a file that has it is shown. Global. */
  readonly secretIn?: RegExp;
  /** The variables that its settings name besides; left out: they name none. */
  named?(settings: Settings): SecretVariables;
  /** What `init` asks for it; left out: a new lane begins without it. */
  readonly setup?: ChannelSetup;
  /** Its part of the error catalogue. */
  readonly errors: ErrorEntries;
  /** Loads what stands under that key. */
  schema(): Promise<z.ZodType<Settings>>;
  /** Loads what opens it: all that only a run needs that tells it something. */
  opener(): Promise<ChannelOpener<Settings>>;
  /** Loads what a check-up asks of it; left out: nothing can be asked. */
  surveyor?(): Promise<ChannelSurveyor<Settings>>;
}

export interface ChannelSetup {
  /** What is asked for, as a part of a sentence. */
  readonly what: string;
  /** An answer, for who gave none. */
  readonly example: string;
  /** The variable of the token that it needs. */
  readonly token: string;
  /** What stands under its key for that answer. */
  settings(answer: string): Readonly<Record<string, string>>;
}

export interface ChannelOpener<Settings = unknown> {
  /**
   * @param values of the kind's variables and of those that its settings name, by their names; null where one is not set
   * @throws UsageError a value of one is none that it can have
   */
  open(
    settings: Settings,
    values: Readonly<Record<string, string | null>>,
    ports: OpeningPorts,
  ): readonly OpenedChannel[];
}

export interface ChannelSurveyor<Settings = unknown> {
  /** @param values as the opener is given them; @param repository as `OpeningPorts` has it */
  diagnose(
    settings: Settings,
    values: Readonly<Record<string, string | null>>,
    around: Pick<OpeningPorts, 'repository' | 'env'>,
    ports: Ports,
  ): readonly Diagnosis[];
}

export interface OpeningPorts {
  readonly clock: Clock;
  /** Of the configuration. */
  readonly folder: string;
  /** Where people read the repository, as the configuration says; null: it does not. */
  readonly repository: string | null;
  /** The address of a commit's author, as git has it; null where this clone does not have the commit. */
  readonly emailOf: (commit: string, signal: AbortSignal) => Promise<string | null>;
  /** The process's own environment, for what is to be handed on of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A channel; or one that nothing leads to, because these variables are not set. Then nobody is told, and the run says so. */
export type OpenedChannel =
  | Channel
  | (Pick<Channel, 'name' | 'title'> & { readonly unset: string });

/** The environment variables that it reads; each may be left out. */
export interface ChannelVariables {
  readonly tokens: readonly SecretVariable[];
  /** Addresses that are secrets as a whole: whoever knows one may post there. */
  readonly webhooks: readonly SecretVariable[];
  readonly urls: readonly UrlVariable[];
}
