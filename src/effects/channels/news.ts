/** What the state of a deploy means to a channel. Pure. */
import { isTagged, nextFor, stateFacts } from '../../machine/state-facts.ts';
import type { News } from './channel.ts';

type At = Pick<News, 'state' | 'deploy'>;

/** Nothing more is to be told of the deploy. A held one may be resumed. */
export function isOver({ state }: Pick<At, 'state'>): boolean {
  const tags = (state === null ? null : stateFacts(state))?.tags ?? [];
  return tags.includes('settled') && !tags.includes('held');
}

/** The run that carries the deploy ends here: the deploy is over, or held until a person lets it go on. */
export function isSettled({ state }: Pick<At, 'state'>): boolean {
  return state !== null && isTagged(state, 'settled');
}

/** What a person can do now, with the command; null: nothing is asked of anybody. */
export function nextFrom({ state, deploy }: At): string | null {
  return state === null ? null : nextFor(state, deploy);
}
