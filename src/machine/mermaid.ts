/** The chart as Mermaid diagrams, which GitHub draws. Pure. */
import type { Chart } from './chart.ts';
import { declaredTransitions, type OutlinedState, statesOf } from './outline.ts';

/** Mermaid takes no dots in a state's name. */
const id = (name: string): string => name.replaceAll('.', '_');

/** Every state and transition; what every held state has in common (`run.resumed` …) stays in the tables. */
export function fullDiagram(chart: Chart): string {
  const states = statesOf(chart);
  const lines = ['stateDiagram-v2'];
  const draw = (state: OutlinedState, indent: string): void => {
    const name = state.name.split('.').at(-1) ?? '';
    if (state.isLeaf) {
      lines.push(`${indent}${id(state.name)} : ${name}`);
      return;
    }
    lines.push(`${indent}state "${name}" as ${id(state.name)} {`);
    if (state.initial !== null) lines.push(`${indent}  [*] --> ${id(state.initial)}`);
    const inside = states.filter(
      (other) => other.depth === state.depth + 1 && other.name.startsWith(`${state.name}.`),
    );
    for (const child of inside) draw(child, `${indent}  `);
    lines.push(`${indent}}`);
  };
  lines.push('  [*] --> queued');
  for (const state of states.filter(({ depth }) => depth === 1)) draw(state, '  ');
  for (const { from, event, target } of declaredTransitions(chart)) {
    if (from === target) continue;
    lines.push(`  ${id(from)} --> ${id(target)}${event === null ? '' : ` : ${event}`}`);
  }
  return lines.join('\n');
}

/** The top-level states only, one arrow from each to each: the picture for the README. */
export function topDiagram(chart: Chart): string {
  const top = (name: string): string => name.split('.')[0] ?? '';
  const arrows = new Map<string, string[]>();
  for (const { from, event, target } of declaredTransitions(chart)) {
    if (top(from) === top(target) || event === null) continue;
    const arrow = `${top(from)} --> ${top(target)}`;
    const events = arrows.get(arrow) ?? [];
    if (!events.includes(event)) events.push(event);
    arrows.set(arrow, events);
  }
  return [
    'stateDiagram-v2',
    '  [*] --> queued',
    ...[...arrows].map(([arrow, events]) => `  ${arrow} : ${events.join(', ')}`),
    ...statesOf(chart)
      .filter(({ depth, tags }) => depth === 1 && tags.includes('settled'))
      .map(({ name }) => `  ${name} --> [*]`),
    '  production --> [*] : live',
  ].join('\n');
}
