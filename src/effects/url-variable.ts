/** An environment variable that holds a base URL. */
export interface UrlVariable {
  readonly name: string;
  /** Where it is not set. */
  readonly standard: string;
  /** The token that goes there: over https, or to this machine. */
  readonly token: string;
}
