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
<p><code>pipeline verify --head ${head}</code> tells whether the log is still the one that this page was made of, and <code>pipeline verify log.jsonl --head ${head}</code> the same of an export; <code>pipeline report DEPLOY --html FILE</code> has the whole of one deploy.
A release made elsewhere is here where a deploy met it.</p>`,
  });
}

function changesTable(changes: readonly Change[]): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Every change"><table class="stack">
<thead><tr><th scope="col">when</th><th scope="col">what</th><th scope="col">release</th><th scope="col">commit</th><th scope="col">who</th><th scope="col">said and checked</th><th scope="col">log</th></tr></thead>
<tbody>${changes.map(rowOf)}</tbody></table></div>`;
}

function rowOf(change: Change): Markup {
  const { at, lane, kind, environment, outcome, deploy, release, before, note } = change;
  const { by, build, said, checks, position, lastHash } = change;
  const isBad = outcome === 'failed' || kind === 'outside';
  const all = [
    ...said.map(({ what, actor, reason }) => html`<li>${what} by ${actor}: ${reason}</li>`),
    ...checks.map(({ environment: where, answer }) => html`<li>${where}: ${answer}</li>`),
  ];
  return html`<tr><td>${time(at)} <div class="soft">${lane}</div></td>
<td><span class="${isBad ? 'bad' : ''}">${kind}${environment === 'canary' ? ' (canary)' : nothing}: ${outcome}</span>${deploy === null ? nothing : html` <div>${deploy}</div>`}${note === null ? nothing : html` <div class="soft">${note}</div>`}</td>
<td>${release ?? 'none'}${before === null ? nothing : html` <div class="soft">after ${before}</div>`}</td>
<td class="text">${commitOf(change)}</td>
<td>${by}${build === null ? nothing : html` <div>${ranAs(build)}</div>`}</td>
<td class="text">${all.length === 0 ? nothing : html`<ul class="plain">${all}</ul>`}</td>
<td>position ${position}${lastHash === null ? nothing : html` <div class="soft"><code>${lastHash.slice(0, 12)}</code></div>`}</td></tr>
`;
}

/** Where nothing shows the build by itself, its label is all that is known of it. */
const ranAs = (build: string): Markup =>
  /^https?:/i.test(build) ? linkTo(build, 'CI run') : html`build ${build}`;

function commitOf({ commit, title, author, commits, omitted }: Change): Markup {
  const others = commits.filter(({ sha }) => sha !== commit);
  const what = commit === null ? 'not known' : html`<code>${shortSha(commit)}</code>`;
  return html`${what} ${title ?? ''} <span class="soft">${author ?? ''}</span>${
    others.length + omitted === 0
      ? nothing
      : html`<details><summary>${others.length + omitted} more</summary><ul>${others.map(
          (one) => html`<li><code>${shortSha(one.sha)}</code> ${one.title} (${one.author})</li>`,
        )}</ul></details>`
  }`;
}
