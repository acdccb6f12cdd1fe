/** Programs that now and then say or end as they should not: one of the fuzzer's ways, or another exit code, at random. */
import { changesOf, exitCodes } from '../programs/spoilt-answers.ts';
import type { Said } from './programs.ts';

/** @param isDue asked at each end: whether it is spoilt; @param random 0 ≤ n < 1 */
export function oddEnds({ isDue, random }: { isDue: () => boolean; random: () => number }) {
  const anyOf = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  return (said: Said): Said => {
    if (!isDue()) return said;
    const changes = [...changesOf(said.lines)];
    if (said.lines.length === 0 || random() < 0.2)
      return { ...said, code: anyOf([0, ...exitCodes]) ?? 1 };
    return { ...said, lines: anyOf(changes)?.change(said.lines) ?? said.lines };
  };
}
