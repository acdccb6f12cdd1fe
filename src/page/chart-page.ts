/** The chart: its picture, what each state and transition means, and how often and how fast the log's last deploys took it. */
import { formatDuration } from '../format/duration.ts';
import { counted } from '../format/words.ts';
import { chart } from '../machine/chart.ts';
import { declaredTransitions, statesOf } from '../machine/outline.ts';
import { type ChartUse, transitionKey, type Use } from '../runtime/accounts/chart-use.ts';
import { chartBox, drawChart } from './chart-drawing.ts';
import { chartLayout } from './chart-layout.ts';
import { type PageParts, time } from './document.ts';
import { html, type Markup } from './markup.ts';

export function chartPage(use: ChartUse | null, position: number): PageParts {
  const states = statesOf(chart);
  const transitions = declaredTransitions(chart);
  return {
    title: 'The statechart of a deploy',
    position,
    main: html`<h1>The statechart of a deploy</h1>
${chartBox(drawChart(chartLayout))}
<p class="soft">${use === null ? 'How often it was taken is not known.' : counts(use)}</p>
<h2>States</h2>
<div class="scroll"><table class="stack"><thead><tr><th scope="col">state</th><th scope="col">meaning</th><th scope="col">what a person can do</th><th scope="col">entered</th><th scope="col">median</th></tr></thead>
<tbody>${states.map(
      ({
        name,
        description,
        next,
      }) => html`<tr><td><code>${name}</code></td><td class="text">${description}</td><td class="text">${next ?? ''}</td>${usedCells(use?.states[name])}</tr>
`,
    )}</tbody></table></div>
<h2>Transitions</h2>
<div class="scroll"><table class="stack"><thead><tr><th scope="col">from</th><th scope="col">event</th><th scope="col">to</th><th scope="col">when</th><th scope="col">taken</th><th scope="col">median</th></tr></thead>
<tbody>${transitions.map(
      (one) =>
        html`<tr><td><code>${one.from}</code></td><td><code>${one.event ?? 'at once'}</code></td><td><code>${one.to}</code></td><td class="text">${one.description}</td>${usedCells(use?.transitions[transitionKey(one)])}</tr>
`,
    )}</tbody></table></div>`,
  };
}

function counts({ deploys, since }: ChartUse): Markup {
  if (since === null) return html`No deploy has gone through it yet.`;
  return html`Counts are of the log’s last ${counted(deploys, 'deploy')}, from ${time(since)} on. The median of a state is how long a deploy was in it, of a transition how long after the deploy’s event before it came.`;
}

/** Never taken: empty. */
function usedCells(use: Use | undefined): Markup {
  if (use === undefined) return html`<td></td><td></td>`;
  const { count, medianMs } = use;
  return html`<td class="number">${count}</td><td class="number">${medianMs === null ? '' : formatDuration(medianMs)}</td>`;
}
