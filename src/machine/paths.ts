/** Every way that a deploy can take through the chart's leaves, loops cut. Pure. */
import type { Chart } from './chart.ts';
import { declaredTransitions, type OutlinedTransition, statesOf } from './outline.ts';

export interface DeployPath {
  /** The leaves in order, the first one included. */
  readonly states: readonly string[];
  /** The event that led to each but the first. */
  readonly events: readonly string[];
}

/** Paths from the first leaf to each that has an exit code, no leaf twice; grouped by where they end. */
export function deployPaths(chart: Chart): Map<string, DeployPath[]> {
  const leaves = statesOf(chart).filter(({ isLeaf }) => isLeaf);
  const ends = new Set(leaves.filter(({ exit }) => exit !== null).map(({ name }) => name));
  const passing = new Set(leaves.filter(({ isPassing }) => isPassing).map(({ name }) => name));
  const transitions = declaredTransitions(chart);
  const from = new Map(
    leaves.map(({ name }) => [name, transitions.filter((one) => covers(one.from, name))]),
  );

  const found = new Map<string, DeployPath[]>([...ends].map((end) => [end, []]));
  const walk = (states: readonly string[], events: readonly string[]): void => {
    const here = states.at(-1) ?? '';
    if (ends.has(here)) found.get(here)?.push({ states, events });
    const next: readonly OutlinedTransition[] = from.get(here) ?? [];
    for (const { event, to } of ends.has(here) ? [] : next) {
      if (states.includes(to) || (event === null) !== passing.has(here)) continue;
      walk([...states, to], [...events, event ?? '']);
    }
  };
  walk(['queued.waiting'], []);
  return found;
}

/** Whether a transition of `state` is one of `leaf` too. */
function covers(state: string, leaf: string): boolean {
  return leaf === state || leaf.startsWith(`${state}.`);
}
