/** What the pages show, read from the log. Nothing leaves here with a secret in it: an imported log may hold one. */

import { chart } from '../machine/chart.ts';
import { declaredTransitions } from '../machine/outline.ts';
import type { ShownDeploy, ToldChart, ToldDeploy, ToldEvent } from '../page/deploy-page.ts';
import type { ListedDeploy } from '../page/deploys-page.ts';
import type { LaneFigures } from '../page/figures.ts';
import type { Standings } from '../page/lanes-page.ts';
import { redactAll } from '../redaction/gate.ts';
import { type ChartUse, chartUse, type Walk, walkOf } from '../runtime/accounts/chart-use.ts';
import { readLaneRecord, recentDeploys, recentPeriod } from '../runtime/accounts/deploy-record.ts';
import { laneMetrics } from '../runtime/accounts/metrics.ts';
import { type DeployStory, readDeployStory } from '../runtime/audit/deploys.ts';
import { linksOf } from '../runtime/audit/links.ts';
import { type DeploySearch, searchDeploys } from '../runtime/audit/search-deploys.ts';
import { chartHash, readChart } from '../runtime/log/charts.ts';
import {
  domainEvent,
  stateAfter,
  UnreadableLog,
  unlessUnreadable,
} from '../runtime/log/recorded.ts';
import { knownOf, laneNames, readLanes, readStood, standsAlone } from '../runtime/standing/read.ts';
import { type LaneStanding, laneStanding, type StoodDeploy } from '../runtime/standing/standing.ts';
import { type EventLog, LogFault, type RecordedEvent } from '../store/log.ts';

/** Null: the log has no deploy of that id. @throws LogFault of it, or of another one of its lane */
export async function readToldDeploy(log: EventLog, id: string): Promise<ToldDeploy | null> {
  const story = await readDeployStory(log, id);
  return story === null ? null : toldDeploy(log, story, await stoodOf(log, story));
}

/** As `readToldDeploy`, and also where another deploy of its lane cannot be read. @throws LogFault of it */
export async function readShownDeploy(log: EventLog, id: string): Promise<ShownDeploy | null> {
  const story = await readDeployStory(log, id);
  if (story === null) return null;
  try {
    const told = await toldDeploy(log, story, await stoodOf(log, story));
    return { ...told, besideFault: null };
  } catch (error) {
    if (!(error instanceof LogFault)) throw error;
    const told = await toldDeploy(log, story, await standsAlone(log, story));
    return redactAll({ ...told, besideFault: error.message });
  }
}

async function stoodOf(log: EventLog, story: DeployStory): Promise<StoodDeploy> {
  const [stood] = await readStood(log, story.row.lane, [story]);
  if (stood === undefined) throw new Error('a deploy stands somehow');
  return stood;
}

async function toldDeploy(
  log: EventLog,
  { events: records }: DeployStory,
  stood: StoodDeploy,
): Promise<ToldDeploy> {
  const { events, fault } = toldEvents(records);
  const domain = events.map(({ event }) => event);
  const observed = domain.find((event) => event.type === 'deploy.observed');
  return redactAll({
    ...stood,
    events,
    links: linksOf(domain),
    notes: observed?.type === 'deploy.observed' ? observed.data.notes : null,
    fault,
    chart: await chartOf(log, records.at(-1)),
  });
}

/** Which chart is to be drawn: that of the deploy's last event. */
async function chartOf(log: EventLog, last: RecordedEvent | undefined): Promise<ToldChart> {
  const named = last?.metadata.chart;
  if (typeof named !== 'string' || named === chartHash) return { kind: 'present' };
  const kept = await readChart(log, named);
  return kept === null
    ? { kind: 'unknown', named }
    : { kind: 'earlier', named, definition: kept.definition };
}

