/** What a change would have made of the deploys of a log. Reads it, and writes nothing. */
import type { Interpreter } from '../../machine/interpret.ts';
import type { LaneEventType } from '../../machine/lane.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { UnreadableLog } from '../log/recorded.ts';
import { laneStream } from '../log/streams.ts';
import { type Change, type WhatIf, whatIf } from './whatif.ts';
import type { LaneMoves } from './whatif-applies.ts';
import { readRecord } from './whatif-record.ts';

const page = 1_000;

/** Orders of people that gates go by. */
const moving: ReadonlySet<string> = new Set<LaneEventType>([
  'lane.disabled',
  'lane.enabled',
  'rollback.lifted',
  'rollback.done',
  'trust.given',
]);

/** By lane, the global positions of such orders after that one, growing. */
export async function laneMoves(
  log: EventLog,
  from: number,
): Promise<ReadonlyMap<string, LaneMoves>> {
  const found = new Map<string, number[]>();
  const prefix = laneStream('');
  for (let after = from; ; ) {
    const events = await log.readAll({ after, limit: page, streamPrefix: prefix });
    for (const { stream, type, position, data } of events) {
      const lane = stream.slice(prefix.length);
      const isBack = type === 'rollback.failed' && data.made !== null;
      if (moving.has(type) || isBack) found.set(lane, [...(found.get(lane) ?? []), position]);
    }
    if (events.length < page) return found;
    after = events.at(-1)?.position ?? after;
  }
}

/** The lane that a deploy was asked for in; empty: nothing says it. */
export function laneOf([first]: readonly RecordedEvent[]): string {
  return typeof first?.data.lane === 'string' ? first.data.lane : '';
}

/** @param own the chart that the deploy ran on */
export function readWhatIf(
  records: readonly RecordedEvent[],
  change: Change,
  moves: LaneMoves,
  own: Interpreter,
): WhatIf {
  const recorded = endIn(records);
  try {
    const record = readRecord(records, own);
    if (record !== null) return whatIf(record, change, moves);
    return { ...recorded, why: 'what was recorded does not lead through the chart that it ran on' };
  } catch (error) {
    if (!(error instanceof UnreadableLog)) throw error;
    return { ...recorded, why: error.message };
  }
}

function endIn(records: readonly RecordedEvent[]): WhatIf {
  const { to = '' } = (records.at(-1)?.metadata.transition ?? {}) as { to?: string };
  const recorded = { state: to, exit: null };
  return { verdict: 'unknown', recorded, changed: null, at: null, why: null };
}
