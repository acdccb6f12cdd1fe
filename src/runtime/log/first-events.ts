/** The first event of each stream of a kind: what it says is the log's own word, which no table beside it can leave out. */
import type { EventLog, RecordedEvent } from '../../store/log.ts';

/** Of every stream whose name begins so. @throws LogFault one is not what was recorded, or missing */
export async function* firstEventsOf(
  log: EventLog,
  prefix: string,
): AsyncGenerator<RecordedEvent, void, void> {
  for (let after = prefix; ; ) {
    const firsts = await log.firsts({ prefix, after });
    yield* firsts;
    const last = firsts.at(-1);
    if (last === undefined) return;
    after = last.stream;
  }
}
