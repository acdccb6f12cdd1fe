/** The tests that Stryker runs: in one process, without a server, a spawned program or minutes of simulation. */
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * A worker of Stryker's is a thread, which has no current folder of its own, as a whole command needs one.
 */
const unfit = /command-here|processes\/stage|process\.chdir/;

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
      'test/runtime/audit/deploys.test.ts',
      ...readdirSync('test', { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.ts'))
        .map((file) => `test/${file}`)
        .filter((file) => unfit.test(readFileSync(file, 'utf8'))),
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
