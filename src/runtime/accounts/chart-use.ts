/** How deploys went through the chart: how often each state was entered and each transition taken, and how long that took. */
import type { OutlinedTransition } from '../../machine/outline.ts';
import { withAround } from '../../machine/state-facts.ts';
import type { DeployRecord } from './deploy-record.ts';
import { type Spread, spread } from './metrics.ts';

export type Use = Pick<Spread, 'count' | 'medianMs'>;

export interface ChartUse {
  /** Of how many deploys. */
  readonly deploys: number;
  /** When the first of them was asked for: ISO 8601; null: there is none. */
  readonly since: string | null;
  /** By the state's name: how often it was entered, and for how long a deploy was in it that went on. */
  readonly states: Readonly<Record<string, Use>>;
  /** By `transitionKey`: how often it was taken, and the time since the deploy's event before. */
  readonly transitions: Readonly<Record<string, Use>>;
}

/** A deploy's way: of each event only what it took. The first one is how the deploy came to be. */
export type Walk = readonly {
  readonly type: string;
  readonly to: string;
  readonly timeMs: number;
}[];

export const walkOf = ({ steps }: DeployRecord): Walk =>
  steps.map(({ event, to, time }) => ({ type: event.type, to, timeMs: Date.parse(time) }));

interface Move {
  readonly from: string;
  readonly event: string;
  readonly to: string;
  /** Since the event before. */
  readonly tookMs: number;
}

type Declared = Pick<OutlinedTransition, 'from' | 'event' | 'to'>;

/** No two transitions of the chart have the same. */
export const transitionKey = ({ from, event, to }: Declared): string => `${from} ${event} ${to}`;

/** @param declared the chart's transitions; what was recorded of another chart, and is none of these, is left out */
export function chartUse(walks: readonly Walk[], declared: readonly Declared[]): ChartUse {
  const transitions = new Map<string, number[]>();
  for (const move of walks.flatMap(movesOf)) {
    const taken = declared.filter((one) => isOf(move, one));
    // What a state says goes before what the states around it say.
    const [deepest] = taken.toSorted((a, b) => b.from.length - a.from.length);
    if (deepest !== undefined) add(transitions, transitionKey(deepest), move.tookMs);
  }
  const asked = walks.flatMap(([first]) => first?.timeMs ?? []);
  return {
    deploys: walks.length,
    since: asked.length === 0 ? null : new Date(Math.min(...asked)).toISOString(),
    states: statesUse(walks),
    transitions: inUse(transitions),
  };
}

function movesOf(walk: Walk): Move[] {
  return walk.slice(1).map(({ type, to, timeMs }, i) => {
    const { to: from, timeMs: sinceMs } = walk[i] ?? { to, timeMs };
    return { from, event: type, to, tookMs: timeMs - sinceMs };
  });
}

function isOf(move: Move, { from, event, to }: Declared): boolean {
  if (event !== move.event || !isIn(move.from, from)) return false;
  // Nothing is left where a transition leads to where it is declared.
  return to === from ? move.to === move.from : to === move.to;
}

const isIn = (state: string, around: string): boolean => `${state}.`.startsWith(`${around}.`);

function statesUse(walks: readonly Walk[]): Readonly<Record<string, Use>> {
  const entered = new Map<string, number>();
  const left = new Map<string, number[]>();
  for (const walk of walks) {
    const since = new Map<string, number>();
    for (const { to, timeMs: now } of walk) {
      const around = withAround(to);
      for (const [state, from] of since) {
        if (around.includes(state)) continue;
        add(left, state, now - from);
        since.delete(state);
      }
      for (const state of around) {
        if (since.has(state)) continue;
        since.set(state, now);
        entered.set(state, (entered.get(state) ?? 0) + 1);
      }
    }
  }
  return Object.fromEntries(
    [...entered].map(([state, count]) => [
      state,
      { count, medianMs: spread(left.get(state) ?? []).medianMs },
    ]),
  );
}

function add(all: Map<string, number[]>, name: string, ms: number): void {
  const times = all.get(name);
  if (times === undefined) all.set(name, [ms]);
  else times.push(ms);
}

const inUse = (all: ReadonlyMap<string, readonly number[]>): Readonly<Record<string, Use>> =>
  Object.fromEntries(
    [...all].map(([name, times]) => {
      const { count, medianMs } = spread(times);
      return [name, { count, medianMs }];
    }),
  );
