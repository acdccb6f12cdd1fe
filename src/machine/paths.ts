/**
 * Every way that a deploy can take through the chart, as @xstate/graph finds them: the chart runs on
 * samples of its events. Pure.
 */
import {
  adjacencyMapToArray,
  getAdjacencyMap,
  getShortestPaths,
  getSimplePaths,
} from '@xstate/graph';
import {
  type EventObject,
  fromTransition,
  initialTransition,
  type TransitionSnapshot,
  transition,
} from 'xstate';
import type { Chart } from './chart.ts';
import { type DeployRequest, type DomainEvent, type EventType, eventSchemas } from './events.ts';
import { exitCodeOf, type Snapshot, stateOf } from './interpret.ts';
import { samples } from './samples.ts';

export interface PathStep {
  /** The leaf that the event meets. */
  readonly from: string;
  readonly event: DomainEvent;
  readonly to: string;
}

/** A way from the first leaf; no leaf twice before a loop's turn, and none twice after it. */
export interface DeployPath {
  readonly request: DeployRequest;
  readonly steps: readonly PathStep[];
  /** The step that leads back to the first leaf, where there is one. */
  readonly turn: PathStep | null;
}

/** Where a search has come to. */
interface Place {
  readonly snapshot: Snapshot;
  /** A loop was turned on the way: it led back to the first leaf. */
  readonly isTurned: boolean;
}

type Node = TransitionSnapshot<Place>;

/** A search that finds more than this has no end: there are some forty places. */
const placesMax = 10_000;

/** What production is given: both ways are driven. */
const ways = ['artifact', 'commit'] as const;

/**
 * Every path to a leaf that has an exit code, with one turn of a loop at most; each once, and once for each way where
 * production is given something.
 */
export function deployPaths(chart: Chart): DeployPath[] {
  const found = ways.flatMap((way) => {
    const { request, logic, options } = searchOf(chart, way);
    return getSimplePaths(logic, options)
      .filter(({ state }) => exitCodeOf(state.context) !== null)
      .map(({ steps }) => pathOf(request, steps));
  });
  const distinct = new Map<string, DeployPath>();
  for (const path of found) {
    const key = path.steps.map(inWords).join() + wayOf(path);
    if (!distinct.has(key)) distinct.set(key, path);
  }
  return [...distinct.values()];
}

/** What production is given on the path; nothing tells the ways apart before. */
function wayOf({ steps, request }: DeployPath): string {
  const isGiven = steps.some(({ event }) => event.type === 'production.submitted');
  return isGiven ? request.settings.production.submits : '';
}

/** The shortest path to each transition that a search reaches, that transition included; for each way to production. */
export function pathsToTransitions(chart: Chart): DeployPath[] {
  return ways.flatMap((way) => {
    const { request, logic, options } = searchOf(chart, way);
    const before = new Map(
      getShortestPaths(logic, options).map(({ state, steps }) => [
        options.serializeState(state),
        pathOf(request, steps).steps,
      ]),
    );
    return adjacencyMapToArray(getAdjacencyMap(logic, options))
      .filter(({ state }) => !state.context.isTurned)
      .map(({ state, event, nextState }): DeployPath => {
        const step = { from: stateOf(state.context), event, to: stateOf(nextState.context) };
        const steps = [...(before.get(options.serializeState(state)) ?? []), step];
        return { request, steps, turn: null };
      });
  });
}

/** `locked --lock.lost--> queued.waiting` */
export const inWords = ({ from, event, to }: PathStep): string =>
  `${from} --${event.type}--> ${to}`;

const events = (Object.keys(eventSchemas) as EventType[]).map(
  (type) => ({ type, data: samples[type] }) as DomainEvent,
);

/**
 * The chart as logic that @xstate/graph can search. A place is told from others by its leaf, by the
 * guards that hold there, and by whether a loop was turned before: so a path turns one at most.
 */
function searchOf(chart: Chart, way: (typeof ways)[number]) {
  const sample = samples['deploy.requested'];
  const { settings } = sample;
  const request: DeployRequest = {
    ...sample,
    settings: { ...settings, production: { ...settings.production, submits: way } },
  };
  const [snapshot] = initialTransition(chart, request);
  const first = stateOf({ snapshot });
  const logic = fromTransition<Place, DomainEvent, never, undefined, EventObject>(
    (place, event) => {
      const [after] = transition(chart, place.snapshot, event);
      const isBack = stateOf({ snapshot: after }) === first && stateOf(place) !== first;
      if (isBack && place.isTurned) return place;
      return { snapshot: after, isTurned: place.isTurned || isBack };
    },
    { snapshot, isTurned: false },
  );
  const options = {
    limit: placesMax,
    events: ({ context }: Node) => events.filter((event) => context.snapshot.can(event)),
    serializeState: ({ context }: Node) =>
      [stateOf(context), guardsAt(chart, context.snapshot), context.isTurned].join(' '),
    serializeEvent: ({ type }: DomainEvent) => type,
  };
  return { request, logic, options };
}

/** The chart's guards that hold; they go by what the deploy knows, not by an event. */
function guardsAt({ implementations }: Chart, { context }: Snapshot): string {
  const guards = Object.entries(implementations.guards ?? {});
  return guards
    .filter(([, guard]) => (guard as (args: object) => boolean)({ context }))
    .map(([name]) => name)
    .join();
}

/** @xstate/graph has with each state the event that led to it; the first one has none. */
function pathOf(
  request: DeployRequest,
  found: readonly { state: Node; event: DomainEvent }[],
): DeployPath {
  const steps = found.slice(1).map(({ state, event }, before) => ({
    from: stateOf(found[before]?.state.context as Place),
    event,
    to: stateOf(state.context),
  }));
  const turn = steps.find(({ to }, i) => i > 0 && to === steps[0]?.from) ?? null;
  return { request, steps, turn };
}
