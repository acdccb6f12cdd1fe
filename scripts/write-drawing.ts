/**
 * Lays the chart's picture out, with ELK (https://eclipse.dev/elk/), and draws it. `src/page/chart-layout.json`, from which
 * pages are drawn, has no words at its arrows: so its text can be read on any screen, and a page has the words beside it.
 * `docs/statechart.svg`, which is looked at by itself, has them. `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Elk, { type ElkExtendedEdge, type ElkNode } from 'elkjs';
import { chart } from '../src/machine/chart.ts';
import { definitionOf } from '../src/machine/definition.ts';
import { chartFile } from '../src/page/chart-drawing.ts';
import { type ChartGraph, chartGraph, type GraphState } from '../src/page/chart-graph.ts';
import { type ChartLayout, type } from '../src/page/chart-layout.ts';

/** How wide a letter is on average, as a part of its size, in the fonts that browsers take. */
const letter = 0.63;
const widthOf = (text: string, size: number): number => Math.ceil(text.length * size * letter);

const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'ORTHOGONAL',
  // States stand in the chart's order; an arrow to an earlier one leads back.
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '5',
  'elk.layered.thoroughness': '60',
  'elk.randomSeed': '1',
};

async function layOut(
  { states, arrows }: ChartGraph,
  { isLabelled }: { readonly isLabelled: boolean },
): Promise<ChartLayout> {
  const graph: ElkNode = {
    id: 'chart',
    layoutOptions: options,
    children: states.map(sized),
    edges: arrows.map(({ from, to, events }) => ({
      id: `${from} ${to}`,
      sources: [from],
      targets: [to],
      labels: (isLabelled ? events : []).map((text) => ({
        text,
        width: widthOf(text, type.label.size),
        height: type.label.line,
      })),
    })),
  };
  const root = await new Elk.default().layout(graph);
  const placed = new Map((root.children ?? []).map((node) => [node.id, node]));
  const drawn = new Map((root.edges ?? []).map((edge) => [edge.id, edge]));
  return {
    width: whole(root.width),
    height: whole(root.height),
    states: states.map((state) => ({ ...state, ...boxOf(placed.get(state.name)) })),
    arrows: arrows.map((arrow) => ({
      ...arrow,
      ...lineOf(drawn.get(`${arrow.from} ${arrow.to}`)),
    })),
  };
}

function sized({ name, leaves }: GraphState): ElkNode {
  const texts = leaves.map((leaf) => widthOf(leaf, type.leaf.size) + 28);
  return {
    id: name,
    width: Math.max(widthOf(name, type.name.size) + 30, ...texts),
    height: type.name.line + leaves.length * type.leaf.line + (leaves.length > 0 ? 8 : 0),
  };
}

const whole = (pixels: number | undefined): number => Math.round(pixels ?? 0);

function boxOf({ x, y, width, height }: ElkNode = { id: '' }) {
  return { x: whole(x), y: whole(y), width: whole(width), height: whole(height) };
}

function lineOf(
  { sections = [], labels = [] }: ElkExtendedEdge = { id: '', sources: [], targets: [] },
) {
  const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [whole(x), whole(y)] as const),
  );
  const texts = labels.map(({ text = '', x, y }) => ({ event: text, x: whole(x), y: whole(y) }));
  return { points, labels: texts };
}

const graph = chartGraph(definitionOf(chart));
const files = {
  'src/page/chart-layout.json': `${JSON.stringify(await layOut(graph, { isLabelled: false }))}\n`,
  'docs/statechart.svg': await chartFile(await layOut(graph, { isLabelled: true })),
};
for (const [name, text] of Object.entries(files)) {
  const file = join(import.meta.dirname, '..', name);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${name} is not what the chart says: run npm run docs\n`);
    process.exitCode = 1;
  }
}
