/** The chart as a graph to be laid out: its nine states, what is in each, and an arrow from each to each. Pure. */
import type { ChartDefinition } from '../machine/definition.ts';
import { topOf } from '../machine/state-facts.ts';

export interface ChartGraph {
  readonly states: readonly GraphState[];
  readonly arrows: readonly GraphArrow[];
}

export interface GraphState {
  readonly name: string;
  /** Of the states in it that have none in them, without its own name: `canary.submitting`. */
  readonly leaves: readonly string[];
}

export interface GraphArrow {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
}

/** States in which nothing goes on stand last: what leads there leads down. */
export function chartGraph({ states: all, transitions }: ChartDefinition): ChartGraph {
  const isRest = (tags: readonly string[]) => tags.includes('settled') || tags.includes('held');
  const isAround = (name: string) => all.some((one) => one.name.startsWith(`${name}.`));
  const tops = all.filter(({ name }) => !name.includes('.'));
  const ordered = [
    ...tops.filter(({ tags }) => !isRest(tags)),
    ...tops.filter(({ tags }) => isRest(tags)),
  ];
  const states = ordered.map(({ name }) => ({
    name,
    leaves: all
      .filter((one) => one.name.startsWith(`${name}.`) && !isAround(one.name))
      .map((leaf) => leaf.name.slice(name.length + 1)),
  }));
  const arrows = new Map<string, { from: string; to: string; events: string[] }>();
  for (const { from, event, target } of transitions) {
    const [a, b] = [topOf(from), topOf(target ?? from)];
    if (a === b || event === null) continue;
    const arrow = arrows.get(`${a} ${b}`) ?? { from: a, to: b, events: [] };
    if (!arrow.events.includes(event)) arrow.events.push(event);
    arrows.set(`${a} ${b}`, arrow);
  }
  return { states, arrows: [...arrows.values()] };
}
