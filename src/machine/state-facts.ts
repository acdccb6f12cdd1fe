/** What the chart says of a state, by the state's name: for whoever has no more of a deploy than what was recorded. Pure. */
import { chart, type Tag } from './chart.ts';
import { statesOf } from './outline.ts';

export interface StateFacts {
  /** Its own and those of the states around it. */
  readonly tags: readonly Tag[];
  /** What a person can do, with `DEPLOY` where the command takes the deploy's id; null: nothing is asked of anybody. */
  readonly next: string | null;
  /** The step that is carried out there (see codec.ts); null: none. */
  readonly step: string | null;
}

/** Of today's chart; made when the first is asked for. */
let facts: ReadonlyMap<string, StateFacts> | undefined;

function allFacts(): ReadonlyMap<string, StateFacts> {
  return new Map(
    statesOf(chart).map(({ name, tags, next, step }) => [
      name,
      { tags: tags as readonly Tag[], next, step },
    ]),
  );
}

/** Null: today's chart has no state of that name; an earlier one may have had it. */
export function stateFacts(name: string): StateFacts | null {
  facts ??= allFacts();
  return facts.get(name) ?? null;
}

/** Whether the state, or one around it, has the tag; a state that today's chart does not have has none. */
export function isTagged(state: string, tag: Tag): boolean {
  return stateFacts(state)?.tags.includes(tag) === true;
}

/** Of every state of today's chart. */
export function stateNames(): readonly string[] {
  facts ??= allFacts();
  return [...facts.keys()];
}

/** What a person can do for that deploy in that state, with the command; null: nothing, or the state is not known. */
export function nextFor(state: string, deploy: string): string | null {
  return stateFacts(state)?.next?.replaceAll('DEPLOY', () => deploy) ?? null;
}

/** `production` of `production.deploying.following`: one of the nine states, whose names and meanings stay. */
export function topOf(state: string): string {
  return state.split('.')[0] ?? '';
}

/** Of `a.b.c`: `a`, `a.b` and itself. */
export const withAround = (state: string): string[] =>
  state.split('.').map((_, i, names) => names.slice(0, i + 1).join('.'));
