/** A deploy: where it is on the chart, what happened and when, what it carried, and what a person can do. */
import { formatDuration } from '../format/duration.ts';
import type { ChartDefinition } from '../machine/definition.ts';
import type { DomainEvent, ReleaseNotes } from '../machine/events.ts';
import { isTagged } from '../machine/state-facts.ts';
import { tell } from '../machine/story.ts';
import { shortSha } from '../machine/story-words.ts';
import type { DeployRow } from '../runtime/audit/deploys.ts';
import type { Links } from '../runtime/audit/links.ts';
import type { Became } from '../runtime/standing/became.ts';
import { markOf } from '../runtime/standing/became-mark.ts';
import { adviceFor, paragraphs } from './advice.ts';
import { chartBox, drawChart, passageNumbers } from './chart-drawing.ts';
import { chartGraph } from './chart-graph.ts';
import { chartLayout } from './chart-layout.ts';
import {
  type Addresses,
  clock,
  linkTo,
  nothing,
  type PageParts,
  since,
  time,
  withOptions,
} from './document.ts';
import { html, type Markup } from './markup.ts';
import { plainLayout } from './plain-layout.ts';
import { becameMark, stateMark } from './state-mark.ts';

/** One event of it, as it was recorded. */
export interface ToldEvent {
  readonly version: number;
  /** ISO 8601. */
  readonly time: string;
  readonly event: DomainEvent;
  /** The state that it led to. */
  readonly to: string;
  readonly hash: string;
}

export interface ToldDeploy {
  readonly row: DeployRow;
  /** As the log knows it: no target was asked. */
  readonly became: Became;
  /** Who or what asked for it. */
  readonly by: string;
  readonly running: boolean;
  readonly events: readonly ToldEvent[];
  readonly links: Links;
  readonly notes: ReleaseNotes | null;
  /** What does not add up in what was recorded of it; null: all of it is as it was recorded. */
  readonly fault: string | null;
  readonly chart: ToldChart;
}

export interface ShownDeploy extends ToldDeploy {
  /** What does not add up in another deploy of its lane, so that it is not known what became of this one; null: nothing. */
  readonly besideFault: string | null;
}

/** The chart that it ran on: the present one, one of another version as the log keeps it, or one that the log does not keep. */
export type ToldChart =
  | { readonly kind: 'present' }
  | { readonly kind: 'earlier'; readonly named: string; readonly definition: ChartDefinition }
  | { readonly kind: 'unknown'; readonly named: string };

/** On the chart that it ran on, as far as anybody has that. */
export function itsWay({
  chart,
  events,
  row,
}: Pick<ToldDeploy, 'chart' | 'events' | 'row'>): Markup {
  const steps = events.map(({ event, to }) => ({ event: event.type, to }));
  const layout = chart.kind === 'earlier' ? plainLayout(chartGraph(chart.definition)) : chartLayout;
  return drawChart(layout, { steps, isUnderWay: !row.settled });
}

/** Which chart is drawn, where it is not this version's. */
export function whichChart({ chart }: Pick<ToldDeploy, 'chart'>): Markup {
  if (chart.kind === 'present') return nothing;
  const what =
    chart.kind === 'earlier'
      ? html`It ran on another version’s chart, <code>${chart.named}</code>, as the log keeps it: that is drawn.`
      : html`It ran on another version’s chart, <code>${chart.named}</code>, and the log does not keep it: the present one is drawn.`;
  return html`<p>${what}</p>`;
}

export function deployPage(deploy: ShownDeploy, position: number, at: Addresses): PageParts {
  const { row, became, events, fault, besideFault } = deploy;
  return {
    title: `${row.deploy} ${became.what}`,
    position,
    faults: besideFault === null ? [] : [besideFault],
    main: html`<h1>${row.deploy}: ${row.title}</h1>
${fault === null ? nothing : html`<p class="fault" role="alert">What the log has of it does not add up: ${fault}</p>`}
${besideFault === null ? nothing : html`<p class="fault">What became of it is not known, for another deploy of its lane cannot be read.</p>`}
${facts(deploy, at)}
${whatToDo(deploy)}
<h2>Its way</h2>
${whichChart(deploy)}
${chartBox(itsWay(deploy))}
<h2>What happened</h2>
<div class="scroll">${timeline(row.deploy, events)}</div>
${notesOf(deploy.notes)}
<h2>Proof</h2>
${proof(deploy)}`,
  };
}

