/** The tests that Stryker runs: in one process, without a server, a spawned program or minutes of simulation. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/{machine,runtime,effects,redaction}/**/*.test.ts',
      'test/store/{hash-chain,open,sqlite,sqlite-log}.test.ts',
      'test/simulation/paths/loops.test.ts',
      'test/cli/**/*.test.ts',
    ],
    exclude: [
      'test/runtime/loop/walk.test.ts',
      // It loads source files within a test: Stryker would take what runs at loading for that test's.
      'test/redaction/gate.test.ts',
      // They spawn programs, which carry no mutant.
      'test/effects/{git,git-archive,git-options}.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
