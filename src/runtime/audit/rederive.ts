/**
 * An event of a deploy folded through the chart again, and where it led compared with what was recorded. What was recorded on
 * an earlier chart is held against that chart's own edges, where the log has it; a log that does not have it is compared by the
 * nine states, whose names and meanings stay. Either way a deploy's states have to follow each other without a break.
 */

import type { Tag } from '../../machine/chart.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { type FoldedDeploy, has, stateOf } from '../../machine/interpret.ts';
import { type LightDeploy, lightChart } from '../../machine/light-chart.ts';
import { topOf } from '../../machine/state-facts.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { chartHash, type KeptChart } from '../log/charts.ts';
import { domainEvent, fold } from '../log/recorded.ts';

/** Charts that the log has, by their hash; undefined: it does not have that one. */
export type ChartsByHash = Pick<ReadonlyMap<string, KeptChart>, 'get'>;

/** How the present chart is asked: by XState itself, or by its table, which gives the same and no more than the state. */
export interface Folder<F> {
  /** The deploy after one event more, recorded at that time (ISO 8601); null: the chart does not handle it there. */
  fold(folded: F | null, event: DomainEvent, time: string): F | null;
  stateOf(folded: F): string;
  has(folded: F, tag: Tag): boolean;
}

export const byXState: Folder<FoldedDeploy> = { fold, stateOf, has };

export const byTable: Folder<LightDeploy> = {
  fold(folded, event) {
    if (folded !== null) return lightChart.next(folded, event);
    return event.type === 'deploy.requested' ? lightChart.begin(event.data) : null;
  },
  stateOf: ({ state }) => state,
  has: lightChart.has,
};

/** A deploy after some of its events. */
export interface Rederived<F> {
  /** As the present chart makes it; null: not begun, or an earlier chart led where the present one does not. */
  readonly folded: F | null;
  /** Where its record says that the last event led; null: nothing was recorded. */
  readonly told: string | null;
}

export const notBegun: Rederived<never> = { folded: null, told: null };

export interface Disagreement {
  readonly version: number;
  readonly type: string;
  readonly recorded: string;
  readonly recomputed: string;
}

/** The chart that an event was recorded on: the `present` one, an `earlier` one that the log has, or one that nobody has. */
export type RanOn = 'present' | 'earlier' | 'unknown';

export interface Step<F> extends Rederived<F> {
  readonly event: DomainEvent;
  readonly ranOn: RanOn;
  /** The states before and after the event, on the chart that it ran on as far as that is known. */
  readonly from: string | null;
  readonly to: string;
  readonly settled: boolean;
  /** Settled, until a person lets it go on. */
  readonly held: boolean;
  /** Null: what was recomputed is what was recorded. */
  readonly disagreement: Disagreement | null;
}

const noCharts: ChartsByHash = new Map();

/** @throws UnreadableLog the event is none that this version knows */
export function rederive<F>(
  before: Rederived<F>,
  record: RecordedEvent,
  folder: Folder<F>,
  charts: ChartsByHash = noCharts,
): Step<F> {
  const event = domainEvent(record);
  const { chart } = record.metadata;
  const isPresent = chart === undefined || chart === chartHash;
  const kept = isPresent ? undefined : charts.get(String(chart));
  const folded = folder.fold(before.folded, event, record.time);
  if (kept !== undefined) return onOwnChart(before, record, { event, folded, kept });
  return onPresentChart(before, record, { event, folded, isPresent, folder });
}

interface Told {
  readonly from?: string | null;
  readonly to?: string;
  readonly settled?: boolean;
}

const toldOf = ({ metadata }: RecordedEvent): Told => (metadata.transition ?? {}) as Told;

function onPresentChart<F>(
  before: Rederived<F>,
  record: RecordedEvent,
  now: { event: DomainEvent; folded: F | null; isPresent: boolean; folder: Folder<F> },
): Step<F> {
  const { event, folded, isPresent, folder } = now;
  const told = toldOf(record);
  const from = before.folded === null ? null : folder.stateOf(before.folded);
  const to = folded === null ? (from ?? '') : folder.stateOf(folded);
  const settled = folded !== null && folder.has(folded, 'settled');
  const recorded = inWords(told.from ?? null, told.to ?? 'nothing', told.settled === true);
  const recomputed =
    folded === null
      ? `${from ?? 'nothing'}: the chart does not take this event there`
      : inWords(from, to, settled);
  const agrees = isPresent
    ? recorded === recomputed
    : folded !== null &&
      (told.from ?? null) === before.told &&
      topOf(told.to ?? '') === topOf(to) &&
      (told.settled === true) === settled;
  return {
    ...{ event, folded, from, to, settled },
    ranOn: isPresent ? 'present' : 'unknown',
    held: folded !== null && folder.has(folded, 'held'),
    told: told.to ?? before.told,
    disagreement: agrees ? null : disagreementAt(record, recorded, recomputed),
  };
}

/** The present chart may have no such state or transition any more: where it does, it goes along. */
function onOwnChart<F>(
  before: Rederived<F>,
  record: RecordedEvent,
  own: { event: DomainEvent; folded: F | null; kept: KeptChart },
): Step<F> {
  const { event, folded, kept } = own;
  const { from = null, to = '', settled = false } = toldOf(record);
  const tags = kept.edges.tagsOf(to);
  const wrong =
    from !== before.told
      ? `the deploy was in ${before.told ?? 'nothing'} before`
      : tags === null || !kept.edges.leads(from, record.type, to)
        ? 'its own chart has no such transition'
        : tags.has('settled') === settled
          ? null
          : `its own chart says that ${to} is ${settled ? 'not ' : ''}settled`;
  return {
    ...{ event, folded, from, to, settled },
    ranOn: 'earlier',
    held: tags?.has('held') === true,
    told: to,
    disagreement: wrong === null ? null : disagreementAt(record, inWords(from, to, settled), wrong),
  };
}

const disagreementAt = (
  { version, type }: RecordedEvent,
  recorded: string,
  recomputed: string,
): Disagreement => ({ version, type, recorded, recomputed });

const inWords = (from: string | null, to: string, settled: boolean): string =>
  `${from ?? 'nothing'} → ${to}${settled ? ' (settled)' : ''}`;
