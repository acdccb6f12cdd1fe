/** Refusing everything would be no solution: worlds that are odd and well ship, and those that do not are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Commits, createCommits } from './commits.ts';
import { Fuzzer } from './fuzzed-deploy.ts';
import { asFuzzWorld, oddWorlds } from './odd-worlds.ts';

let commits: Commits;
let fuzzer: Fuzzer;
let refused = 0;
beforeAll(() => {
  commits = createCommits();
  fuzzer = new Fuzzer(commits);
});
afterAll(async () => {
  await fuzzer.close();
  commits.remove();
  process.stdout.write(`odd worlds: ${oddWorlds.length}, refused ${refused}\n`);
});

describe('a world that is odd and well', () => {
  it.each(oddWorlds)('ships: $name', async (odd) => {
    const { state, code, violations } = await fuzzer.run(asFuzzWorld(odd));
    if (state !== 'production.live') refused += 1;
    expect({ state, code, violations }).toEqual({
      state: odd.refused === undefined ? 'production.live' : 'failed',
      code: odd.refused?.code ?? null,
      violations: [],
    });
  });
});
