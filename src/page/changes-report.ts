/** Every change of production in a period, as one page. */
import { shortSha } from '../machine/story-words.ts';
import type { Change } from '../runtime/accounts/changes.ts';
import { linkTo, nothing, time } from './document.ts';
import { html, type Markup } from './markup.ts';
import { selfContained } from './self-contained.ts';

export interface ChangesReport {
  readonly since: string;
  readonly until: string;
  readonly lanes: readonly string[];
  readonly changes: readonly Change[];
  /** Of the whole log when the report was made: `DIGEST@POSITION`. */
  readonly head: string;
}

const kinds: { readonly [K in Change['kind']]: string } = {
  deploy: 'deploys',
  manual: 'deploys by hand',
  rollback: 'rollbacks',
  outside: 'releases made elsewhere',
};

export function changesReport({
  since,
  until,
  lanes,
  changes,
  head,
}: ChangesReport): Promise<string> {
  const counts = Object.entries(kinds).map(([kind, words]) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return html`<dt>${words}</dt><dd>${count}</dd>`;
  });
  return selfContained({
    title: `Changes of production from ${since.slice(0, 10)} until ${until.slice(0, 10)}`,
    foot: `The log up to ${head}. This page loads nothing.`,
    main: html`<h1>Changes of production</h1>
<dl><dt>From</dt><dd>${time(since)}</dd><dt>Until</dt><dd>${time(until)}</dd><dt>Lanes</dt><dd>${lanes.join(', ')}</dd>${counts}</dl>
${changes.length === 0 ? html`<p>There is none.</p>` : changesTable(changes)}
<h2>Proof</h2>
<p><code>pipeline verify --head ${head}</code> tells whether the log is still the one that this page was made of; <code>pipeline report DEPLOY --html FILE</code> has the whole of one deploy.
A release made elsewhere is here where a deploy met it.</p>`,
  });
}

function changesTable(changes: readonly Change[]): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Every change"><table>
<thead><tr><th scope="col">when</th><th scope="col">lane</th><th scope="col">what</th><th scope="col">release</th><th scope="col">commit</th><th scope="col">who</th><th scope="col">reasons</th><th scope="col">checks</th><th scope="col">log</th></tr></thead>
<tbody>${changes.map(rowOf)}</tbody></table></div>`;
}

function rowOf(change: Change): Markup {
  const { at, lane, kind, environment, outcome, deploy, release, before, note } = change;
  const { commit, title, author, commits, omitted, by, build, said, checks, position, lastHash } =
    change;
  const others = commits.filter(({ sha }) => sha !== commit);
  const isBad = outcome === 'failed' || kind === 'outside';
  return html`<tr><td>${time(at)}</td><td>${lane}</td>
<td><span class="${isBad ? 'bad' : ''}">${kind}${environment === 'canary' ? ' (canary)' : nothing}: ${outcome}</span>${deploy === null ? nothing : html` ${deploy}`}${note === null ? nothing : html` <span class="soft">${note}</span>`}</td>
<td>${release ?? 'none'}${before === null ? nothing : html` <span class="soft">after ${before}</span>`}</td>
<td class="text">${commit === null ? 'not known' : html`<code>${shortSha(commit)}</code>`} ${title ?? ''} <span class="soft">${author ?? ''}</span>${
    others.length + omitted === 0
      ? nothing
      : html`<details><summary>${others.length + omitted} more</summary><ul>${others.map(
          (one) => html`<li><code>${shortSha(one.sha)}</code> ${one.title} (${one.author})</li>`,
        )}</ul></details>`
  }</td>
<td>${by}${build === null ? nothing : html` ${linkTo(build, 'CI run')}`}</td>
<td class="text">${said.map(({ what, actor, reason }) => html`${what} by ${actor}: ${reason} `)}</td>
<td class="text">${checks.map(({ environment: where, answer }) => html`${where}: ${answer} `)}</td>
<td>${position}${lastHash === null ? nothing : html` <code class="soft">${lastHash.slice(0, 12)}</code>`}</td></tr>
`;
}
