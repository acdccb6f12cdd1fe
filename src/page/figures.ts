/** A lane's figures, small: what DORA counts, and where the waiting went as one bar. */
import { formatDuration } from '../format/duration.ts';
import { counted } from '../format/words.ts';
import { type WaitingPart, waitingParts } from '../machine/waiting.ts';
import type { Period } from '../runtime/accounts/deploy-record.ts';
import type { LaneMetrics, Share } from '../runtime/accounts/metrics.ts';
import { time } from './document.ts';
import { html, type Markup } from './markup.ts';

export interface LaneFigures extends Period {
  readonly metrics: LaneMetrics;
}

export function figuresPart({ metrics, since, until }: LaneFigures): Markup {
  const { deployments, askedToLive, changeFail, recovery, rework, superseded, waiting } = metrics;
  const median = (ms: number | null): string => (ms === null ? 'none' : formatDuration(ms));
  return html`<section aria-label="Figures"><h2>Figures</h2>
<p class="soft">From ${time(since)} until ${time(until)}; <code>pipeline metrics</code> has any other time, lead time, and how each is made.</p>
<dl class="figures">
<dt>live</dt><dd>${counted(deployments.count, 'deploy')}, ${deployments.perDay.toFixed(1)} a day</dd>
<dt>asked for to live</dt><dd>${median(askedToLive.medianMs)}</dd>
<dt>change fail rate</dt><dd>${shareWords(changeFail)}</dd>
<dt>recovery</dt><dd>${median(recovery.medianMs)}${recovery.open === 0 ? '' : html` <span class="bad">${recovery.open} open</span>`}</dd>
<dt>rework rate</dt><dd>${shareWords(rework)}</dd>
<dt>superseded</dt><dd>${shareWords(superseded)}</dd>
</dl>
${waiting.wholeMs === 0 ? '' : waitingBar(waiting)}</section>`;
}

const shareWords = ({ count, of, rate }: Share): string =>
  rate === null ? 'none' : `${Math.round(rate * 100)}% (${count} of ${of})`;

const [width, height] = [1_000, 24];

/** The words beside it say the same. */
function waitingBar({ wholeMs, parts }: LaneMetrics['waiting']): Markup {
  const shares = waitingParts.map((part) => ({
    part,
    ms: parts[part],
    share: parts[part] / wholeMs,
  }));
  const starts = shares.map((_, i) =>
    shares.slice(0, i).reduce((sum, { share }) => sum + share, 0),
  );
  const words = shares.map(({ part, ms }) => `${part} ${formatDuration(ms)}`).join(', ');
  return html`<h3>Where the time went</h3>
<svg class="waiting-bar" viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}" preserveAspectRatio="none">${shares.map(
    ({ part, share }, i) =>
      html`<rect class="part-${part}" data-part="${part}" x="${at(starts[i] ?? 0)}" y="0" width="${at(share)}" height="${height}"><title>${part}</title></rect>`,
  )}</svg>
<ul class="parts">${shares.map(
    ({ part, ms, share }) =>
      html`<li>${swatch(part)} ${part}: ${formatDuration(ms)}, ${Math.round(share * 100)}%</li>`,
  )}</ul>`;
}

const at = (share: number): string => (share * width).toFixed(1);

const swatch = (part: WaitingPart): Markup =>
  html`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="part-${part}" width="10" height="10"/></svg>`;
