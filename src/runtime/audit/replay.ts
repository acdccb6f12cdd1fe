/** Replay: folds what was recorded through the chart again, and compares where each event led. */
import type { DomainEvent } from '../../machine/events.ts';
import { type Flight, has, stateOf } from '../../machine/interpret.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { chartHash, domainEvent, fold } from '../loop/recorded.ts';
import { deployStream } from '../loop/streams.ts';

export interface ReplayStep {
  readonly version: number;
  readonly time: string;
  readonly event: DomainEvent;
  readonly from: string | null;
  readonly to: string;
  /** Milliseconds since the event before. */
  readonly tookMs: number;
}

export interface Disagreement {
  readonly version: number;
  readonly type: string;
  readonly recorded: string;
  readonly recomputed: string;
}

export interface Replay {
  readonly deploy: string;
  readonly steps: readonly ReplayStep[];
  /** Null: everything that was recomputed is what was recorded. */
  readonly disagreement: Disagreement | null;
  readonly state: string | null;
  readonly settled: boolean;
  /** Whether the deploy ran on the chart that this program has. */
  readonly sameChart: boolean;
}

/** Stops at the first event that does not agree. An unknown deploy has no steps. */
export async function replay(log: EventLog, deploy: string): Promise<Replay> {
  const records = await log.readStream(deployStream(deploy));
  const steps: ReplayStep[] = [];
  let flight: Flight | null = null;
  let disagreement: Disagreement | null = null;
  for (const record of records) {
    const from: string | null = flight === null ? null : stateOf(flight);
    const after: Flight | null = fold(flight, record);
    disagreement = compare(record, from, after);
    if (disagreement !== null || after === null) break;
    const before = steps.at(-1)?.time ?? record.time;
    steps.push({
      version: record.version,
      time: record.time,
      event: domainEvent(record),
      from,
      to: stateOf(after),
      tookMs: Date.parse(record.time) - Date.parse(before),
    });
    flight = after;
  }
  return {
    deploy,
    steps,
    disagreement,
    state: flight === null ? null : stateOf(flight),
    settled: flight !== null && has(flight, 'settled'),
    sameChart: records[0]?.metadata.chart === chartHash,
  };
}

function compare(
  { version, type, metadata }: RecordedEvent,
  from: string | null,
  after: Flight | null,
): Disagreement | null {
  const told = metadata.transition as
    | { from?: unknown; to?: unknown; settled?: unknown }
    | undefined;
  const recorded = `${told?.from ?? 'nothing'} → ${told?.to ?? 'nothing'}${told?.settled === true ? ' (settled)' : ''}`;
  const recomputed =
    after === null
      ? `${from ?? 'nothing'}: the chart does not take this event there`
      : `${from ?? 'nothing'} → ${stateOf(after)}${has(after, 'settled') ? ' (settled)' : ''}`;
  return recorded === recomputed ? null : { version, type, recorded, recomputed };
}
