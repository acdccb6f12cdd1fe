/**
 * Replay: folds what was recorded through the chart again, and compares where each event led. A deploy that ran on an
 * earlier chart is compared by the nine states, whose names and meanings stay, and by its own unbroken chain of states.
 */
import type { DomainEvent } from '../../machine/events.ts';
import { type FoldedDeploy, has, stateOf } from '../../machine/interpret.ts';
import { topOf } from '../../machine/state-facts.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { chartHash, domainEvent, fold } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';

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
  let folded: FoldedDeploy | null = null;
  let disagreement: Disagreement | null = null;
  let told: string | null = null;
  for (const record of records) {
    const from: string | null = folded === null ? null : stateOf(folded);
    const event = domainEvent(record);
    const after: FoldedDeploy | null = fold(folded, event, record.time);
    disagreement = compare(record, { told, from, after });
    told = toldOf(record).to ?? told;
    if (disagreement !== null || after === null) break;
    const before = steps.at(-1)?.time ?? record.time;
    steps.push({
      version: record.version,
      time: record.time,
      event,
      from,
      to: stateOf(after),
      tookMs: Date.parse(record.time) - Date.parse(before),
    });
    folded = after;
  }
  return {
    deploy,
    steps,
    disagreement,
    state: folded === null ? null : stateOf(folded),
    settled: folded !== null && has(folded, 'settled'),
    sameChart: records[0]?.metadata.chart === chartHash,
  };
}

interface Told {
  readonly from?: string | null;
  readonly to?: string;
  readonly settled?: boolean;
}

const toldOf = ({ metadata }: RecordedEvent): Told => (metadata.transition ?? {}) as Told;

/** @param led where the event before led by its record, and where the chart is before and after this one */
function compare(
  record: RecordedEvent,
  led: {
    readonly told: string | null;
    readonly from: string | null;
    readonly after: FoldedDeploy | null;
  },
): Disagreement | null {
  const { version, type, metadata } = record;
  const told = toldOf(record);
  const isSameChart = metadata.chart === undefined || metadata.chart === chartHash;
  const recorded = inWords(told.from ?? null, told.to ?? 'nothing', told.settled === true);
  const recomputed =
    led.after === null
      ? `${led.from ?? 'nothing'}: the chart does not take this event there`
      : inWords(led.from, stateOf(led.after), has(led.after, 'settled'));
  const agrees = isSameChart
    ? recorded === recomputed
    : led.after !== null &&
      (told.from ?? null) === led.told &&
      topOf(told.to ?? '') === topOf(stateOf(led.after)) &&
      (told.settled === true) === has(led.after, 'settled');
  return agrees ? null : { version, type, recorded, recomputed };
}

const inWords = (from: string | null, to: string, settled: boolean): string =>
  `${from ?? 'nothing'} → ${to}${settled ? ' (settled)' : ''}`;
