/** What a kind of channel hands in: the rest of the program knows kinds by this, and none of them by its name. */
import type { z } from 'zod';
import type { ErrorEntries } from '../../errors/entry.ts';
import type { Clock } from '../clock.ts';
import type { UrlVariable } from '../url-variable.ts';
import type { Channel } from './channel.ts';

export interface ChannelKind<Settings = unknown> {
  /** The key under `notify` in `pipeline.yml`, and the name of its channels. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  /** What stands under that key. */
  readonly schema: z.ZodType<Settings>;
  readonly variables: ChannelVariables;
  /**
   * @param values of its variables, by their names; null where one is not set
   * @returns null: nothing that is set leads to it. Then nobody is told, and the run says so
   */
  open(
    settings: Settings,
    values: Readonly<Record<string, string | null>>,
    ports: { readonly clock: Clock },
  ): Channel | null;
  /** Its part of the error catalogue. */
  readonly errors: ErrorEntries;
}

/** The environment variables that it reads; each may be left out. */
export interface ChannelVariables {
  readonly tokens: readonly string[];
  /** Addresses that are secrets as a whole: whoever knows one may post there. */
  readonly webhooks: readonly string[];
  readonly urls: readonly UrlVariable[];
}
