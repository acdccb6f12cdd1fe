/** What an explanation says, and by which words its answer is known. Types only. */
import type { Echo } from './explain-facts.ts';
import type { Link } from './explain-links.ts';
import type { Seen } from './last-seen.ts';

export type Verdict =
  /** A deploy of exactly this commit became live. */
  | 'live'
  /** A deploy of a commit that has it became live. */
  | 'carried'
  /** Production had it before a deploy of the lane brought it there. */
  | 'contained'
  /** A deploy that has it has not come to its end, or is held: the fields say which. */
  | 'underWay'
  | 'waitTimedOut'
  | 'held'
  | 'disabled'
  | 'failed'
  /** It did not follow on what production ran. */
  | 'diverged'
  /** No deploy of the lane had it. */
  | 'notAsked'
  /** The clone does not have the history that would tell. */
  | 'unknown';

export interface Explanation {
  readonly lane: string;
  readonly verdict: Verdict;
  /** The deploy that shipped it, or on which it depends now; null: there is none. */
  readonly deploy: string | null;
  /** Of that deploy, by which this commit ships with another's. */
  readonly carrier: string | null;
  /** In a sentence. */
  readonly headline: string;
  /** The decisions that led there, in order. */
  readonly chain: readonly Link[];
  /** What production ran when a deploy of the lane looked at it last; null: none has. */
  readonly production: (Seen & { readonly has: boolean | null }) | null;
  /** A commit that production has and that undoes this one, or is the same patch. */
  readonly echo: (Echo & { readonly deploy: string | null }) | null;
  /** What would let it go on; null: nothing has to be done. */
  readonly next: string | null;
  /** What the answer could not go by; null: nothing was missing. */
  readonly lacks: string | null;
}
