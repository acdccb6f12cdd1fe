/** Charts in the log: each that a deploy was carried on by is kept once, before the first event that names it. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { chart } from '../../machine/chart.ts';
import { ChartEdges } from '../../machine/chart-edges.ts';
import {
  type ChartDefinition,
  canonicalText,
  chartEventSchemas,
  definitionOf,
} from '../../machine/definition.ts';
import { redactAll } from '../../redaction/gate.ts';
import {
  type EventLog,
  type JsonObject,
  LogFault,
  type RecordedEvent,
  VersionConflict,
} from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { newEvent } from './new-event.ts';
import { chartStream } from './streams.ts';

const definition = definitionOf(chart);

/** SHA-256 (hex) of the chart's definition: which chart a deploy was run on. */
export const chartHash: string = hash('sha256', JSON.stringify(definition));

/** A chart as the log has it. */
export interface KeptChart {
  readonly definition: ChartDefinition;
  readonly edges: ChartEdges;
}

/** Logs of this process that have the chart. */
const having = new WeakSet<EventLog>();

/** Keeps this program's chart in the log, unless it is there. To be done before an event names it. @param clean the gate */
export async function keepChart(log: EventLog, run: Run, clean = redactAll): Promise<void> {
  if (having.has(log)) return;
  const stream = chartStream(chartHash);
  const [there] = await log.streams({ prefix: stream, limit: 1 });
  if (there === undefined) {
    // A secret that is also a word of the chart would be masked: the log would keep another chart.
    if (!isDeepStrictEqual(clean({ definition }), { definition })) return;
    const event = newEvent({ type: 'chart.kept', data: { definition } }, run);
    try {
      await log.append([{ stream, expected: 'none', events: [event] }]);
    } catch (error) {
      // Another run was faster.
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
  having.add(log);
}

/** The chart of that hash; null: the log does not have it, for an earlier version of the program wrote it. @throws LogFault */
export async function readChart(log: EventLog, named: string): Promise<KeptChart | null> {
  const [record] = await log.readStream(chartStream(named), { limit: 1 });
  if (record === undefined) return null;
  const kept = keptChart(record);
  if (typeof kept !== 'string') return kept;
  throw new LogFault({ ...record, reason: kept });
}

/** The chart that an event of a chart's stream keeps; a text: what is wrong with the event. */
export function keptChart({ stream, version, type, data }: RecordedEvent): KeptChart | string {
  if (version > 1) return 'a chart is kept once, and this is one event more';
  if (type !== 'chart.kept') return `no chart is kept by ${type}`;
  const { definition: kept } = data as { readonly definition?: JsonObject };
  if (chartStream(hash('sha256', canonicalText(kept ?? {}))) !== stream) {
    return 'it is not the chart that its name is the SHA-256 of';
  }
  const { data: read } = chartEventSchemas['chart.kept'].safeParse(data);
  if (read === undefined) return 'it is no chart as this version reads it';
  return { definition: read.definition, edges: new ChartEdges(read.definition) };
}
