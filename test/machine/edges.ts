/** Every transition of the chart, counted twice: as declared, and as a search from the first state finds them. */
import type { AnyStateNode } from 'xstate';
import { chart } from '../../src/machine/chart.ts';
import {
  type DeployRequest,
  type DomainEvent,
  type EventType,
  eventSchemas,
} from '../../src/machine/events.ts';
import { type PathStep, pathsToTransitions } from '../../src/machine/paths.ts';

export interface Edge {
  readonly from: string;
  readonly event: EventType;
  readonly to: string;
}

export const nameOf = ({ from, event, to }: Edge): string => `${from} --${event}--> ${to}`;

/** A way from the first state to an edge, that edge's event included. */
export interface Path {
  readonly edge: Edge;
  readonly request: DeployRequest;
  readonly events: readonly DomainEvent[];
}

/** From the chart's definition alone: every event that a leaf or one of its parents handles. */
export function declaredEdges(): Edge[] {
  const edges: Edge[] = [];
  const visit = (node: AnyStateNode): void => {
    for (const child of Object.values(node.states)) visit(child);
    if (Object.keys(node.states).length > 0 || node.always?.length) return;
    const seen = new Set<string>();
    for (let owner: AnyStateNode | undefined = node; owner !== undefined; owner = owner.parent) {
      for (const [event, transitions] of owner.transitions) {
        if (seen.has(event) || !(event in eventSchemas)) continue;
        seen.add(event);
        for (const { target } of transitions) {
          for (const to of target === undefined ? [node] : target.flatMap(leavesOf)) {
            edges.push({ from: short(node), event: event as EventType, to: short(to) });
          }
        }
      }
    }
  };
  visit(chart.root);
  return edges;
}

function leavesOf(node: AnyStateNode): AnyStateNode[] {
  if (node.always?.length) {
    return node.always.flatMap(({ target }) => (target ?? []).flatMap(leavesOf));
  }
  const initial = node.initial?.target?.[0];
  return initial === undefined ? [node] : leavesOf(initial);
}

const short = (node: AnyStateNode): string => node.id.replace(/^deploy\./, '');

/** The shortest path to each edge that @xstate/graph reaches from the first state, on either way to production. */
export function reachedPaths(): Path[] {
  const paths = pathsToTransitions(chart).map(({ request, steps }) => {
    const events = steps.map(({ event }) => event);
    const { from, event, to } = steps.at(-1) as PathStep;
    return { edge: { from, event: event.type, to }, request, events };
  });
  // Of several ways to an edge the first: without a canary, where it needs none.
  return [...new Map(paths.toReversed().map((path) => [nameOf(path.edge), path])).values()];
}
