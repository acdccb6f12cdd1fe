/** The first event of each stream of a kind: what it says is the log's own word, which no table beside it can leave out. */
import type { EventLog, RecordedEvent } from '../../store/log.ts';

/** So many are read at once. */
const page = 1_000;

/** Of every stream whose name begins so. @throws LogFault one is not what was recorded, or missing */
export async function* firstEventsOf(
  log: EventLog,
  prefix: string,
): AsyncGenerator<RecordedEvent, void, void> {
  for (let after = prefix; ; ) {
    const firsts = await log.firsts({ prefix, after, limit: page });
    yield* firsts;
    if (firsts.length < page) return;
    after = firsts.at(-1)?.stream ?? after;
  }
}
