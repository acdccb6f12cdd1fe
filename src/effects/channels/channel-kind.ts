/** What a kind of channel hands in: the rest of the program knows kinds by this, and none of them by its name. */
import type { z } from 'zod';
import type { ErrorEntries } from '../../errors/entry.ts';
import type { Clock } from '../clock.ts';
import type { UrlVariable } from '../url-variable.ts';
import type { Channel } from './channel.ts';

/** Every command reads it, for the names of secrets: what weighs is loaded when it is asked for. */
export interface ChannelKind<Settings = unknown> {
  /** The key under `notify` in `pipeline.yml`, and the name of its channels. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  readonly variables: ChannelVariables;
  /** Its part of the error catalogue. */
  readonly errors: ErrorEntries;
  /** Loads what stands under that key. */
  schema(): Promise<z.ZodType<Settings>>;
  /** Loads what opens it: all that only a run needs that tells it something. */
  opener(): Promise<ChannelOpener<Settings>>;
}

export interface ChannelOpener<Settings = unknown> {
  /**
   * @param values of the kind's variables, by their names; null where one is not set
   * @returns null: nothing that is set leads to it. Then nobody is told, and the run says so
   */
  open(
    settings: Settings,
    values: Readonly<Record<string, string | null>>,
    ports: { readonly clock: Clock },
  ): Channel | null;
}

/** The environment variables that it reads; each may be left out. */
export interface ChannelVariables {
  readonly tokens: readonly string[];
  /** Addresses that are secrets as a whole: whoever knows one may post there. */
  readonly webhooks: readonly string[];
  readonly urls: readonly UrlVariable[];
}
