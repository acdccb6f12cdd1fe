/**
 * The log's contract: append-only streams of events under one gapless global order, with the
 * leases that fence their writers. Every engine (SQLite, PostgreSQL) keeps it; one suite proves it.
 *
 * Nothing here knows what a deploy is.
 */
import type { CoreCode } from '../errors/catalogue.ts';
import { LockstepError } from '../errors/error.ts';
import type { EventRow } from './tables.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

/** An event as its writer hands it over. */
export interface NewEvent {
  /** A UUID made by the writer. Appending the same id again is harmless (see `append`). */
  readonly id: string;
  /** Past tense, noun first: `lock.acquired`. */
  readonly type: string;
  /** The schema number of `data` for this `type`; 1 when left out. Upcasters key on it. */
  readonly schema?: number;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
}

/** An event as the log keeps it. */
export interface RecordedEvent {
  /** Place in the one global order: 1, 2, 3 … without gaps, in commit order. */
  readonly position: number;
  readonly stream: string;
  /** Place in the stream: 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly schema: number;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
  /** When the log recorded it, by the log's clock: ISO 8601, UTC, milliseconds. */
  readonly time: string;
  /** SHA-256 (hex) over the stored bytes of this event and `previousHash`. */
  readonly hash: string;
  /** The hash of the stream's event before, or 64 zeros for its first. */
  readonly previousHash: string;
}

/** What the writer believes of the stream: its exact version, or only whether it exists. */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

/** Events for one stream. */
export interface StreamAppend {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly events: readonly NewEvent[];
}

/** Who holds what, and since which grant. The token only ever grows, so an old holder is known by it. */
export interface Fence {
  readonly resource: string;
  readonly token: number;
}

/** A lease over a resource. Time is the log's clock, never the caller's. */
export interface Lease extends Fence {
  /** Whatever tells people and programs who holds it: host, pid, CI run. */
  readonly owner: JsonObject;
  /** Milliseconds left; 0 or less: expired or released. */
  readonly expiresInMs: number;
  readonly released: boolean;
}

export interface AppendOptions {
  /** Refuse the append (`FencedOff`) unless this token is still the resource's, unreleased. Checked in the transaction. */
  readonly fence?: Fence;
  /** Give the resource to `owner` under `token` in the same transaction. A token not above the last one is refused. */
  readonly grant?: Fence & { readonly owner: JsonObject; readonly ttlMs: number };
  /** Release the resource in the same transaction. The token must be the current one (else `FencedOff`). */
  readonly release?: Fence;
}

export interface Appended {
  /** `alreadyAppended`: every event id was there already with the same content; nothing was written. */
  readonly outcome: 'appended' | 'alreadyAppended';
  readonly events: readonly RecordedEvent[];
}

/** How many events of an import are new to the log, and how many it had already. */
export interface Imported {
  readonly imported: number;
  readonly present: number;
}

/** Where a consumer of the log has got to, and what it wants to remember there. */
export interface Checkpoint {
  readonly position: number;
  readonly state: JsonObject;
}

export interface Verification {
  readonly events: number;
  readonly streams: number;
  /** See `LogHead`: keep it elsewhere to see a cut tail. */
  readonly headDigest: string;
  /** The first event that does not add up, if any; position 0 where it is the database's own files. */
  readonly fault: {
    readonly position: number;
    readonly stream: string;
    readonly reason: string;
  } | null;
}

/** The whole log in 64 hex digits: whoever keeps it elsewhere sees any change of what the log was then. */
export interface LogHead {
  /** `2-` and 64 hex digits over the hashes of all events; of earlier versions 64 digits over every stream's name, version and last hash. */
  readonly digest: string;
  /** The last event's; 0 for an empty log. */
  readonly position: number;
}

/** The first event of a stream. */
export interface StreamBeginning {
  readonly stream: string;
  readonly type: string;
  readonly position: number;
}

/** Which of a stream's events are read. */
export interface ReadStreamOptions {
  /** 1 when left out. */
  readonly fromVersion?: number;
  /** From the last event of this type on, where there is one from `fromVersion` on. */
  readonly fromLast?: string;
  readonly limit?: number;
}

export interface EventLog {
  /** `sqlite` or `postgres`. */
  readonly engine: string;

  /**
   * Appends to one or several streams, all or nothing, durable when it resolves.
   *
   * Idempotent by event id in every mode: if all the ids are there with the same stream, type and
   * data, the recorded events come back and nothing is written.
   *
   * @throws VersionConflict the stream is not at the expected version; names the actual one
   * @throws EventIdReused an id is there with other content, or only a part of the batch is
   * @throws FencedOff the fence's token is no longer the current one
   * @throws StoreUnavailable disk full, read-only, I/O error, lost connection: nothing was written, or (`unknown`) that is not known
   */
  append(batches: readonly StreamAppend[], options?: AppendOptions): Promise<Appended>;

