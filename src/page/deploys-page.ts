/** A lane's deploys through the years, a page at a time. */
import { formatDuration } from '../format/duration.ts';
import { cut } from '../format/text.ts';
import { shortSha } from '../machine/story-words.ts';
import type { DeployRow } from '../runtime/audit/deploys.ts';
import type { Became } from '../runtime/standing/became.ts';
import { type Addresses, listedTitleMax, nothing, type PageParts, time } from './document.ts';
import { figuresPart, type LaneFigures } from './figures.ts';
import { html, type Markup } from './markup.ts';
import { becameMark } from './state-mark.ts';

/** What the form has, as it was sent. */
export interface HistoryForm {
  readonly text: string;
  /** Part of a name. */
  readonly person: string;
  readonly state: string;
  readonly since: string;
  readonly until: string;
}

export interface ListedDeploy {
  readonly row: DeployRow;
  readonly became: Became;
}

export interface LaneHistory {
  readonly lane: string;
  readonly deploys: readonly ListedDeploy[];
  /** Whether there are others that cannot be read. */
  readonly isCut: boolean;
  /** The page after this one; null where this is the last, or there is no server to ask. */
  readonly next: string | null;
  /** Null: nothing to tell yet, or not asked. */
  readonly figures: LaneFigures | null;
  /** The states to choose from; null: there is no server to ask. */
  readonly search: { readonly form: HistoryForm; readonly states: readonly string[] } | null;
}

export function deploysPage(history: LaneHistory, position: number, at: Addresses): PageParts {
  const { lane, deploys, isCut, next, search, figures } = history;
  return {
    title: `Deploys of ${lane}`,
    position,
    main: html`<h1>Deploys of ${lane}</h1>
${search === null ? nothing : form(search)}
${deploys.length === 0 ? html`<p>${isCut ? 'There is none that can be read.' : next === null ? 'There is none.' : 'There is none on this page.'}</p>` : deploysTable(deploys, at)}
${next === null ? nothing : html`<p><a href="${next}" rel="next">Older ones</a></p>`}
${figures === null ? nothing : figuresPart(figures)}`,
  };
}

function form({ form: given, states }: NonNullable<LaneHistory['search']>): Markup {
  return html`<form method="get" role="search">
<label for="text">Title, commit, build or id<input id="text" name="text" type="search" value="${given.text}"></label>
<label for="person">Person<input id="person" name="person" type="search" value="${given.person}"></label>
<label for="state">State<select id="state" name="state"><option value="">any</option>${states.map(
    (state) => html`<option${state === given.state ? html` selected` : nothing}>${state}</option>`,
  )}</select></label>
<label for="since">From (UTC)<input id="since" name="since" type="date" value="${given.since}"></label>
<label for="until">Until (UTC)<input id="until" name="until" type="date" value="${given.until}"></label>
<button>Search</button>
</form>`;
}

function deploysTable(deploys: readonly ListedDeploy[], at: Addresses): Markup {
  return html`<div class="scroll"><table class="stack"><thead><tr><th scope="col">deploy</th><th scope="col">became</th><th scope="col">what</th><th scope="col">asked for</th><th scope="col">took</th></tr></thead>
<tbody>${deploys.map(
    ({ row, became }) =>
      html`<tr><td><a href="${at.deploy(row.deploy)}">${row.deploy}</a></td><td class="became">${becameMark(became, at)}</td><td class="text">${cut(row.title, listedTitleMax)} <code class="soft">${shortSha(row.commit)}</code></td><td>${time(row.requestedAt)}</td><td>${row.settled ? formatDuration(Date.parse(row.since) - Date.parse(row.requestedAt)) : ''}</td></tr>
`,
  )}</tbody></table></div>`;
}
