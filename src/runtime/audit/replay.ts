/** Replay: folds what was recorded of a deploy through the chart again, and compares where each event led. */
import type { DomainEvent } from '../../machine/events.ts';
import { has, stateOf } from '../../machine/interpret.ts';
import type { EventLog } from '../../store/log.ts';
import { chartHash } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';
import { type Disagreement, notBegun, type Rederived, rederive } from './rederive.ts';

export interface ReplayStep {
  readonly version: number;
  readonly time: string;
  readonly event: DomainEvent;
  readonly from: string | null;
  readonly to: string;
  /** Milliseconds since the event before. */
  readonly tookMs: number;
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
  let at: Rederived = notBegun;
  let disagreement: Disagreement | null = null;
  for (const record of records) {
    const from: string | null = at.folded === null ? null : stateOf(at.folded);
    const step = rederive(at, record);
    disagreement = step.disagreement;
    if (disagreement !== null || step.folded === null) break;
    const before = steps.at(-1)?.time ?? record.time;
    steps.push({
      version: record.version,
      time: record.time,
      event: step.event,
      from,
      to: stateOf(step.folded),
      tookMs: Date.parse(record.time) - Date.parse(before),
    });
    at = step;
  }
  const { folded } = at;
  return {
    deploy,
    steps,
    disagreement,
    state: folded === null ? null : stateOf(folded),
    settled: folded !== null && has(folded, 'settled'),
    sameChart: records[0]?.metadata.chart === chartHash,
  };
}
