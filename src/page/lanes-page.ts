/** How each lane stands: what runs where, what holds it, who has the lock and who waits, what a person can do. */
import { cut } from '../format/text.ts';
import { shortSha } from '../machine/story-words.ts';
import type { Hold } from '../runtime/standing/holds.ts';
import type { Place } from '../runtime/standing/places.ts';
import type { LaneStanding } from '../runtime/standing/standing.ts';
import type { ToDo } from '../runtime/standing/to-do.ts';
import {
  type Addresses,
  command,
  listedTitleMax,
  nothing,
  type PageParts,
  since,
} from './document.ts';
import { html, type Markup } from './markup.ts';
import { becameMark } from './state-mark.ts';

const deploysMax = 8;

export interface Standings {
  readonly standings: readonly LaneStanding[];
  /** Lanes of which something is not what was recorded. */
  readonly unread: readonly string[];
}

export function lanesPage(
  { standings, unread }: Standings,
  position: number,
  at: Addresses,
): PageParts {
  return {
    title:
      standings.length === 1 && unread.length === 0 ? (standings[0]?.lane ?? 'Lanes') : 'Lanes',
    position,
    main: html`<h1>Lanes</h1>
${standings.length + unread.length === 0 ? html`<p>No deploys yet.</p>` : nothing}
<div class="lanes">${unread.map((lane) => unreadPart(lane, at))}${standings.toSorted(byCalls).map((standing) => lanePart(standing, at))}</div>`,
  };
}

/** What holds a lane comes first, then what a person has to do; else they stand in the order in which they are given. */
const byCalls = (a: LaneStanding, b: LaneStanding): number => callsOf(b) - callsOf(a);

const callsOf = ({ holds, toDo }: LaneStanding): number =>
  holds.length > 0 ? 2 : toDo.length > 0 ? 1 : 0;

const unreadPart = (
  lane: string,
  at: Addresses,
): Markup => html`<section class="lane" aria-label="${lane}">
<h2><a href="${at.lane(lane)}">${lane}</a></h2>
<p class="fault">How it stands is not known: what the log has of it is not what was recorded.</p>
<p><a href="${at.lane(lane)}">Its deploys, as far as they can be read</a></p>
</section>
`;

function lanePart(standing: LaneStanding, at: Addresses): Markup {
  const { lane, places, holds, holder, waiting, toDo, deploys } = standing;
  return html`<section class="lane" aria-label="${lane}">
<h2><a href="${at.lane(lane)}">${lane}</a></h2>
${holds.map(holdPart)}
<dl>${places.map(
    (place) => html`<dt>${place.environment}</dt><dd>${placePart(place, at)}</dd>
`,
  )}<dt>lane held</dt><dd>${
    holder === null
      ? 'by nobody'
      : html`by ${link(holder.deploy, at)}: ${holder.doing}, ${since(holder.since)}${holder.running ? nothing : html` <span class="bad">its run is gone; the next one takes the lane over</span>`}`
  }</dd>
${
  waiting.length === 0
    ? nothing
    : html`<dt>waiting</dt><dd><ol>${waiting.map(({ deploy, since: from, behind }) => html`<li>${link(deploy, at)}, ${since(from)}${behind === null ? nothing : html`, behind ${link(behind, at)}`}</li>`)}</ol></dd>
`
}</dl>
${toDo.length === 0 ? nothing : html`<h3>To do</h3>${toDo.map((one) => toDoPart(one, at))}`}
<h3>Last deploys</h3>
<div class="scroll"><table class="stack"><thead><tr><th scope="col">deploy</th><th scope="col">became</th><th scope="col">since</th><th scope="col">what</th></tr></thead>
<tbody>${deploys.slice(0, deploysMax).map(
    ({ row, became }) =>
      html`<tr><td>${link(row.deploy, at)}</td><td>${becameMark(became, at)}</td><td>${since(row.since)}</td><td class="text">${cut(row.title, listedTitleMax)}</td></tr>
`,
  )}</tbody></table></div>
<p><a href="${at.lane(lane)}">All its deploys</a></p>
</section>
`;
}

const link = (deploy: string, at: Addresses): Markup =>
  html`<a href="${at.deploy(deploy)}">${deploy}</a>`;

function holdPart({ what, since: from }: Hold): Markup {
  return html`<p class="hold"><strong>Held</strong>, ${since(from)}: ${what}</p>
`;
}

function placePart(place: Place, at: Addresses): Markup {
  const {
    version,
    commit,
    title,
    deploy,
    by,
    since: from,
    verified,
    source,
    knownAt,
    pending,
  } = place;
  if (version === null) return html`${source === 'target' ? 'runs nothing yet' : 'not known'}`;
  return html`<strong>${version}</strong> ${commit === null ? 'of an unknown commit' : html`<code>${shortSha(commit)}</code>`} ${cut(title ?? '', listedTitleMax)}
${deploy === null ? nothing : html`(${link(deploy, at)})`} ${by === null ? nothing : html`by ${by}`} ${from === null ? nothing : since(from)}
<span class="${verified ? 'good' : 'waiting'}">${verified ? '✔ verified' : '▸ not verified'}</span>${pending === null ? nothing : html`; ${pending.version} is under way`}${source === 'log' && knownAt !== null ? html` <span class="soft">as the log knew ${since(knownAt)}</span>` : nothing}`;
}

function toDoPart({ deploy, why, commands }: ToDo, at: Addresses): Markup {
  return html`<div class="hold"><p>${deploy === null ? nothing : html`${link(deploy, at)}: `}${why}</p>${commands.map((line) => html`<pre>${command(line)}</pre>`)}</div>
`;
}
