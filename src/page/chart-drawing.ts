/** The chart as a picture (SVG), and on it the way that a deploy took. Pure. */
import { topOf } from '../machine/state-facts.ts';
import { type ChartLayout, type PlacedArrow, type PlacedState, type } from './chart-layout.ts';
import { html, type Markup } from './markup.ts';

/** The way of a deploy through the chart. */
export interface Way {
  /** The events that led it on, and the states they led to, in their order. The first one is how it came to be. */
  readonly steps: readonly { readonly event: string; readonly to: string }[];
  /** Whether it is still in the last of them. */
  readonly isUnderWay: boolean;
}

const nowhere: Way = { steps: [], isUnderWay: false };

/** Colour never says anything alone: what was passed is drawn thicker, and each arrow has the numbers of its steps. */
export function drawChart(layout: ChartLayout, way: Way = nowhere): Markup {
  const { width, height, states, arrows } = layout;
  const passed = passagesOf(way);
  const label =
    way.steps.length === 0 ? 'The statechart of a deploy' : `The way of a deploy: ${spoken(way)}`;
  const inOrder = arrows
    .map((arrow) => ({ arrow, passages: passed.get(`${arrow.from} ${arrow.to}`) ?? [] }))
    // What was passed lies above what was not.
    .sort((a, b) => a.passages.length - b.passages.length);
  const view = `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="${view}" role="img" aria-label="${label}">
<defs>${head('head', 'arrow')}${head('head-passed', 'passed')}</defs>
${inOrder.map(({ arrow, passages }) => drawnArrow(arrow, passages))}
${states.map((state) => drawnState(state, way))}
</svg>
`;
}

/** Where the screen is narrower than the picture it is moved along, by the keyboard too. */
export const chartBox = (picture: Markup): Markup =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="The statechart">${picture}</div>`;

/** A picture by itself, that brings its own style. */
export async function chartFile(layout: ChartLayout): Promise<string> {
  const picture = String(await drawChart(layout));
  return picture.replace('<defs>', `<style>${chartStyle}</style>\n<defs>`);
}

/** Around the picture, in its own pixels. */
export const margin = 8;

/** For the page that the picture stands in. */
export const chartStyle = `
.chart{font-family:system-ui,sans-serif;--ink:#1f2933;--soft:#52606d;--line:#9aa5b1;--box:#f5f7fa;--passed:#0b6e4f;--now:#b44d12;--page:#fff}
@media screen and (prefers-color-scheme:dark){.chart{--ink:#f0f4f8;--soft:#bcccdc;--line:#627d98;--box:#1b2733;--passed:#57d9a3;--now:#ffb088;--page:#102030}}
.chart .state rect{fill:var(--box);stroke:var(--line);stroke-width:1.2}
.chart .state.passed rect{stroke:var(--passed);stroke-width:3}
.chart .state.now rect{stroke:var(--now);stroke-width:4}
.chart text{fill:var(--ink)}
.chart .name{font-size:${type.name.size}px;font-weight:600}
.chart .leaf{font-size:${type.leaf.size}px;fill:var(--soft)}
.chart .leaf.passed{fill:var(--passed);font-weight:600}
.chart .leaf.now{fill:var(--now);font-weight:700}
.chart .label{font-size:${type.label.size}px;fill:var(--soft)}
.chart .line{fill:none;stroke:var(--line);stroke-width:1.2}
.chart .arrow{fill:var(--line)}
.chart path.passed,.chart .passed .line{stroke:var(--passed);stroke-width:3}
.chart marker .passed{fill:var(--passed);stroke:none}
.chart .step{fill:var(--passed)}
.chart .number{fill:var(--page);font-size:${type.name.size - 2}px;font-weight:700;text-anchor:middle}
`.replaceAll('\n', '');

const head = (id: string, kind: string): Markup =>
  html`<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="${kind}" d="M0 0L8 4L0 8z"/></marker>`;

/** By arrow, which of the passages of the way, from 1, lead over it. */
function passagesOf({ steps }: Way): ReadonlyMap<string, readonly number[]> {
  const passages = new Map<string, number[]>();
  for (const [i, number] of passageNumbers(steps.map(({ to }) => to)).entries()) {
    if (number === null) continue;
    const arrow = `${topOf(steps[i - 1]?.to ?? '')} ${topOf(steps[i]?.to ?? '')}`;
    passages.set(arrow, [...(passages.get(arrow) ?? []), number]);
  }
  return passages;
}

/** Of each state of a way, the number that the arrow into it has in the picture; null: no arrow leads there. */
export function passageNumbers(states: readonly string[]): (number | null)[] {
  let passed = 0;
  return states.map((to, i) => {
    const before = states[i - 1];
    if (before === undefined || topOf(before) === topOf(to)) return null;
    passed += 1;
    return passed;
  });
}

function drawnArrow(
  { from, to, events, points, labels }: PlacedArrow,
  passages: readonly number[],
): Markup {
  const isPassed = passages.length > 0;
  const line = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const texts = labels.map(
    ({ event, x, y }) =>
      html`<text class="label" x="${x}" y="${y + type.label.size}">${event}</text>`,
  );
  const title = `${from} to ${to}: ${events.join(', ')}`;
  return html`<g class="way${isPassed ? ' passed' : ''}" data-from="${from}" data-to="${to}"><title>${title}</title><path class="line" d="${line}" marker-end="url(#head${isPassed ? '-passed' : ''})"/>${texts}${isPassed ? passageMark(points, passages) : ''}</g>
`;
}

/** On the arrow's longest piece; those of neighbours stand apart. */
function passageMark(points: PlacedArrow['points'], passages: readonly number[]): Markup {
  const part = passages.some((number) => number % 2 === 0) ? 0.6 : 0.4;
  const pieces = points.slice(1).map(([x, y], i) => {
    const [before = 0, above = 0] = points[i] ?? [];
    return {
      length: Math.abs(x - before) + Math.abs(y - above),
      at: [before + (x - before) * part, above + (y - above) * part].map(Math.round),
    };
  });
  const [x = 0, y = 0] = pieces.reduce((a, b) => (b.length > a.length ? b : a)).at;
  const text = passages.join(', ');
  const half = Math.round(6 + text.length * 4);
  return html`<rect class="step" x="${x - half}" y="${y - 10}" width="${2 * half}" height="20" rx="10"/><text class="number" x="${x}" y="${y + 5}">${text}</text>`;
}

function drawnState({ name, leaves, x, y, width, height }: PlacedState, way: Way): Markup {
  const states = way.steps.map(({ to }) => to);
  const last = states.at(-1);
  const isPassed = states.some((state) => topOf(state) === name);
  const isNow = way.isUnderWay && last !== undefined && topOf(last) === name;
  const kind = (passed: boolean, now: boolean) => `${passed ? ' passed' : ''}${now ? ' now' : ''}`;
  const texts = leaves.map((leaf, i) => {
    const whole = `${name}.${leaf}`;
    const mark = kind(states.includes(whole), way.isUnderWay && last === whole);
    const at = y + type.name.line + (i + 1) * type.leaf.line - 4;
    return html`<text class="leaf${mark}" x="${x + 14}" y="${at}" data-state="${whole}">${leaf}</text>`;
  });
  return html`<g class="state${kind(isPassed, isNow)}" data-state="${name}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/><text class="name" x="${x + 12}" y="${y + 20}">${name}</text>${texts}</g>
`;
}

const spoken = ({ steps, isUnderWay }: Way): string =>
  `${steps.map(({ to }) => to).join(', ')}${isUnderWay ? ', where it is now' : ''}`;