  /**
   * Takes in events of another log exactly as it recorded them: position, version, id, time and
   * hashes are kept. All or nothing, durable when it resolves.
   *
   * Each is either in this log already, at its position with its hash, or has to follow from what is
   * there: the next position, its stream's next version and hash, a hash over what it says, a new id,
   * no time before the last event's. Checkpoints that are behind move along to the end: to whoever
   * reads on, what happened in another log is no news.
   *
   * @throws ImportRefused one of them is neither; nothing was written
   * @throws StoreUnavailable as for `append`
   */
  importEvents(events: readonly RecordedEvent[]): Promise<Imported>;

  /**
   * The stream's events in order, from `fromVersion` (default 1). An unknown stream is empty.
   *
   * Each is shown to be what was recorded: its hash is over its stored bytes, and it follows on the
   * event before it in its stream. docs/guarantees.md says what only the whole log can show.
   *
   * @throws LogFault the first one that is not
   */
  readStream(stream: string, options?: ReadStreamOptions): Promise<readonly RecordedEvent[]>;

  /**
   * Events after a global position, in order, at most `limit` (default 1,000). Never skips one that
   * commits later. Each one's hash is over its stored bytes; without a prefix no position is missing.
   *
   * @param options.onFault is told of every event that is not what was recorded, in place of the error
   * @throws LogFault the first one that is not; with `onFault`, one whose JSON cannot be read
   */
  readAll(options?: {
    after?: number;
    limit?: number;
    streamPrefix?: string;
    onFault?: (fault: LogFault) => void;
  }): Promise<readonly RecordedEvent[]>;

  /** Streams whose names begin so, the one that began last first, at most `limit`. */
  streams(options: { prefix: string; limit: number }): Promise<readonly StreamBeginning[]>;

  /**
   * The first event of streams whose names begin so, in the order of names, at most `limit`; `after`: those
   * behind the stream of that name. As many steps as there are such streams, however long they are. Each is shown to be what
   * was recorded.
   *
   * @throws LogFault the first one that is not, or is missing
   */
  firsts(options: {
    prefix: string;
    after?: string;
    limit: number;
  }): Promise<readonly RecordedEvent[]>;

  /** The last global position; 0 for an empty log. */
  head(): Promise<number>;
  /** The log's head as it is stored now: nothing is checked by it, `verify` does that. */
  headDigest(): Promise<LogHead>;

  /** The lease over a resource as it stands, expired and released ones included; null if there never was one. */
  lease(resource: string): Promise<Lease | null>;
  /**
   * The stream's events as `readStream` gives them, and these leases, as they stood at one moment: none of the leases
   * belongs to an event that is not among them.
   */
  readWithLeases(
    stream: string,
    resources: readonly string[],
    options?: Omit<ReadStreamOptions, 'limit'>,
  ): Promise<{
    readonly events: readonly RecordedEvent[];
    readonly leases: readonly (Lease | null)[];
  }>;
  /** Every lease whose resource starts with the prefix, by name; without those that were released where only `held` ones are asked for. */
  leases(prefix: string, options?: { readonly held: boolean }): Promise<readonly Lease[]>;
  /** Takes a resource that is free, released or expired, under the next token. Null: somebody holds it. */
  take(resource: string, owner: JsonObject, ttlMs: number): Promise<Lease | null>;
  /** Prolongs a lease that is still this token's. False: it is not any more (released or taken over). */
  renew(fence: Fence, ttlMs: number): Promise<boolean>;
  /** Gives a lease back. False: it was no longer this token's. */
  release(fence: Fence): Promise<boolean>;

  /** A consumer's checkpoint; position 0 and an empty state when it has none. */
  checkpoint(consumer: string): Promise<Checkpoint>;
  /** Saves it. With a fence, only while that is held. @throws FencedOff */
  saveCheckpoint(consumer: string, checkpoint: Checkpoint, fence?: Fence): Promise<void>;

