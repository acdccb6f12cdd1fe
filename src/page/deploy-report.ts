/** One deploy on one page, for an auditor: what was decided, on which grounds, by whom, and how to check that it was so. */
import { shortSha } from '../machine/story-words.ts';
import type { Check, Said } from '../runtime/accounts/changes.ts';
import { adviceFor, paragraphs } from './advice.ts';
import { chartBox } from './chart-drawing.ts';
import { itsWay, notesOf, type ToldDeploy, timeline, whichChart } from './deploy-page.ts';
import { linkTo, nothing, time } from './document.ts';
import { html, type Markup } from './markup.ts';
import { selfContained } from './self-contained.ts';
import { becameMark } from './state-mark.ts';

export interface DeployReport extends ToldDeploy {
  readonly said: readonly Said[];
  readonly checks: readonly Check[];
  readonly killSwitch: string | null;
  /** Of the whole log when the report was made: `DIGEST@POSITION`. */
  readonly head: string;
  /** ISO 8601. */
  readonly madeAt: string;
}

export function deployReport(report: DeployReport): Promise<string> {
  const { row, became, events, fault, madeAt } = report;
  return selfContained({
    title: `${row.deploy} ${became.what}`,
    foot: `Made at ${madeAt} by pipeline report ${row.deploy} --html. This page loads nothing.`,
    main: html`<h1>${row.deploy}: ${row.title}</h1>
${fault === null ? nothing : html`<p class="fault" role="alert">What the log has of it does not add up: ${fault}</p>`}
${facts(report)}
<h2>Its way</h2>
${whichChart(report)}
${chartBox(itsWay(report))}
<h2>Who said what</h2>
${saidPart(report.said)}
<h2>What was checked</h2>
${checksPart(report)}
<h2>What happened</h2>
<div class="scroll" tabindex="0" role="group" aria-label="What happened">${timeline(row.deploy, events)}</div>
${notesOf(report.notes)}
<h2>Proof</h2>
${proof(report)}`,
  });
}

function facts(report: DeployReport): Markup {
  const { row, became, by, links } = report;
  const { lane, branch, commit, requestedAt, state, since, reason } = row;
  const advice = adviceFor(report);
  return html`<dl>
<dt>Became</dt><dd>${becameMark(became, null)}</dd>
<dt>State</dt><dd><code>${state}</code>, since ${time(since)}</dd>
${reason === null ? nothing : html`<dt>Came there by</dt><dd>${reason}</dd>`}
<dt>Lane</dt><dd>${lane}, branch ${branch}</dd>
<dt>Commit</dt><dd>${linkTo(links.commit, shortSha(commit))} <code>${commit}</code></dd>
<dt>Asked for</dt><dd>by ${by}, ${time(requestedAt)}</dd>
${links.run === null ? nothing : html`<dt>CI</dt><dd>${linkTo(links.run, links.run)}</dd>`}
${advice === null ? nothing : html`<dt>What a person can do</dt><dd>${paragraphs(advice)}</dd>`}
</dl>`;
}

function saidPart(said: readonly Said[]): Markup {
  if (said.length === 0) {
    return html`<p>Nobody overrode an order, lifted a hold or deployed by hand.</p>`;
  }
  return html`<ul>${said.map(
    ({ what, actor, observed, reason }) =>
      html`<li><strong>${what}</strong> by ${actor} <span class="soft">(${observed})</span>: ${reason}</li>
`,
  )}</ul>`;
}

function checksPart({ checks, killSwitch }: DeployReport): Markup {
  if (checks.length === 0) return html`<p>No check held: it did not come so far.</p>`;
  return html`<ul>${checks.map(
    ({ environment, answer, position }) =>
      html`<li><strong>${environment}</strong>: ${answer} <span class="soft">(position ${position})</span></li>
`,
  )}${killSwitch === null ? nothing : html`<li><strong>kill switch</strong> right before production was written: ${killSwitch}</li>`}</ul>`;
}

function proof({ row, events, head }: DeployReport): Markup {
  return html`<p>Each event’s hash is over all that the log keeps of it and over the hash of the event before it. With access to the log:
<code>pipeline replay ${row.deploy}</code> computes these hashes and makes each transition again, and
<code>pipeline verify --head ${head}</code> tells whether the whole log is still the one that this page was made of. Without it, an export will do:
<code>pipeline verify log.jsonl --head ${head}</code>.</p>
<table><caption>The hash of each event</caption>
<thead><tr><th scope="col">event</th><th scope="col">type</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${events.map(
    ({ version, event, hash }) =>
      html`<tr><td>${version}</td><td><code>${event.type}</code></td><td class="hash"><code>${hash}</code></td></tr>
`,
  )}</tbody></table>`;
}
