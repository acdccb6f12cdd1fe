/** The chart's documentation, `docs/statechart.md`, from the chart itself. Pure. */
import type { Chart } from './chart.ts';
import { fullDiagram, topDiagram } from './mermaid.ts';
import { declaredTransitions, statesOf } from './outline.ts';
import { deployPaths } from './paths.ts';

const fenced = (diagram: string): string => `\`\`\`mermaid\n${diagram}\n\`\`\``;
const code = (text: string | number): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The picture that README.md shows. */
export function chartPicture(chart: Chart): string {
  return fenced(topDiagram(chart));
}

export function documentChart(chart: Chart): string {
  const states = statesOf(chart);
  const transitions = declaredTransitions(chart);
  const paths = deployPaths(chart);
  const count = [...paths.values()].reduce((sum, some) => sum + some.length, 0);
  return `${[
    '# The statechart of a deploy',
    'Written by `pipeline docs` from `src/machine/chart.ts`; change that, not this.',
    fenced(fullDiagram(chart)),
    `## States (${states.length})`,
    [
      row('state', 'meaning', 'tags', 'exit', 'service'),
      row('---', '---', '---', '---', '---'),
      ...states.map(({ name, description, tags, exit, service }) =>
        row(
          code(name),
          description,
          tags.map(code).join(' '),
          exit === null ? '' : code(exit),
          service === null ? '' : code(service),
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
    `## Paths (${count})`,
    'Every way from `queued.waiting` to an end, no state twice; grouped by the end, by the events on the way; in brackets the state that a step without an event leads to.',
    ...[...paths].map(([end, some]) =>
      [
        `### To ${code(end)} (${some.length})`,
        '',
        ...some.map(
          ({ events, states: passed }) =>
            // A step that is taken at once has no event; the state it leads to tells the ways apart.
            `1. ${events.map((event, i) => (event === '' ? `(${code(passed[i + 1] ?? '')})` : code(event))).join(' → ')}`,
        ),
      ].join('\n'),
    ),
  ].join('\n\n')}\n`;
}
