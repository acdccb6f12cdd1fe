/** The chart: its picture, and what each state and transition means. */
import { chart } from '../machine/chart.ts';
import { declaredTransitions, statesOf } from '../machine/outline.ts';
import { drawChart } from './chart-drawing.ts';
import { chartLayout } from './chart-layout.ts';
import type { PageParts } from './document.ts';
import { html } from './markup.ts';

export function chartPage(position: number): PageParts {
  const states = statesOf(chart);
  const transitions = declaredTransitions(chart);
  return {
    title: 'The statechart of a deploy',
    position,
    main: html`<h1>The statechart of a deploy</h1>
<div class="scroll">${drawChart(chartLayout)}</div>
<h2>States</h2>
<div class="scroll"><table><thead><tr><th scope="col">state</th><th scope="col">meaning</th><th scope="col">what a person can do</th></tr></thead>
<tbody>${states.map(
      ({
        name,
        description,
        next,
      }) => html`<tr><td><code>${name}</code></td><td class="text">${description}</td><td class="text">${next ?? ''}</td></tr>
`,
    )}</tbody></table></div>
<h2>Transitions</h2>
<div class="scroll"><table><thead><tr><th scope="col">from</th><th scope="col">event</th><th scope="col">to</th><th scope="col">when</th></tr></thead>
<tbody>${transitions.map(
      ({
        from,
        event,
        to,
        description,
      }) => html`<tr><td><code>${from}</code></td><td><code>${event ?? 'at once'}</code></td><td><code>${to}</code></td><td class="text">${description}</td></tr>
`,
    )}</tbody></table></div>`,
  };
}
