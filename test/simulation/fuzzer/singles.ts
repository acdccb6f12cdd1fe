/** One file's share of the fuzzer: some worlds, each answer of theirs spoilt in each way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Commits, createCommits } from './commits.ts';
import { fuzzSingles, inWords, noFigures } from './fuzz.ts';
import { Fuzzer } from './fuzzed-deploy.ts';
import { sampleOf } from './sample.ts';
import type { FuzzWorld } from './worlds.ts';

export function fuzzWorlds(worlds: readonly FuzzWorld[]): void {
  let commits: Commits;
  let fuzzer: Fuzzer;
  beforeAll(() => {
    commits = createCommits();
    fuzzer = new Fuzzer(commits);
  });
  afterAll(async () => {
    await fuzzer.close();
    commits.remove();
  });

  it.each(worlds)(
    '$name: no spoilt answer ships what it must not',
    {
      timeout: 400_000,
    },
    async (world) => {
      const figures = noFigures();
      await fuzzSingles(fuzzer, world, figures, (singles) => sampleOf(world, singles));
      process.stdout.write(`fuzzed: ${world.name}: ${inWords(figures)}\n`);
      expect(figures.wrong).toEqual([]);
      expect(figures.refusedForNothing).toEqual([]);
      expect(figures.different).toBeGreaterThan(200);
      expect(figures.deploys).toBeGreaterThanOrEqual(figures.tried / 2);
    },
  );
}
