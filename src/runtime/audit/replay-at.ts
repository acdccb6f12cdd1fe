/** A deploy as it stood at some time: its state, what was under way, and what it had learnt. */
import { type FoldedDeploy, stateOf } from '../../machine/interpret.ts';
import { nextFor } from '../../machine/state-facts.ts';
import { describeStep } from '../../machine/step-words.ts';
import type { EventLog } from '../../store/log.ts';
import { domainEvent, fold, UnreadableLog } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';

export interface Moment {
  readonly deploy: string;
  /** The last event that was recorded by then: its version in the stream, and its time (ISO 8601). */
  readonly event: number;
  readonly time: string;
  readonly state: string;
  /** In words. */
  readonly underWay: readonly string[];
  /** What rings by itself, and when (ISO 8601). */
  readonly timers: readonly { readonly event: string; readonly at: string }[];
  /** What the deploy had learnt; what it was asked for with is in its first event. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly next: string | null;
}

/**
 * @param at the version of an event, or a time (ISO 8601)
 * @returns null: it was not asked for by then
 * @throws UnreadableLog the chart does not take an event there
 */
export async function replayAt(
  log: EventLog,
  deploy: string,
  at: { readonly version: number } | { readonly time: string },
): Promise<Moment | null> {
  const records = await log.readStream(deployStream(deploy));
  const until = records.filter((record) =>
    'version' in at ? record.version <= at.version : record.time <= at.time,
  );
  let folded: FoldedDeploy | null = null;
  for (const record of until) {
    folded = fold(folded, domainEvent(record), record.time);
    if (folded === null) {
      throw new UnreadableLog(
        'E_EVENT_REFUSED',
        `${record.stream}@${record.version}: the chart does not take ${record.type} there`,
        { hint: `pipeline replay ${deploy} shows where the log and the chart part.` },
      );
    }
  }
  const last = until.at(-1);
  if (folded === null || last === undefined) return null;
  const state = stateOf(folded);
  const { request: _, ...context } = folded.snapshot.context;
  return {
    deploy,
    event: last.version,
    time: last.time,
    state,
    underWay: [...folded.running.keys()].map(describeStep),
    timers: [...folded.timers.values()].map(({ event, dueAt }) => ({
      event: event.type,
      at: new Date(dueAt).toISOString(),
    })),
    context: context as unknown as Moment['context'],
    next: nextFor(state, deploy),
  };
}
