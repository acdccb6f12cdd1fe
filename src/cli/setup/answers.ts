/** What a set-up has to know of the lane before it writes: each answer is given by a flag, by the person, or by what was found. */
import type { DiscoveredPlace } from '../../effects/targets/survey.ts';
import type { CiName } from './facts.ts';

export interface SetupPlace extends DiscoveredPlace {
  /** What the endpoint that is checked is; null: none is known. */
  readonly endpoint: string | null;
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
  readonly slackChannel: string | null;
  /** What the repository lacks for that kind, for a person. */
  readonly todo: readonly string[];
  readonly deployWords: readonly string[];
  /** The variables that hold the target's tokens. */
  readonly tokens: readonly string[];
}
