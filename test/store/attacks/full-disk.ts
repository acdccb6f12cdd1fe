/** Appending to a log until there is no space left, and once there is again. */
import { randomUUID } from 'node:crypto';
import { type EventLog, StoreUnavailable, type StreamAppend } from '../../../src/store/log.ts';
import type { Lot } from './seed.ts';

export interface Report {
  points: number;
  /** The errors that there were, by their code. */
  codes: Record<string, number>;
  problems: string[];
}

const appendsMax = 5_000;

const some = (lot: Lot): StreamAppend[] =>
  Array.from({ length: 1 + lot.below(2) }, () => ({
    stream: lot.oneOf(['a', 'b']),
    expected: 'any' as const,
    events: Array.from({ length: 1 + lot.below(2) }, () => ({
      id: randomUUID(),
      type: 'thing.happened',
      data: { text: 'x'.repeat(lot.below(12_000)) },
      metadata: {},
    })),
  }));

/** Fills the log up, and expects: a typed error, no trace of the write, and that the same append is taken after `makeSpace`. */
export async function fillUp(
  log: EventLog,
  lot: Lot,
  report: Report,
  makeSpace: () => void,
): Promise<void> {
  const say = (problem: string) => report.problems.push(`point ${report.points + 1}: ${problem}`);
  for (let n = 0; n < appendsMax; n++) {
    const batches = some(lot);
    const token = ((await log.lease('r'))?.token ?? 0) + 1;
    const options = { grant: { resource: 'r', token, owner: {}, ttlMs: 1_000_000 } };
    const before = await log.head();
    const error = await log.append(batches, options).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error === null) continue;
    if (!(error instanceof StoreUnavailable)) say(`not typed: ${error}`);
    const { code, unknown } = error as StoreUnavailable;
    report.codes[code] = (report.codes[code] ?? 0) + 1;
    const isThere = (await log.head()) !== before;
    if (isThere && !unknown) say(`${code}, and yet it was written`);
    if (!isThere && (await log.lease('r'))?.token === token) say('its lease was granted');
    const left = await log.verify();
    if (left.fault !== null) say(`${left.fault.position}: ${left.fault.reason}`);

    makeSpace();
    if (JSON.stringify(await log.verify()) !== JSON.stringify(left)) say('changed by having space');
    const { outcome, events } = await log.append(batches, options);
    if (outcome !== (isThere ? 'alreadyAppended' : 'appended')) say(`again: ${outcome}`);
    const { fault, events: count } = await log.verify();
    if (fault !== null) say(`${fault.position}: ${fault.reason}`);
    if (!isThere && count !== before + events.length) say(`${count} events after ${before}`);
    report.points++;
    return;
  }
  say(`no error in ${appendsMax} appends`);
}
