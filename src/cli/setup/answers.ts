/** What a set-up has to know of the lane before it writes: each answer is given by a flag, by the person, or by what was found. */
import type { DiscoveredPlace } from '../../effects/targets/survey.ts';
import type { CiName } from './facts.ts';

export interface SetupPlace extends DiscoveredPlace {
  /** What the endpoint that is checked is; null: none is known. */
  readonly endpoint: string | null;
}

export interface SetupChannel {
  /** Its key under `notify` in `pipeline.yml`. */
  readonly key: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The variable of the token that it needs. */
  readonly token: string;
}

export interface Answers {
  /** The lane's name. */
  readonly app: string;
  readonly branch: string;
  readonly repository: string | null;
  /** The key of the target's kind in `pipeline.yml`, and its word for instances. */
  readonly kind: string;
  readonly instances: string;
  readonly staging: SetupPlace;
  readonly production: SetupPlace;
  readonly ci: CiName | null;
  /** Whom deploys are told to; null: nobody yet. */
  readonly channel: SetupChannel | null;
  /** What the repository lacks for that kind, for a person. */
  readonly todo: readonly string[];
  readonly deployWords: readonly string[];
  /** The variables that hold the target's tokens. */
  readonly tokens: readonly string[];
}
