/** The chart as lists: its states and its transitions, for documents and tests. Pure. */
import type { AnyStateNode } from 'xstate';
import type { Chart, StateMeta } from './chart.ts';

export interface OutlinedState {
  /** `verifying.starting` */
  readonly name: string;
  readonly depth: number;
  readonly description: string;
  /** Its own and those of the states around it. */
  readonly tags: readonly string[];
  readonly exit: number | null;
  /** What a person can do there; null where nothing is asked of anybody. */
  readonly next: string | null;
  readonly service: string | null;
  /** That service at this place: a step of the codec. */
  readonly step: string | null;
  readonly isLeaf: boolean;
  /** Left at once, by a transition without an event. */
  readonly isPassing: boolean;
  /** The state that is entered when this one is; null for a leaf. */
  readonly initial: string | null;
}

export interface OutlinedTransition {
  readonly from: string;
  /** Null: taken at once. */
  readonly event: string | null;
  /** The leaf that is entered in the end; `from` itself where nothing is left. */
  readonly to: string;
  /** As it is written: where a state around the leaf is named. */
  readonly target: string;
  readonly guard: string | null;
  readonly description: string;
}

const nameOf = (node: AnyStateNode): string => node.path.join('.');

/** Every state, from the top, each before what is in it. */
export function statesOf(chart: Chart): OutlinedState[] {
  const visit = (node: AnyStateNode, around: readonly string[]): OutlinedState[] => {
    const children = Object.values(node.states);
    const tags = [...new Set([...around, ...node.tags])];
    const meta = node.meta as StateMeta | undefined;
    const state: OutlinedState = {
      name: nameOf(node),
      depth: node.path.length,
      description: node.description ?? '',
      tags,
      exit: meta?.exit ?? null,
      next: meta?.next ?? null,
      service: node.invoke[0] === undefined ? null : String(node.invoke[0].src),
      step: node.invoke[0]?.id ?? null,
      isLeaf: children.length === 0,
      isPassing: (node.always?.length ?? 0) > 0,
      initial: node.initial.target[0] === undefined ? null : nameOf(node.initial.target[0]),
    };
    return [state, ...children.flatMap((child) => visit(child, tags))];
  };
  return Object.values(chart.root.states).flatMap((node) => visit(node, []));
}

/** Every transition as it is declared: of a state, for all the states in it. */
export function declaredTransitions(chart: Chart): OutlinedTransition[] {
  const visit = (node: AnyStateNode): OutlinedTransition[] => [
    ...own(node),
    ...Object.values(node.states).flatMap(visit),
  ];
  return visit(chart.root);
}

function own(node: AnyStateNode): OutlinedTransition[] {
  const named = [...node.transitions].flatMap(([event, transitions]) =>
    transitions.map((transition) => ({ event: event === '' ? null : event, transition })),
  );
  const always = (node.always ?? []).map((transition) => ({ event: null, transition }));
  const seen = new Set<unknown>();
  return [...named, ...always].flatMap(({ event, transition }) => {
    if (seen.has(transition)) return [];
    seen.add(transition);
    const target = transition.target?.[0] ?? node;
    return [
      {
        from: nameOf(node),
        event,
        to: nameOf(transition.target === undefined ? node : leafOf(target)),
        target: nameOf(target),
        guard: guardName(transition.guard),
        description: transition.description ?? '',
      },
    ];
  });
}

function leafOf(node: AnyStateNode): AnyStateNode {
  const initial = node.initial.target[0];
  return initial === undefined || Object.keys(node.states).length === 0 ? node : leafOf(initial);
}

function guardName(guard: unknown): string | null {
  if (guard === undefined) return null;
  if (typeof guard === 'string') return guard;
  return (guard as { type?: string }).type ?? 'a condition';
}
