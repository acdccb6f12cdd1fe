/**
 * Figures of a lane in a period: the five that DORA defines (guide of January 2026, https://dora.dev/guides/dora-metrics/),
 * and where deploys waited. Pure; docs/metrics.md has the formulas in words.
 */
import { isEnd } from '../../machine/ending.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { type WaitingPart, waitingPartOf, waitingParts } from '../../machine/waiting.ts';
import { type DeployRecord, type LaneRecord, lastOf } from './deploy-record.ts';
import { type Incident, incidentsOf, isLive, type Put, putsOf } from './incidents.ts';
import { type Stay, staysOf, within } from './stays.ts';
import { Times } from './times.ts';

/** So many of how many; `rate` is null where there are none. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly rate: number | null;
}

/** `medianMs` is null where there is none. */
export interface Spread {
  readonly count: number;
  readonly medianMs: number | null;
  readonly longestMs: number | null;
}

export interface LaneMetrics {
  readonly lane: string;
  /** Deploys that became live. */
  readonly deployments: { readonly count: number; readonly perDay: number };
  /** From a commit to its being live in production; of `unknown` commits nothing here tells the time. */
  readonly leadTime: Spread & { readonly unknown: number };
  /** From when a deploy was asked for until it was live. */
  readonly askedToLive: Spread;
  readonly changeFail: Share;
  /** From when production ran what failed until it ran what holds; `open`: it does not yet. */
  readonly recovery: Spread & { readonly open: number };
  readonly rework: Share;
  readonly waiting: {
    readonly wholeMs: number;
    readonly parts: { readonly [P in WaitingPart]: number };
  };
  readonly superseded: Share;
}

export interface MetricsInput extends LaneRecord {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** When each commit was committed, in milliseconds since the epoch, as far as a clone tells. */
  readonly committedAt: ReadonlyMap<string, number>;
}

const dayMs = 24 * 60 * 60_000;

export function laneMetrics(input: MetricsInput): LaneMetrics {
  const { lane, deploys, sinceMs, untilMs } = input;
  const isIn = (ms: number): boolean => ms >= sinceMs && ms < untilMs;
  const live = deploys.flatMap((record) => {
    const step = record.steps.find(({ event, time }) => isLive(event) && isIn(Date.parse(time)));
    return step === undefined ? [] : [{ record, liveMs: Date.parse(step.time) }];
  });
  const allPuts = putsOf(input);
  const incidents = incidentsOf(input, allPuts);
  const puts = allPuts.filter(({ ranMs }) => isIn(ranMs));
  const failed = incidents.filter(({ put }) => isIn(put.ranMs));
  const recovered = failed.flatMap(({ put, overMs }) =>
    overMs === null ? [] : [overMs - put.ranMs],
  );
  const asked = live.map(({ record, liveMs }) => liveMs - Date.parse(record.steps[0].time));
  return {
    lane,
    deployments: { count: live.length, perDay: live.length / ((untilMs - sinceMs) / dayMs) },
    leadTime: leadTime(live, input.committedAt),
    askedToLive: spread(asked),
    changeFail: share(failed.length, puts.length),
    recovery: { ...spread(recovered), open: failed.length - recovered.length },
    rework: share(
      reworks(allPuts, incidents).filter(({ ranMs }) => isIn(ranMs)).length,
      puts.length,
    ),
    waiting: waitingIn(input),
    superseded: supersededIn(deploys, isIn),
  };
}

/** Each commit that a deploy brought counts once: those of its release notes, or its own where it has none. */
function leadTime(
  live: readonly { readonly record: DeployRecord; readonly liveMs: number }[],
  committedAt: MetricsInput['committedAt'],
): LaneMetrics['leadTime'] {
  const times: number[] = [];
  let unknown = 0;
  for (const { record, liveMs } of live) {
    const { commits, omitted } = carriedBy(record);
    unknown += omitted;
    for (const sha of commits) {
      const at = committedAt.get(sha);
      if (at === undefined) unknown += 1;
      else times.push(Math.max(0, liveMs - at));
    }
  }
  return { ...spread(times), unknown };
}

