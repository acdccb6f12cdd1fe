/**
 * The chart as a table: from each state that has none in it, by each event, to where its transitions lead, with the chart's own
 * guards and assignments. It gives what XState gives (a test holds it to that on every path), some thirty times as fast, and
 * neither services nor timers: for whoever asks of a million events only where each of them led. Pure.
 */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { chart, type Tag } from './chart.ts';
import type { DeployContext } from './context.ts';
import type { DeployRequest, DomainEvent } from './events.ts';

interface Args {
  readonly context: DeployContext;
  readonly event: DomainEvent;
}
type Assignment = (args: Args) => Partial<DeployContext>;

interface Way {
  readonly isOpen: (args: Args) => boolean;
  readonly assignments: readonly Assignment[];
  /** Null: it stays where it is. */
  readonly to: string | null;
}

interface Leaf {
  readonly tags: ReadonlySet<string>;
  /** By event, in the order in which they are tried: its own, and then those of the states around it. */
  readonly ways: ReadonlyMap<string, readonly Way[]>;
}

/** A deploy after some of its events. */
export interface LightDeploy {
  readonly state: string;
  readonly context: DeployContext;
}

/** Made when the first deploy is folded. */
let leaves: ReadonlyMap<string, Leaf> | undefined;

export const lightChart = {
  begin(request: DeployRequest): LightDeploy {
    const contextOf = chart.config.context as unknown as (_: {
      input: DeployRequest;
    }) => DeployContext;
    return { state: leafIn(chart.root), context: contextOf({ input: request }) };
  },

  /** Null: the chart does not handle the event here. */
  next(deploy: LightDeploy, event: DomainEvent): LightDeploy | null {
    const { state, context } = deploy;
    const args = { context, event };
    const way = leafOf(state)
      ?.ways.get(event.type)
      ?.find(({ isOpen }) => isOpen(args));
    if (way === undefined) return null;
    let after = context;
    for (const assign of way.assignments)
      after = { ...after, ...assign({ context: after, event }) };
    return { state: way.to ?? state, context: after };
  },

  has: ({ state }: LightDeploy, tag: Tag): boolean => leafOf(state)?.tags.has(tag) === true,
};

function leafOf(state: string): Leaf | undefined {
  leaves ??= new Map(leavesIn(chart.root));
  return leaves.get(state);
}

function leavesIn(node: AnyStateNode): [string, Leaf][] {
  const inner = Object.values(node.states);
  if (inner.length > 0) return inner.flatMap(leavesIn);
  const around: AnyStateNode[] = [];
  for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) around.push(at);
  const all = around.flatMap((at) => [...at.transitions].flatMap(([, ways]) => ways));
  const ways = Map.groupBy(all, ({ eventType }) => eventType);
  return [
    [
      node.path.join('.'),
      {
        tags: new Set(around.flatMap(({ tags }) => tags)),
        ways: new Map([...ways].map(([event, some]) => [event, some.map(wayOf)])),
      },
    ],
  ];
}

function wayOf({ guard, actions, target }: AnyTransitionDefinition): Way {
  const [to] = target ?? [];
  return {
    isOpen: guard === undefined ? () => true : guardOf(guard),
    assignments: actions.map(assignmentOf),
    to: to === undefined ? null : leafIn(to),
  };
}

function guardOf(guard: unknown): Way['isOpen'] {
  const found = chart.implementations.guards[guard as keyof typeof chart.implementations.guards];
  if (typeof found !== 'function') throw new Error(`the chart has no guard ${String(guard)}`);
  return found as unknown as Way['isOpen'];
}

/** @throws Error the action is another one than an assignment */
function assignmentOf(action: unknown): Assignment {
  const { type } = typeof action === 'string' ? { type: action } : (action as { type: string });
  const found = chart.implementations.actions[type as keyof typeof chart.implementations.actions];
  const { assignment } = found as unknown as { assignment?: Assignment | Partial<DeployContext> };
  if (assignment === undefined) throw new Error(`the chart has no assignment ${type}`);
  return typeof assignment === 'function' ? assignment : () => assignment;
}

function leafIn(node: AnyStateNode): string {
  const [inner] = node.initial.target;
  return inner === undefined ? node.path.join('.') : leafIn(inner);
}
