/** A chart that runs, from a definition as the log keeps one: guards, actions and services are this version's, by their names. Pure. */
import type { AnyStateNode } from 'xstate';
import { type Chart, chart } from './chart.ts';
import { base } from './chart-setup.ts';
import { isStep } from './codec.ts';
import type { ChartDefinition } from './definition.ts';

type State = ChartDefinition['states'][number];
type Transition = ChartDefinition['transitions'][number];

/** XState's own actions in it set and stop timers, and a recorded timer rings by its event. */
const isBuiltIn = (action: string): boolean => action.startsWith('xstate.');

/** What the definition names and this version does not have: `guard isWeekend`, `state verifying.gate`. Empty: it runs. */
export function unknownIn({ initial, states, transitions }: ChartDefinition): string[] {
  const { guards, actions } = chart.implementations;
  const names = new Set(states.map(({ name }) => name));
  const isDoubled = (name: string, at: number) =>
    states.findIndex((one) => one.name === name) !== at;
  const around = (name: string): string | null =>
    name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : null;
  const all = [
    ...[initial, ...states.flatMap((state) => state.initial ?? [])].map((name) => ['state', name]),
    ...states.flatMap(({ name }) => around(name) ?? []).map((name) => ['state', name]),
    ...transitions.flatMap(({ from, target }) => [
      ['state', from],
      ...(target === null ? [] : [['state', target]]),
    ]),
  ];
  const missing = all.filter(([, name]) => !names.has(name ?? '')).map((one) => one.join(' '));
  const doubled = states
    .filter(({ name }, at) => isDoubled(name, at))
    .map(({ name }) => `a second state ${name}`);
  const code = [
    ...transitions.flatMap(({ guard }) =>
      guard === null || Object.hasOwn(guards, guard) ? [] : [`guard ${guard}`],
    ),
    ...[...transitions, ...states.map(({ entry, exits }) => ({ actions: [...entry, ...exits] }))]
      .flatMap((one) => one.actions)
      .filter((name) => !isBuiltIn(name) && !Object.hasOwn(actions, name))
      .map((name) => `action ${name}`),
    ...states.flatMap(({ invokes }) =>
      invokes === null || isStep(invokes.step) ? [] : [`step ${invokes.step}`],
    ),
  ];
  return [...new Set([...missing, ...doubled, ...code])];
}

/** @throws Error it names what `unknownIn` tells */
export function chartOf(definition: ChartDefinition): Chart {
  const unknown = unknownIn(definition);
  if (unknown.length > 0) throw new Error(`the chart has what nobody knows: ${unknown.join(', ')}`);
  const of = (inside: string | null) => nodesIn(inside, definition);
  return base.createMachine({
    id: chart.id,
    context: chart.config.context,
    initial: definition.initial,
    states: of(null),
  } as never) as unknown as Chart;
}

function nodesIn(inside: string | null, definition: ChartDefinition): Record<string, object> {
  const depth = inside === null ? 1 : inside.split('.').length + 1;
  const own = definition.states.filter(
    ({ name }) =>
      name.split('.').length === depth && (inside === null || name.startsWith(`${inside}.`)),
  );
  return Object.fromEntries(own.map((state) => [lastOf(state.name), nodeOf(state, definition)]));
}

const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

function nodeOf(state: State, definition: ChartDefinition): object {
  const { name, description, initial, tags, exit, next, invokes, entry, exits } = state;
  const own = definition.transitions.filter(({ from }) => from === name);
  const on = Map.groupBy(
    own.filter(({ event }) => event !== null),
    ({ event }) => event ?? '',
  );
  const always = own.filter(({ event }) => event === null).map(configOf);
  return {
    ...{ description, tags, states: nodesIn(name, definition) },
    ...(initial === null ? {} : { initial: lastOf(initial) }),
    ...(exit === null ? {} : { meta: { exit, ...(next === null ? {} : { next }) } }),
    ...(invokes === null
      ? {}
      : { invoke: { id: invokes.step, src: invokes.service, input: inputOf(invokes.step) } }),
    entry: entry.filter((action) => !isBuiltIn(action)),
    exit: exits.filter((action) => !isBuiltIn(action)),
    on: Object.fromEntries([...on].map(([event, all]) => [event, all.map(configOf)])),
    ...(always.length === 0 ? {} : { always }),
  };
}

const configOf = ({ target, guard, actions, reenter, description }: Transition): object => ({
  ...(target === null ? {} : { target: `#${chart.id}.${target}` }),
  ...(guard === null ? {} : { guard }),
  ...{ actions: actions.filter((action) => !isBuiltIn(action)), reenter, description },
});

/** Of the present chart's step of that name. */
function inputOf(step: string): unknown {
  const within = (node: AnyStateNode): AnyStateNode[] => [
    node,
    ...Object.values(node.states).flatMap(within),
  ];
  const invoked = within(chart.root).flatMap((node) => node.invoke);
  return invoked.find(({ id }) => id === step)?.input;
}
