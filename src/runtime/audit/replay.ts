/** Replay: folds what was recorded of a deploy through the chart again, and compares where each event led. It runs nothing. */
import { uncompiled } from '../../format/uncompiled.ts';
import type { Step as ChartStep } from '../../machine/codec.ts';
import type { DomainEvent } from '../../machine/events.ts';
import type { FoldedDeploy } from '../../machine/interpret.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { actorName, actorSchema, observedInWords } from '../actor.ts';
import { chartHash, type KeptChart, readChart } from '../log/charts.ts';
import { deployStream } from '../log/streams.ts';
import {
  byXState,
  type ChartsByHash,
  type Disagreement,
  notBegun,
  type RanOn,
  type Rederived,
  rederive,
} from './rederive.ts';
import { answeringStep } from './whatif-record.ts';

export interface ReplayStep {
  readonly version: number;
  readonly time: string;
  readonly event: DomainEvent;
  readonly from: string | null;
  readonly to: string;
  /** Milliseconds since the event before. */
  readonly tookMs: number;
  /** Which step of the chart answered with it; null: it is no answer of a step. */
  readonly step: ChartStep | null;
  /** Under whom the run went that wrote it: as claimed or seen, and what was seen; null: it does not say. */
  readonly by: { readonly actor: string; readonly observed: string } | null;
}

export interface Replay {
  readonly deploy: string;
  readonly steps: readonly ReplayStep[];
  /** Null: everything that was recomputed is what was recorded. */
  readonly disagreement: Disagreement | null;
  readonly state: string | null;
  readonly settled: boolean;
  /** Whether all of it ran on the chart that this program has. */
  readonly sameChart: boolean;
  /** On which chart each part of it ran; `earlier`: on the one that the log has, whose edges it was held against. */
  readonly ranOn: readonly RanOn[];
}

/** Stops at the first event that does not agree. An unknown deploy has no steps. @throws LogFault, UnreadableLog */
export async function replay(log: EventLog, deploy: string): Promise<Replay> {
  const records = await log.readStream(deployStream(deploy));
  const charts = await chartsOf(records, log);
  const steps: ReplayStep[] = [];
  const ranOn = new Set<RanOn>();
  let at: Rederived<FoldedDeploy> = notBegun;
  let disagreement: Disagreement | null = null;
  let settled = false;
  for (const record of records) {
    const step = rederive(at, record, byXState, charts);
    disagreement = step.disagreement;
    ranOn.add(step.ranOn);
    if (disagreement !== null) break;
    const before = steps.at(-1)?.time ?? record.time;
    steps.push({
      version: record.version,
      time: record.time,
      event: step.event,
      from: step.from,
      to: step.to,
      tookMs: Date.parse(record.time) - Date.parse(before),
      step: answeringStep(at.folded, step.event),
      by: writerOf(record),
    });
    settled = step.settled;
    at = step;
  }
  return {
    ...{ deploy, steps, disagreement, settled },
    state: steps.at(-1)?.to ?? null,
    sameChart: [...ranOn].every((one) => one === 'present'),
    ranOn: [...ranOn],
  };
}

/** The earlier charts that the events name, as the log has them: the present one is this program's own. @throws LogFault */
async function chartsOf(records: readonly RecordedEvent[], log: EventLog): Promise<ChartsByHash> {
  const charts = new Map<string, KeptChart>();
  for (const named of new Set(records.map(({ metadata }) => metadata.chart))) {
    if (typeof named !== 'string' || named === chartHash) continue;
    const kept = await readChart(log, named);
    if (kept !== null) charts.set(named, kept);
  }
  return charts;
}

function writerOf({ metadata }: RecordedEvent): ReplayStep['by'] {
  const { data: actor } = actorSchema.safeParse(metadata.actor, uncompiled);
  return actor === undefined ? null : { actor: actorName(actor), observed: observedInWords(actor) };
}
