/** Read models beside the log: tables that are fed from its events, and can be made again from them at any time. */
import type { Compilable, Kysely } from 'kysely';
import type { EventLog, RecordedEvent } from './log.ts';
import type { BoundStatement } from './procedure.ts';

/** Where a projection makes its tables: the log's own transaction. */
export interface ProjectionTx<Tables> {
  /** For building queries; nothing is run through it. */
  readonly db: Kysely<Tables>;
  /** Runs a query that writes. */
  readonly run: (query: Compilable) => void;
}

/**
 * A read model. It only writes, and only what follows from the event and from its own tables, so
 * that making it again gives the same rows.
 *
 * Method syntax, so that projections over different tables fit into one list.
 */
export interface Projection<Tables = unknown> {
  readonly name: string;
  /** One more whenever its tables or their meaning change: the log then makes it again. */
  readonly version: number;
  /** Every table that it has. */
  readonly tables: readonly string[];
  /** Makes its tables, empty. */
  create(tx: ProjectionTx<Tables>): void;
  /**
   * What taking in these events writes, in the same transaction as the events; they come once each, in the
   * order of their positions, however many at once. Each statement is one that is made once: it is compiled for its first use.
   */
  apply(events: readonly RecordedEvent[]): readonly BoundStatement[];
}

/** Text of an event as a table has it: each engine takes it, and gives it back as it was. */
export const asKept = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{FFFD}');

/** A log that keeps read models. */
export interface ProjectedLog extends EventLog {
  /** Rows of a read model that has taken in every event of the log. */
  query<Tables, Row>(
    projection: Projection<Tables>,
    build: (db: Kysely<Tables>) => Compilable<Row>,
  ): Promise<readonly Row[]>;
  /** Makes the read models that the log was opened with again, from its first event. */
  rebuildProjections(): Promise<void>;
}

/** @throws TypeError a log that keeps no read models */
export function projected(log: EventLog): ProjectedLog {
  if (isProjected(log)) return log;
  throw new TypeError(`the ${log.engine} log keeps no read models`);
}

function isProjected(log: EventLog): log is ProjectedLog {
  return 'query' in log && 'rebuildProjections' in log;
}

/** Makes the read models of a log again from its first event; a query meanwhile waits for all of it. */
export async function rebuildProjections(log: EventLog): Promise<void> {
  await projected(log).rebuildProjections();
}
