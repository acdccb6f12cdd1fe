/** Who is next in a lane, of those who really wait. Pure. */
import type { Relation, Waiter } from './lane.ts';

export type Turn =
  /** The lock may be asked for; the deploys named are superseded by it. */
  | { readonly kind: 'go'; readonly supersedes: readonly string[] }
  /** Another one goes first. `yields`: known by ancestry and not yet on record. */
  | { readonly kind: 'wait'; readonly behind: Waiter; readonly yields: boolean };

/** Which of several that go first is named: the newest build, for it is likely to be the last of them. No order rests on that. */
const byBuild = ({ build: a }: Waiter, { build: b }: Waiter): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/**
 * Whether a waiting deploy is the next to be granted a free lane.
 *
 * A rollback goes first; of several the one that was ordered first. With `skip` the newest by git ancestry goes, and supersedes
 * the older ones; with `every` the oldest goes.
 * A deploy that waits for another by ancestry says so in the stream (`lane.yielded`): the other may
 * not be able to see it in its own clone. Among those that ancestry does not hold back (diverged,
 * unknown, two builds of one commit) who joined first goes first; one that yields to somebody holds
 * nobody back, else three deploys could wait for one another in a ring.
 */
export function decideTurn(options: {
  readonly me: string;
  /** Those whose run is alive, in the order in which they joined; `me` among them. */
  readonly waiting: readonly Waiter[];
  /** How the other's commit stands to mine: `ahead` when it is newer. */
  readonly relationTo: (other: Waiter) => Relation;
  readonly stacking: 'skip' | 'every';
}): Turn {
  const { me, waiting, relationTo, stacking } = options;
  const place = waiting.findIndex(({ deploy }) => deploy === me);
  const self = waiting[place];
  const others = waiting.filter(({ deploy }) => deploy !== me);
  const ahead = self?.first === true ? waiting.slice(0, place) : others;
  const rollback = ahead.find(({ first }) => first === true);
  if (rollback !== undefined) return { kind: 'wait', behind: rollback, yields: false };
  if (self?.first === true) return { kind: 'go', supersedes: [] };
  const relations = new Map(others.map((other) => [other, relationTo(other)]));

  const precedes: Relation = stacking === 'skip' ? 'ahead' : 'behind';
  const first = others.filter((other) => relations.get(other) === precedes);
  // Said once is enough, for as long as that one waits.
  const said = first.find(({ deploy }) => self?.yieldsTo.has(deploy) === true);
  const before = said ?? first.toSorted(byBuild).at(-1);
  if (before !== undefined) return { kind: 'wait', behind: before, yields: said === undefined };

  const follows: Relation = stacking === 'skip' ? 'behind' : 'ahead';
  const alive = new Set(waiting.map(({ deploy }) => deploy));
  const yields = (other: Waiter): boolean => [...other.yieldsTo].some((to) => alive.has(to));
  const earlier = waiting
    .slice(0, place)
    .find((other) => relations.get(other) !== follows && !yields(other));
  if (earlier !== undefined) return { kind: 'wait', behind: earlier, yields: false };

  const superfluous = (other: Waiter): boolean =>
    relations.get(other) === 'behind' || other.yieldsTo.has(me);
  const supersedes = stacking === 'skip' ? others.filter(superfluous) : [];
  return { kind: 'go', supersedes: supersedes.map(({ deploy }) => deploy) };
}
