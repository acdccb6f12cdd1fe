/**
 * Folds a deploy's events through the chart: which state it is in, which services and timers are
 * in flight. Pure: times come in with the events.
 */
import { type ActorLogic, initialTransition, type SnapshotFrom, transition } from 'xstate';
import { type Chart, chart, type Tag } from './chart.ts';
import { isStep, type Step } from './codec.ts';
import { type DeployRequest, type DomainEvent, stuckIn } from './events.ts';

export type Snapshot = SnapshotFrom<Chart>;

/** A service that the chart has asked for and that has not answered. */
export interface RunningStep {
  readonly step: Step;
  readonly input: unknown;
  /** The version of the event that started it: the same step entered again is another one. */
  readonly since: number;
}

export interface Timer {
  readonly id: string;
  readonly event: DomainEvent;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

/** A deploy after some number of its events. */
export interface FoldedDeploy {
  readonly snapshot: Snapshot;
  /** How many events were folded: the stream's version. */
  readonly version: number;
  readonly running: ReadonlyMap<Step, RunningStep>;
  readonly timers: ReadonlyMap<string, Timer>;
}

/**
 * The chart as XState's pure functions take it. For each transition they make an actor, and with it the
 * chart's first state without an input, which takes longer than the transition and which nobody looks at.
 */
export function logicOf(of: Chart): ActorLogic<Snapshot, DomainEvent, DeployRequest | undefined> {
  return {
    transition: (snapshot, event, scope) => of.transition(snapshot, event, scope),
    getInitialSnapshot: (scope, request) =>
      request === undefined ? unseen : of.getInitialSnapshot(scope, request),
    getPersistedSnapshot: (snapshot) => of.getPersistedSnapshot(snapshot),
  };
}
const unseen = { status: 'active' } as Snapshot;

/** Folds events through one chart. */
export interface Interpreter {
  /** A `deploy.requested`, recorded at `atMs`. */
  begin(request: DeployRequest, atMs: number): FoldedDeploy;
  /** The next event, recorded at `atMs`. Null: the chart does not handle it here, so it must not be recorded. */
  next(folded: FoldedDeploy, event: DomainEvent, atMs: number): FoldedDeploy | null;
}

export function interpreterOf(of: Chart): Interpreter {
  const logic = logicOf(of);
  return {
    begin(request, atMs) {
      const [snapshot, actions] = initialTransition(logic, request);
      const before = { version: 0, running: new Map(), timers: new Map() };
      return withActions(snapshot, actions, before, atMs);
    },
    next(folded, event, atMs) {
      const [snapshot, actions] = transition(logic, folded.snapshot, event);
      if (snapshot === folded.snapshot) return null;
      return withActions(snapshot, actions, folded, atMs);
    },
  };
}

/** Through the chart that deploys run on. */
export const { begin, next }: Interpreter = interpreterOf(chart);

/** Whether the chart handles the event here: `next` gives a deploy then, and null otherwise. */
export function takes({ snapshot }: FoldedDeploy, event: DomainEvent): boolean {
  return snapshot.can(event);
}

/** `production.deploying.submitting`: the one active leaf, from the top. */
export function stateOf({ snapshot }: Pick<FoldedDeploy, 'snapshot'>): string {
  const path: string[] = [];
  let value: unknown = snapshot.value;
  while (typeof value === 'object' && value !== null) {
    const [name, inner] = Object.entries(value)[0] ?? [];
    if (name === undefined) break;
    path.push(name);
    value = inner;
  }
  if (typeof value === 'string') path.push(value);
  return path.join('.');
}

export function has({ snapshot }: FoldedDeploy, tag: Tag): boolean {
  return snapshot.hasTag(tag);
}

/** The exit code of an `advance` that ends here; null where none ends. */
export function exitCodeOf({ snapshot }: Pick<FoldedDeploy, 'snapshot'>): number | null {
  const { outcome, request, isLeft } = snapshot.context;
  const [meta] = Object.values(snapshot.getMeta()).filter((one) => one !== undefined);
  if (meta === undefined) return null;
  // However it ended: a part of production may run what it should not, and somebody has to act.
  if (isLeft) return 1;
  return outcome !== null && stuckIn(outcome) !== null
    ? request.settings.gates.stuckExit
    : meta.exit;
}

/** What XState hands to an interpreter, as far as this one carries it out. */
interface Action {
  readonly type: string;
  readonly params?: unknown;
}

function withActions(
  snapshot: Snapshot,
  actions: readonly Action[],
  before: Pick<FoldedDeploy, 'version' | 'running' | 'timers'>,
  atMs: number,
): FoldedDeploy {
  const version = before.version + 1;
  const running = new Map(before.running);
  const timers = new Map(before.timers);
  for (const { type, params } of actions) {
    if (type === 'xstate.spawnChild') {
      const { id, input } = params as { id: string; input: unknown };
      if (!isStep(id)) throw new Error(`the chart invokes ${id}, which is no step of the codec`);
      running.set(id, { step: id, input, since: version });
    } else if (type === 'xstate.stopChild') {
      running.delete((params as { id: Step }).id);
    } else if (type === 'xstate.raise') {
      const { id, event, delay } = params as { id: string; event: DomainEvent; delay: number };
      timers.set(id, { id, event, dueAt: atMs + delay });
    } else if (type === 'xstate.cancel') {
      timers.delete((params as { sendId: string }).sendId);
    } else {
      throw new Error(`the chart has an action that nothing carries out: ${type}`);
    }
  }
  return { snapshot, version, running, timers };
}