function facts({ row, became, by, links }: ToldDeploy, at: Addresses): Markup {
  const { state, lane, commit, branch, requestedAt } = row;
  return html`<dl>
<dt>Became</dt><dd>${becameMark(became, at)}</dd>
<dt>State</dt><dd><code>${state}</code>, ${since(row.since)}</dd>
<dt>Lane</dt><dd><a href="${at.lane(lane)}">${lane}</a>, branch ${branch}</dd>
<dt>Commit</dt><dd>${linkTo(links.commit, shortSha(commit))}</dd>
<dt>Asked for</dt><dd>by ${by}, ${time(requestedAt)}</dd>
<dt>Elsewhere</dt><dd>${elsewhere(links)}</dd>
</dl>`;
}

function elsewhere({ run, comparison, app }: Links): Markup {
  const links = [
    { url: run, text: 'CI run' },
    { url: comparison, text: 'comparison' },
    { url: app, text: 'app' },
  ].filter(({ url }) => url !== null);
  return links.length === 0
    ? html`nothing is linked`
    : html`${links.map(({ url, text }, i) => html`${i === 0 ? '' : ', '}${linkTo(url, text)}`)}`;
}

function whatToDo(deploy: ToldDeploy): Markup {
  const { row, became } = deploy;
  // Why it was live is among what happened: it says nothing of what runs now.
  const reason = became.kind === 'live' || !isTagged(row.state, 'live') ? row.reason : null;
  const advice = adviceFor(deploy);
  if (advice === null && reason === null) return nothing;
  return html`<div class="hold of-${markOf(became.kind).tone}">${reason === null ? nothing : html`<p>${reason}</p>`}${advice === null ? nothing : paragraphs(advice)}</div>`;
}

export function timeline(deploy: string, events: readonly ToldEvent[]): Markup {
  const numbers = passageNumbers(events.map(({ to }) => to));
  return html`<table class="stack"><caption>Each event as the log has it, with what it led to; a number is that of the arrow on its way</caption>
<thead><tr><th scope="col">when</th><th scope="col">after</th><th scope="col">event</th><th scope="col">what</th><th scope="col">state</th></tr></thead>
<tbody>${events.map((one, i) => {
    const before = events[i - 1] ?? one;
    const { headline, detail, tone } = tell(one.event, deploy);
    const took = Date.parse(one.time) - Date.parse(before.time);
    return html`<tr><td>${clock(one.time)}</td><td>${i === 0 ? '' : `+${formatDuration(took)}`}</td><td><code>${one.event.type}</code></td><td class="text ${tone}">${headline}${detail === null ? nothing : html`<details><summary>more</summary><pre>${withOptions(detail)}</pre></details>`}</td><td>${numbers[i] == null ? nothing : html`<span class="step">${numbers[i]}</span> `}${one.to === before.to && i > 0 ? nothing : stateMark(one.to)}</td></tr>
`;
  })}</tbody></table>`;
}

export function notesOf(notes: ReleaseNotes | null): Markup {
  if (notes === null || notes.commits.length === 0) return nothing;
  const { commits, omitted } = notes;
  return html`<h2>What it carries</h2>
<ul class="notes">${commits.map(
    ({
      sha,
      title,
      author,
      url,
    }) => html`<li>${linkTo(url, shortSha(sha))} ${title} <span class="soft">${author}</span></li>
`,
  )}${omitted === 0 ? nothing : html`<li class="soft">and ${omitted} more before them</li>`}</ul>`;
}

function proof({ row, events, fault }: ToldDeploy): Markup {
  const last = events.at(-1);
  if (last === undefined) return html`<p>Nothing of it can be read.</p>`;
  const said =
    fault === null
      ? `Each of its events (${events.length}) follows on the one before it; the last one has the hash`
      : 'Up to the fault each event follows on the one before it; the last of those has the hash';
  return html`<p>${said} <code>${last.hash}</code>. To have it computed again: <code>pipeline replay ${row.deploy}</code></p>`;
}