/** The full ids of what a deploy brought to production. */
export function carriedBy(record: DeployRecord): {
  readonly commits: readonly string[];
  readonly omitted: number;
} {
  const notes = lastOf(record, 'deploy.observed')?.event.data.notes;
  if (notes === undefined || notes.commits.length === 0) {
    return { commits: [record.request.commit.sha], omitted: 0 };
  }
  return { commits: notes.commits.map(({ sha }) => sha), omitted: notes.omitted };
}

/** Those made by hand or out of order, or right after one that failed in production. */
function reworks(puts: readonly Put[], incidents: readonly Incident[]): readonly Put[] {
  const failed = new Set(incidents.map(({ put }) => put));
  return puts.filter(({ record: { request } }, i) => {
    if (request.manual !== undefined || request.override !== null) return true;
    const before = puts[i - 1];
    return before !== undefined && failed.has(before);
  });
}

/** A deploy that nothing carries on, or that is held, waits until another one is live: that brings what it would have. */
function staysWithin({
  deploys,
  liveBefore,
  sinceMs,
  untilMs,
}: Pick<MetricsInput, 'deploys' | 'liveBefore' | 'sinceMs' | 'untilMs'>): Stay[] {
  const lives = deploys.flatMap(({ steps }) =>
    steps.filter(({ event }) => isLive(event)).map(({ time }) => Date.parse(time)),
  );
  if (liveBefore !== null) lives.push(Date.parse(liveBefore));
  const times = new Times(lives);
  const liveAfter = (atMs: number): number => Math.min(untilMs, times.after(atMs));
  return deploys.flatMap((record) => {
    const lastMs = Date.parse(record.steps.at(-1)?.time ?? record.steps[0].time);
    return staysOf(record, liveAfter(lastMs)).flatMap((stay) => {
      const part = waitingPartOf(stay.state);
      const toMs = part === 'held' ? Math.min(stay.toMs, liveAfter(stay.fromMs)) : stay.toMs;
      return within({ ...stay, toMs }, sinceMs, untilMs) ?? [];
    });
  });
}

function waitingIn(input: MetricsInput): LaneMetrics['waiting'] {
  const parts = Object.fromEntries(waitingParts.map((part) => [part, 0])) as Record<
    WaitingPart,
    number
  >;
  let wholeMs = 0;
  for (const { state, fromMs, toMs } of staysWithin(input)) {
    const part = waitingPartOf(state);
    wholeMs += toMs - fromMs;
    if (part !== null) parts[part] += toMs - fromMs;
  }
  return { wholeMs, parts };
}

const ends = (event: DomainEvent): boolean =>
  isLive(event) ||
  event.type === 'deploy.superseded' ||
  (event.type === 'deploy.failed' && isEnd(event));

function supersededIn(deploys: readonly DeployRecord[], isIn: (ms: number) => boolean): Share {
  const last = deploys.flatMap(({ steps }) => {
    const end = steps.findLast(({ event }) => ends(event));
    return end !== undefined && isIn(Date.parse(end.time)) ? [end.event.type] : [];
  });
  return share(last.filter((type) => type === 'deploy.superseded').length, last.length);
}

const share = (count: number, of: number): Share => ({
  count,
  of,
  rate: of === 0 ? null : count / of,
});

/** Of an even number the middle of the two in the middle. */
export function spread(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const [low, high] = [
    sorted[Math.ceil(sorted.length / 2) - 1],
    sorted[Math.floor(sorted.length / 2)],
  ];
  const medianMs = low === undefined || high === undefined ? null : Math.round((low + high) / 2);
  return { count: sorted.length, medianMs, longestMs: sorted.at(-1) ?? null };
}
