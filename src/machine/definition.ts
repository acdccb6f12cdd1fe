/**
 * A chart as the log keeps it: plain JSON, of which anybody computes the name that deploys give it. It says all that decides
 * where an event leads, by name; what a guard asks and what a service does is code. Pure.
 */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { z } from 'zod';
import type { Chart } from './chart.ts';

const name = z.string().regex(/^[\w.-]+$/);
const text = z.string();

export const definitionSchema = z.strictObject({
  version: z.literal(1),
  /** Where a deploy begins: a state, and in it the one that is entered with it. */
  initial: name,
  /** From the top, each before those in it. */
  states: z.array(
    z.strictObject({
      /** From the top: `verifying.starting`. */
      name,
      description: text,
      /** The state in it that is entered with it; null for one that has none in it. */
      initial: name.nullable(),
      /** Its own; those of the states around it hold, too. */
      tags: z.array(text),
      /** The exit code of an `advance` that ends there; null where none does. */
      exit: z.int().nullable(),
      /** What a person can do there; null: nothing is asked of anybody. */
      next: text.nullable(),
      /** What is carried out there, and as which step; null: nothing. */
      invokes: z.strictObject({ service: text, step: text }).nullable(),
      /** Actions on the way in and out. */
      entry: z.array(text),
      exits: z.array(text),
    }),
  ),
  /** In the order in which they are tried; the first whose guard holds is taken. Those of an inner state come first. */
  transitions: z.array(
    z.strictObject({
      from: name,
      /** Null: taken at once. */
      event: text.nullable(),
      /** Null: nothing is left. */
      target: name.nullable(),
      guard: text.nullable(),
      actions: z.array(text),
      /** The state is left and entered again. */
      reenter: z.boolean(),
      description: text,
    }),
  ),
});

export type ChartDefinition = z.infer<typeof definitionSchema>;
type State = ChartDefinition['states'][number];
type Transition = ChartDefinition['transitions'][number];

/** Every event type of a stream `chart/HASH` and the schema of its data. */
export const chartEventSchemas = {
  /** The first of the events that name this chart follows. */
  'chart.kept': z.strictObject({ definition: definitionSchema }),
} as const;

/** The text that a chart's name is the SHA-256 of: JSON without white space, the keys of each object in the order of their letters. */
export function canonicalText(definition: object): string {
  return JSON.stringify(definition, (_key, value: unknown) =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** With the keys in the order of their letters: what JSON makes of it is the canonical text. */
export function definitionOf(chart: Pick<Chart, 'root'>): ChartDefinition {
  const nodes = Object.values(chart.root.states).flatMap(withInner);
  return {
    initial: pathOf(chart.root.initial.target[0] as AnyStateNode),
    states: nodes.map(stateOf),
    transitions: nodes.flatMap(transitionsOf),
    version: 1,
  };
}

const withInner = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(withInner),
];

const pathOf = (node: AnyStateNode): string => node.path.join('.');

function stateOf(node: AnyStateNode): State {
  const meta = node.meta as { exit?: number; next?: string } | undefined;
  const [inner] = node.initial.target;
  const [invoked] = node.invoke;
  return {
    description: node.description ?? '',
    entry: node.entry.map(nameOf),
    exit: meta?.exit ?? null,
    exits: node.exit.map(nameOf),
    initial: inner === undefined ? null : pathOf(inner),
    invokes: invoked === undefined ? null : { service: String(invoked.src), step: invoked.id },
    name: pathOf(node),
    next: meta?.next ?? null,
    tags: [...node.tags],
  };
}

function transitionsOf(node: AnyStateNode): Transition[] {
  const named = [...node.transitions].flatMap(([event, all]) =>
    all.map((one) => transitionOf(node, event === '' ? null : event, one)),
  );
  return [...named, ...(node.always ?? []).map((one) => transitionOf(node, null, one))];
}

function transitionOf(
  node: AnyStateNode,
  event: string | null,
  { target, guard, actions, reenter, description }: AnyTransitionDefinition,
): Transition {
  const [to] = target ?? [];
  return {
    actions: actions.map(nameOf),
    description: description ?? '',
    event,
    from: pathOf(node),
    guard: guard === undefined ? null : nameOf(guard),
    reenter,
    target: to === undefined ? null : pathOf(to),
  };
}

/** Of a guard or an action; XState's own ones say what they are and of which timer. */
function nameOf(one: unknown): string {
  if (typeof one === 'string') return one;
  const { type, id } = one as { type?: string; id?: unknown };
  return [type ?? 'unnamed', ...(typeof id === 'string' ? [id] : [])].join(' ');
}
