/** What `npm test` tries of a world's spoilt answers; the soak, and LOCKSTEP_SOAK=1, try them all. */
import { hash } from 'node:crypto';
import { isSoak } from '../../store/attacks/seed.ts';
import type { Single } from './fuzz.ts';
import type { FuzzWorld } from './worlds.ts';

const seed = 'answers';
const share = 1 / 100;

/**
 * Of each kind of mutation one, of each answer one, and of all the others one in a hundred: the same ones
 * each time, whatever else is added.
 */
export function sampleOf(world: FuzzWorld, singles: readonly Single[]): readonly Single[] {
  if (isSoak) return singles;
  const drawn = singles.map((single) => ({ single, draw: drawOf(world, single) }));
  const lowest = new Map<string, { readonly single: Single; readonly draw: number }>();
  for (const one of drawn) {
    const { key, occurrence } = one.single;
    for (const group of [`kind ${kindOf(one.single)}`, `answer ${key} ${occurrence}`]) {
      if (one.draw < (lowest.get(group)?.draw ?? 1)) lowest.set(group, one);
    }
  }
  const first = new Set([...lowest.values()].map(({ single }) => single));
  return drawn
    .filter(({ single, draw }) => draw < share || first.has(single))
    .map(({ single }) => single);
}

/** 0 ≤ n < 1. */
function drawOf({ name }: FuzzWorld, { key, occurrence, mutation }: Single): number {
  const text = [seed, name, key, occurrence, mutation.name].join('\n');
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16) / 2 ** 32;
}

/** What is done to the answer, wherever in it: `of the next`. */
const kindOf = ({ mutation: { name } }: Single): string =>
  name.replace(/^.*: /, '').replaceAll(/\d+/g, 'n');
