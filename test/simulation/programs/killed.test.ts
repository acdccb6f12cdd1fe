/** A process that dies at any run of a program, before it did anything or when it did all: the next one carries on, and ships once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSoak } from '../../store/attacks/seed.ts';
import { type Death, ProgramFuzzer } from './spoilt-deploy.ts';
import { worlds } from './worlds.ts';

let fuzzer: ProgramFuzzer;
beforeAll(() => {
  fuzzer = new ProgramFuzzer();
});
afterAll(() => fuzzer.close());

const [ancestor] = worlds;
if (ancestor === undefined) throw new Error('there is no world');
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe.each(isSoak ? [false, true] : [true])(
  'programs that do not know a key again: %s',
  (isCareless) => {
    it.each(['before', 'after'] as const)('died %s each run', { timeout: 60_000 }, async (when) => {
      const { runs, state } = await fuzzer.run(ancestor);
      expect({ state, isMany: runs > 15 }).toEqual({ state: 'production.live', isMany: true });
      const wrong: [Death, object][] = [];
      for (const run of upTo(runs)) {
        const death = { run, when, isCareless };
        const { exchanges: _, ...ended } = await fuzzer.run(ancestor, [], death);
        const isRight =
          ended.state === 'production.live' &&
          ended.shipped.every((times) => times === 1) &&
          ended.violations.length === 0;
        if (!isRight) wrong.push([death, ended]);
      }
      expect(wrong).toEqual([]);
    });
  },
);
