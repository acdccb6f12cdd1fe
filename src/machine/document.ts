/** The chart's documentation, `docs/statechart.md`, from the chart itself. Pure. */
import type { Chart } from './chart.ts';
import { fullDiagram, topDiagram } from './mermaid.ts';
import { declaredTransitions, type OutlinedState, statesOf } from './outline.ts';
import {
  type DeployPath,
  directPaths,
  inWords,
  type PathStep,
  pathsToTransitions,
} from './paths.ts';

const fenced = (diagram: string): string => `\`\`\`mermaid\n${diagram}\n\`\`\``;
const code = (text: string | number): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The picture that README.md shows. */
export function chartPicture(chart: Chart): string {
  return fenced(topDiagram(chart));
}

const documents = new WeakMap<Chart, string>();

/** The whole file. Written once in a process for a chart: the search for its paths takes most of a second. */
export function documentChart(chart: Chart): string {
  const text = documents.get(chart) ?? written(chart);
  documents.set(chart, text);
  return text;
}

function written(chart: Chart): string {
  const states = statesOf(chart);
  const transitions = declaredTransitions(chart);
  const all = directPaths(chart);
  return `${[
    '# The statechart of a deploy',
    'Written by `pipeline docs` from `src/machine/chart.ts`; change that, not this.',
    '![The nine states, what is in each, and what leads from each to each](statechart.svg)',
    fenced(fullDiagram(chart)),
    `## States (${states.length})`,
    [
      row('state', 'meaning', 'tags', 'exit', 'service', 'what a person can do'),
      row('---', '---', '---', '---', '---', '---'),
      ...states.map(({ name, description, tags, exit, service, next }) =>
        row(
          code(name),
          description,
          tags.map(code).join(' '),
          exit === null ? '' : code(exit),
          service === null ? '' : code(service),
          next ?? '',
        ),
      ),
    ].join('\n'),
    'A transition of a state is one of every state in it. `advance` ends where a state has an exit code.',
    `## Transitions (${transitions.length})`,
    [
      row('from', 'event', 'to', 'guard', 'when'),
      row('---', '---', '---', '---', '---'),
      ...transitions.map(({ from, event, to, guard, description }) =>
        row(
          code(from),
          event === null ? 'at once' : code(event),
          code(to),
          guard === null ? '' : code(guard),
          description,
        ),
      ),
    ].join('\n'),
    ...pathsByEnd(states, all),
    ...loops(chart),
  ].join('\n\n')}\n`;
}

/** The paths on which no loop is turned and no canary stands, by their end; how many there are beside them. */
function pathsByEnd(states: readonly OutlinedState[], all: readonly DeployPath[]): string[] {
  const plain = all.filter(({ request }) => request.settings.canary === null);
  const direct = [...new Map(plain.map((path) => [path.steps.map(inWords).join(), path])).values()];
  const byEnd = Map.groupBy(direct, ({ steps }) => steps.at(-1)?.to ?? '');
  const ends = states.filter(({ exit }) => exit !== null).map(({ name }) => name);
  const told = stepsIn(direct);
  return [
    `## Paths (${direct.length})`,
    `Every way from \`queued.waiting\` to an end on which no loop is turned, without a canary; with one, whole or by shares, baked or not, between the two or in staging’s place, there are ${all.length - plain.length} more. Grouped by the end, by the events on the way; in brackets the state that an event leads to, where the event alone does not tell it.`,
    ...ends.map((end) => {
      const lines = (byEnd.get(end) ?? []).map(({ steps }) => `1. ${steps.map(told).join(' → ')}`);
      return [`### To ${code(end)} (${lines.length})`, '', ...lines].join('\n');
    }),
  ];
}

/** A step's event, and its state where a guard decides between several. */
function stepsIn(paths: readonly DeployPath[]): (step: PathStep) => string {
  const targets = new Map<string, Set<string>>();
  const keyOf = ({ from, event }: PathStep): string => `${from} ${event.type}`;
  for (const step of paths.flatMap((path) => path.steps)) {
    targets.set(keyOf(step), (targets.get(keyOf(step)) ?? new Set()).add(step.to));
  }
  return (step) => {
    const isTold = targets.get(keyOf(step))?.size === 1;
    return isTold ? code(step.event.type) : `${code(step.event.type)} → (${code(step.to)})`;
  };
}

/** Each way back to the beginning. */
function loops(chart: Chart): string[] {
  const first = 'queued.waiting';
  const turned = pathsToTransitions(chart)
    .map(({ steps }) => steps.at(-1) as PathStep)
    .filter(({ from, to }) => to === first && from !== first);
  const byEvent = Map.groupBy(turned, ({ event }) => event.type);
  const count = new Set(turned.map(inWords)).size;
  return [
    `## Loops (${count})`,
    `Each leads back to \`${first}\`, and any of the paths above may follow.`,
    [...byEvent]
      .map(([event, turns]) => {
        const from = [...new Set(turns.map((turn) => code(turn.from)))];
        return `- ${code(event)} from ${from.join(', ')}`;
      })
      .join('\n'),
  ];
}
