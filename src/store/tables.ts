/** The tables of a log, the same in every engine. */

/** An event exactly as it is stored: what its hash is over. */
export interface EventRow {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly schema: number;
  /** JSON text, never rewritten. */
  readonly data: string;
  readonly metadata: string;
  readonly time: string;
  readonly hash: string;
  readonly previous_hash: string;
}

export interface LeaseRow {
  readonly resource: string;
  readonly token: number;
  /** JSON text. */
  readonly owner: string;
  /** Milliseconds since 1970 by the log's clock. */
  readonly expires_at: number;
  readonly released: 0 | 1;
}

export interface LogTables {
  events: EventRow;
  leases: LeaseRow;
  checkpoints: { readonly consumer: string; readonly position: number; readonly state: string };
  /** Which read models there are, of which version, and up to which position they are fed. */
  projections: { readonly name: string; readonly version: number; readonly position: number };
}

/** No name that begins so stands behind it, in the order of bytes. */
export const lastCharacter = '\u{10ffff}';
