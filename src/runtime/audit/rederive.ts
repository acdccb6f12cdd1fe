/**
 * An event of a deploy folded through the chart again, and where it led compared with what was recorded. A deploy that ran
 * on an earlier chart is compared by the nine states, whose names and meanings stay, and by its own unbroken chain of states.
 */
import type { DomainEvent } from '../../machine/events.ts';
import { type FoldedDeploy, has, stateOf } from '../../machine/interpret.ts';
import { topOf } from '../../machine/state-facts.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { chartHash, domainEvent, fold } from '../log/recorded.ts';

/** A deploy after some of its events: as the chart makes it, and where its record says that the last one led. */
export interface Rederived {
  readonly folded: FoldedDeploy | null;
  readonly told: string | null;
}

export const notBegun: Rederived = { folded: null, told: null };

export interface Disagreement {
  readonly version: number;
  readonly type: string;
  readonly recorded: string;
  readonly recomputed: string;
}

export interface Step extends Rederived {
  readonly event: DomainEvent;
  /** Null: what was recomputed is what was recorded. */
  readonly disagreement: Disagreement | null;
}

/** @throws UnreadableLog the event is none that this version knows */
export function rederive(before: Rederived, record: RecordedEvent): Step {
  const event = domainEvent(record);
  const folded = fold(before.folded, event, record.time);
  const from = before.folded === null ? null : stateOf(before.folded);
  const disagreement = compare(record, { told: before.told, from, after: folded });
  return { event, folded, told: toldOf(record).to ?? before.told, disagreement };
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
