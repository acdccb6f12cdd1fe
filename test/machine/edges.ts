/** Every transition of the chart, counted twice: as declared, and as a search from the first state finds them. */
import type { AnyStateNode } from 'xstate';
import { chart } from '../../src/machine/chart.ts';
import {
  type DeployRequest,
  type DomainEvent,
  type EventType,
  eventSchemas,
} from '../../src/machine/events.ts';
import { begin, type Flight, next, stateOf } from '../../src/machine/interpret.ts';
import { samples } from './samples.ts';

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
      for (const [event, [transition]] of owner.transitions) {
        if (seen.has(event) || !(event in eventSchemas) || transition === undefined) continue;
        seen.add(event);
        const target = transition.target?.[0];
        for (const to of target === undefined ? [node] : leavesOf(target)) {
          edges.push({ from: short(node), event: event as EventType, to: short(to) });
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

/** The shortest path to each edge that a search over the chart's states reaches, for both ways to production. */
export function reachedPaths(): Path[] {
  const paths = new Map<string, Path>();
  for (const deploy of ['promote', 'build'] as const) {
    const requestSample = samples['deploy.requested'];
    const { settings } = requestSample;
    const production = { ...settings.production, deploy };
    const request = { ...requestSample, settings: { ...settings, production } };
    const seen = new Set<string>();
    const queue: { flight: Flight; events: DomainEvent[] }[] = [
      { flight: begin(request, 0), events: [] },
    ];
    for (let here = queue.shift(); here !== undefined; here = queue.shift()) {
      const from = stateOf(here.flight);
      if (seen.has(from)) continue;
      seen.add(from);
      for (const type of Object.keys(eventSchemas) as EventType[]) {
        const event = { type, data: samples[type] } as DomainEvent;
        const after = next(here.flight, event, 0);
        if (after === null) continue;
        const edge = { from, event: type, to: stateOf(after) };
        const events = [...here.events, event];
        if (!paths.has(nameOf(edge))) paths.set(nameOf(edge), { edge, request, events });
        queue.push({ flight: after, events });
      }
    }
  }
  return [...paths.values()];
}