  /** Resolves when anything was written to the log or its leases since the call, at `timeoutMs` at the latest, or at abort. */
  changed(options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;

  /** Recomputes every hash, version and position. */
  verify(): Promise<Verification>;
  /** Every event as it is stored, up to the head as it is at the first page; nothing is checked. */
  stored(): AsyncIterable<readonly EventRow[]>;
  /** What the engine finds wrong with its own files, where it can tell; null: nothing. */
  damage(): Promise<string | null>;

  close(): Promise<void>;
}

/** Another writer was first. Read the stream again and decide anew. */
export class VersionConflict extends LockstepError {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly actual: number;
  constructor(stream: string, expected: ExpectedVersion, actual: number) {
    super('E_VERSION_CONFLICT', `stream ${stream} is at version ${actual}, not at ${expected}`, {
      details: { stream, expected, actual },
    });
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The same event id with other content: two writers made the same id, or a batch was cut. */
export class EventIdReused extends LockstepError {
  constructor(id: string, where: { stream: string; version: number }) {
    super(
      'E_EVENT_ID_REUSED',
      `event ${id} is in the log already with other content (${where.stream}@${where.version})`,
      {
        details: { id, ...where },
      },
    );
  }
}

/** What keeps an event of another log out of this one. */
export type ImportFlaw =
  | 'event' // it is none that a log can have recorded
  | 'position' // it is not the next one
  | 'version' // it is not its stream's next one
  | 'chain' // it does not follow the event before it in its stream
  | 'hash' // it says something else than what was recorded
  | 'time' // it is older than the event before it
  | 'id' // its id is another event's
  | 'other'; // the log has another event at its position

const importCodes = {
  event: 'E_IMPORT_EVENT',
  position: 'E_IMPORT_POSITION',
  version: 'E_IMPORT_VERSION',
  chain: 'E_IMPORT_CHAIN',
  hash: 'E_IMPORT_HASH',
  time: 'E_IMPORT_TIME',
  id: 'E_IMPORT_ID',
  other: 'E_IMPORT_OTHER',
} as const satisfies Record<ImportFlaw, string>;

/** An event of another log that cannot be in this one: it was changed, it is out of place, or the logs differ. */
export class ImportRefused extends LockstepError {
  readonly flaw: ImportFlaw;
  /** Which one of the events that were given, from 0. */
  readonly index: number;
  readonly position: number;
  readonly reason: string;
  constructor(
    flaw: ImportFlaw,
    { index, position, reason }: { index: number; position: number; reason: string },
  ) {
    super(importCodes[flaw], `the event at position ${position} cannot be imported: ${reason}`, {
      details: { index, position },
    });
    this.flaw = flaw;
    this.index = index;
    this.position = position;
    this.reason = reason;
  }
}

/** What is stored is not what was recorded: somebody changed the store behind the log's back. */
export class LogFault extends LockstepError {
  /** Where it was seen. */
  readonly position: number;
  readonly stream: string;
  readonly reason: string;
  constructor({
    position,
    stream,
    reason,
  }: { readonly position: number; readonly stream: string; readonly reason: string }) {
    super('E_LOG_FAULT', `the log does not add up at position ${position} (${stream}): ${reason}`, {
      hint: 'Somebody changed the log: compare it with a backup. `pipeline verify` checks all of it and names every place.',
      details: { position, stream },
    });
    this.position = position;
    this.stream = stream;
    this.reason = reason;
  }
}

/** The writer's lease was taken over or released: it must write nothing more. */
export class FencedOff extends LockstepError {
  readonly resource: string;
  readonly token: number;
  readonly current: number;
  constructor(fence: Fence, current: number) {
    super(
      'E_FENCED_OFF',
      `${fence.resource} is no longer held under token ${fence.token} (now ${current})`,
      {
        details: { ...fence, current },
      },
    );
    this.resource = fence.resource;
    this.token = fence.token;
    this.current = current;
  }
}

/** The store cannot be opened or trusted: not a database, a newer schema, weaker durability than promised. */
export class StoreUnusable extends LockstepError {}

/** The store failed while in use. */
export class StoreUnavailable extends LockstepError {
  /** Whether it was written is not known: the same ids again write it once. False: nothing was written. */
  readonly unknown: boolean;
  constructor(
    code: CoreCode,
    message: string,
    options: {
      unknown?: boolean;
      hint?: string | undefined;
      details?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    const { unknown = false, details, ...same } = options;
    super(code, message, { ...same, details: { ...details, unknown } });
    this.unknown = unknown;
  }
}

/** What stands at the log's place is not the log that this process opened and wrote to. */
export class StoreReplaced extends StoreUnavailable {
  /** @param store as messages name it; @param what was seen of it */
  constructor(store: string, what: string) {
    super('E_STORE_REPLACED', `the log ${store} is not the one that this run opened: ${what}`, {
      hint: 'Nothing more was written anywhere. Put the log back as it was (its -wal file too) and run the same command again; without it, nobody knows what is held or under way.',
      details: { store },
    });
  }
}
