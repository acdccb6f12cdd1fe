/** What every stand-in of a vendor is: it answers requests, shows its state, and can begin anew. */

export interface StandIn {
  fetch(request: Request): Promise<Response>;
  /** Plain JSON: what tests and `GET /state` of the control service look at. */
  state(): unknown;
  reset(): void;
}

export interface StandInOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A fresh UUID; the same ones in the same order every time. */
  readonly newId: () => string;
  /** What a client has to authenticate with. */
  readonly token: string;
  /** The repository that answers are made from, where there is one. */
  readonly repositoryPath?: () => string | undefined;
}
