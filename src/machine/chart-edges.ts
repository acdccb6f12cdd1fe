/** Where a chart leads, as its definition says it: for what was recorded on a chart that the program does not have any more. Pure. */
import type { ChartDefinition } from './definition.ts';

export class ChartEdges {
  readonly #states: ReadonlyMap<string, ChartDefinition['states'][number]>;
  readonly #from: ReadonlyMap<string, ChartDefinition['transitions']>;
  readonly #initial: string;

  constructor({ initial, states, transitions }: ChartDefinition) {
    this.#initial = initial;
    this.#states = new Map(states.map((state) => [state.name, state]));
    this.#from = Map.groupBy(transitions, ({ from }) => from);
  }

  /** Whether the event may lead there, whatever the guards say. @param from null: it is the first one */
  leads(from: string | null, event: string, to: string): boolean {
    if (from === null) return this.#entered(this.#initial).has(to);
    return this.#around(from).some((state) =>
      (this.#from.get(state) ?? [])
        .filter((transition) => transition.event === event)
        .some(({ target }) => this.#entered(target ?? from).has(to)),
    );
  }

  /** Its own and those of the states around it; null: the chart has no such state. */
  tagsOf(state: string): ReadonlySet<string> | null {
    if (!this.#states.has(state)) return null;
    return new Set(this.#around(state).flatMap((name) => this.#states.get(name)?.tags ?? []));
  }

  /** The state and those around it, from within. */
  #around(state: string): string[] {
    const parts = state.split('.');
    return parts.map((_, i) => parts.slice(0, parts.length - i).join('.'));
  }

  /** The leaves that may be stood in once that state was entered: transitions without an event lead on at once. */
  #entered(state: string, seen = new Set<string>()): Set<string> {
    let leaf = state;
    for (let inner = this.#initialOf(leaf); inner !== null; inner = this.#initialOf(leaf)) {
      leaf = inner;
    }
    if (seen.has(leaf)) return seen;
    seen.add(leaf);
    for (const around of this.#around(leaf)) {
      for (const { event, target } of this.#from.get(around) ?? []) {
        if (event === null && target !== null) this.#entered(target, seen);
      }
    }
    return seen;
  }

  #initialOf(state: string): string | null {
    return this.#states.get(state)?.initial ?? null;
  }
}
