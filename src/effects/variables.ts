/** The environment variables that a kind of target or of channel reads. */

/** One that holds a secret. */
export interface SecretVariable {
  readonly name: string;
  /** What it is for, in a list of all variables. */
  readonly use: string;
}

/** One that holds a base URL. */
export interface UrlVariable {
  readonly name: string;
  /** Where it is not set. */
  readonly standard: string;
  /** The token that goes there: over https, or to this machine. */
  readonly token: string;
}
