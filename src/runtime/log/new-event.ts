/** Makes events ready for the log: an id, and metadata that says who wrote them and under what. */
import { schemaNumbers } from '../../machine/event-schemas.ts';
import type { JsonObject, NewEvent } from '../../store/log.ts';
import type { Run } from '../identity.ts';

/** Where a transition came from and where it led, for a reader without the program. */
export interface TransitionRecord {
  readonly from: string | null;
  readonly to: string;
  readonly settled: boolean;
  /** In words, when the state needs a reason. */
  readonly reason: string | null;
}

export interface RecordContext {
  readonly transition?: TransitionRecord;
  /** The id of the event that led to this one. */
  readonly causation?: string;
  /** The SHA-256 of the chart's definition. */
  readonly chart?: string;
}

export function newEvent(
  event: { type: string; data: object },
  run: Run,
  context: RecordContext = {},
): NewEvent {
  const { id: runId, actor, ci, program } = run;
  return {
    id: run.newId(),
    type: event.type,
    schema: schemaNumbers.get(event.type) ?? 1,
    data: event.data as JsonObject,
    metadata: {
      actor: actor as unknown as JsonObject,
      run: runId,
      ci: ci as JsonObject | null,
      program,
      ...(context as JsonObject),
    },
  };
}
