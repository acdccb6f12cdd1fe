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
import {
  type DeployRequest,
  type DomainEvent,
  type EventType,
  eventSchemas,
  type Settings,
} from './events.ts';
import { exitCodeOf, logicOf, type Snapshot, stateOf } from './interpret.ts';
import { samples } from './samples.ts';

export interface PathStep {
  /** The leaf that the event meets. */
  readonly from: string;
  readonly event: DomainEvent;
  readonly to: string;
}

/** A way from the first leaf; no leaf twice before a loop's turn, and none twice after it. */
export interface DeployPath {
  readonly way: Way;
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

/**
 * What a deploy can be asked for, as far as its way through the chart goes by it. Without a canary: what production is
 * given. With one: where it stands, whether it has shares of the traffic, and whether it bakes.
 */
export const ways = [
  'artifact',
  'commit',
  'canary, baked',
  'canary first',
  'shares',
  'shares, baked',
  'shares first',
  'shares first, baked',
] as const;
export type Way = (typeof ways)[number];

function settingsFor(way: Way, settings: Settings): Settings {
  const { staging, production } = settings;
  if (way === 'artifact' || way === 'commit') {
    return { ...settings, production: { ...production, submits: way } };
  }
  const bakeMs = way.endsWith('baked') ? 600_000 : 0;
  const isFirst = way.includes('first');
  return {
    ...settings,
    staging: isFirst || staging === null ? null : { ...staging, bakeMs },
    canary: {
      ...production,
      target: { ...production.target, name: 'acme-canary' },
      submits: isFirst ? 'commit' : 'artifact',
      shares: way.startsWith('shares') ? [10, 50] : null,
      bakeMs,
    },
    production: { ...production, bakeMs },
  };
}

/** In these a path may turn a loop; after its turn the others differ from them no more than before it. */
const turning: readonly Way[] = ['artifact', 'commit', 'canary, baked'];

/**
 * Every path to a leaf that has an exit code, with one turn of a loop at most (see `turning`); each once, and once for
 * each way where something is given to production.
 *
 * @param of the ways that are searched
 */
export function deployPaths(chart: Chart, of: readonly Way[] = ways): DeployPath[] {
  return endingPaths(chart, of, turning);
}

/** Those on which no loop is turned. */
export function directPaths(chart: Chart, of: readonly Way[] = ways): DeployPath[] {
  return endingPaths(chart, of, []);
}

function endingPaths(chart: Chart, of: readonly Way[], turned: readonly Way[]): DeployPath[] {
  const found = of.flatMap((way) => {
    const { request, logic, options } = searchOf(chart, way, turned.includes(way));
    return getSimplePaths(logic, options)
      .filter(({ state }) => exitCodeOf(state.context) !== null)
      .map(({ steps }) => pathOf(way, request, steps));
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

/** The shortest path to each transition that a search reaches, that transition included; in each way, with a loop's turn where it needs one. */
export function pathsToTransitions(chart: Chart): DeployPath[] {
  return ways.flatMap((way) => {
    const { request, logic, options } = searchOf(chart, way, true);
    const before = new Map(
      getShortestPaths(logic, options).map(({ state, steps }) => [
        options.serializeState(state),
        pathOf(way, request, steps).steps,
      ]),
    );
    return adjacencyMapToArray(getAdjacencyMap(logic, options))
      .filter(({ state, nextState }) => state.context !== nextState.context)
      .sort((a, b) => Number(a.state.context.isTurned) - Number(b.state.context.isTurned))
      .map(({ state, event, nextState }): DeployPath => {
        const step = { from: stateOf(state.context), event, to: stateOf(nextState.context) };
        const steps = [...(before.get(options.serializeState(state)) ?? []), step];
        return { way, request, steps, turn: null };
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
function searchOf(chart: Chart, way: Way, turns: boolean) {
  const sample = samples['deploy.requested'];
  const request: DeployRequest = { ...sample, settings: settingsFor(way, sample.settings) };
  const steps = logicOf(chart);
  const [snapshot] = initialTransition(steps, request);
  const first = stateOf({ snapshot });
  const following = (place: Place, event: DomainEvent): Place => {
    const [after] = transition(steps, place.snapshot, event);
    const isBack = stateOf({ snapshot: after }) === first && stateOf(place) !== first;
    if (isBack && (place.isTurned || !turns)) return place;
    return { snapshot: after, isTurned: place.isTurned || isBack };
  };
  // A search goes through the chart several times, and comes to the same places.
  const known = new WeakMap<Place, ReadonlyMap<DomainEvent, Place>>();
  const from = (place: Place): ReadonlyMap<DomainEvent, Place> => {
    const before = known.get(place);
    if (before !== undefined) return before;
    const taken = events.filter((event) => place.snapshot.can(event));
    const found = new Map(taken.map((event) => [event, following(place, event)]));
    known.set(place, found);
    return found;
  };
  const logic = fromTransition<Place, DomainEvent, never, undefined, EventObject>(
    (place, event) => from(place).get(event) ?? place,
    { snapshot, isTurned: false },
  );
  // A search asks for each place's name once for every path that comes there.
  const names = new WeakMap<Place, string>();
  const options = {
    limit: placesMax,
    events: ({ context }: Node) => [...from(context).keys()],
    serializeState: ({ context }: Node) => {
      const name = names.get(context) ?? nameOf(chart, context);
      names.set(context, name);
      return name;
    },
    serializeEvent: ({ type }: DomainEvent) => type,
  };
  return { request, logic, options };
}

const nameOf = (chart: Chart, place: Place): string =>
  [stateOf(place), guardsAt(chart, place.snapshot), place.isTurned].join(' ');

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
  way: Way,
  request: DeployRequest,
  found: readonly { state: Node; event: DomainEvent }[],
): DeployPath {
  const steps = found.slice(1).map(({ state, event }, before) => ({
    from: stateOf(found[before]?.state.context as Place),
    event,
    to: stateOf(state.context),
  }));
  const turn = steps.find(({ to }, i) => i > 0 && to === steps[0]?.from) ?? null;
  return { way, request, steps, turn };
}