/** As far as this version can read them. */
function toldEvents(records: readonly RecordedEvent[]) {
  const events: ToldEvent[] = [];
  for (const record of records) {
    try {
      const { version, time, hash } = record;
      const to = stateAfter(record) ?? events.at(-1)?.to ?? '';
      events.push({ version, time, hash, to, event: domainEvent(record) });
    } catch (error) {
      if (error instanceof UnreadableLog) return { events, fault: error.message };
      throw error;
    }
  }
  return { events, fault: null };
}

/** What is read; null where that is not what was recorded, and then the fault is among `faults`. */
async function unlessFaulty<T>(faults: LogFault[], read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof LogFault)) throw error;
    if (!faults.some(({ message }) => message === error.message)) faults.push(error);
    return null;
  }
}

/** A page of a lane's deploys, and what became of each; of those that are not what was recorded, what is wrong with them. */
export interface FoundPage {
  readonly faults: readonly LogFault[];
  readonly deploys: readonly ListedDeploy[];
  /** What the page after this one is asked with; null where this is the last. */
  readonly next: number | null;
}

export async function readHistory(log: EventLog, search: DeploySearch): Promise<FoundPage> {
  const { stories, next, ...found } = await searchDeploys(log, search);
  const faults = [...found.faults];
  const stood =
    (await unlessFaulty(faults, () => readStood(log, search.lane, stories))) ??
    (await Promise.all(stories.map((story) => standsAlone(log, story))));
  const deploys = stood.filter(
    ({ became }) => search.isRolledBack !== true || became.kind === 'rolledBack',
  );
  return { ...redactAll({ deploys, next }), faults };
}

/** Null: the lane has no deploy, one that this version cannot read, or one that is not what was recorded. */
export async function readFigures(
  log: EventLog,
  lane: string,
  faults: LogFault[],
): Promise<LaneFigures | null> {
  return unlessFaulty(faults, () => figuresOf(log, lane));
}

async function figuresOf(log: EventLog, lane: string): Promise<LaneFigures | null> {
  const period = await recentPeriod(log, lane);
  if (period === null) return null;
  const record = await readLaneRecord(log, lane, period).catch(unlessUnreadable);
  if (record === null) return null;
  const metrics = laneMetrics({
    ...record,
    ...{ sinceMs: Date.parse(period.since), untilMs: Date.parse(period.until) },
    // No page asks git.
    committedAt: new Map(),
  });
  return redactAll({ ...period, metrics });
}

/** So short that it is read while somebody waits for the page. */
const usedMax = 100;

/** How the log's last deploys went through the chart; null: one of them is not what was recorded. */
export async function readChartUse(log: EventLog, faults: LogFault[]): Promise<ChartUse | null> {
  return unlessFaulty(faults, async () => {
    const walks: Walk[] = [];
    for await (const record of recentDeploys(log, usedMax)) walks.push(walkOf(record));
    return chartUse(walks, declaredTransitions(chart));
  });
}

/**
 * How every lane stands, as the log knows it: whoever looks at a page asks no target. Where that does not add up, lane by
 * lane: of the others it is told all the same.
 */
export async function readStandings(log: EventLog, faults: LogFault[]): Promise<Standings> {
  const all = await unlessFaulty(faults, () => standingsOf(log, undefined));
  if (all !== null) return { standings: all, unread: [] };
  const standings: LaneStanding[] = [];
  const unread: string[] = [];
  for (const lane of await laneNames(log)) {
    const own = await unlessFaulty(faults, () => standingsOf(log, lane));
    if (own === null) unread.push(lane);
    else standings.push(...own);
  }
  return redactAll({ standings, unread });
}

async function standingsOf(log: EventLog, lane: string | undefined) {
  const { lanes } = await readLanes(log, { limit: standingsMin, lane });
  const told = { kind: 'notAsked', why: '' } as const;
  const known = await Promise.all(lanes.map((logged) => knownOf(log, logged, told)));
  return redactAll(known.map(laneStanding));
}

const standingsMin = 20;
