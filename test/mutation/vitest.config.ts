/**
 * The tests that Stryker runs: those that carry the code out within their own process. First the quick ones; to what they do not
 * notice come, by MUTATION_TESTS=simulation, what of the simulation takes seconds, and the commands that take as long.
 */
import { defineConfig } from 'vitest/config';

const quick = [
  'test/{cli,channels,effects,format,machine,page,redaction,runtime,serve,targets}/**/*.test.ts',
  'test/store/*.test.ts',
  'test/processes/{export-import,status,store-place,verify,wrong-commit}.test.ts',
  'test/simulation/paths/loops.test.ts',
];
const slow = [
  'test/runtime/loop/walk.test.ts',
  'test/cli/canaries.test.ts',
  'test/channels/hooks.test.ts',
];
const simulation = [
  'test/simulation/{every-read,fir,must-ship,shallow-clones}.test.ts',
  'test/simulation/paths/{canary,direct}.test.ts',
  'test/simulation/fuzzer/{control,odd-worlds}.test.ts',
  'test/simulation/programs/*.test.ts',
];

/** To learn which mutants there are: one that reaches none. */
const none = ['test/mutation/report.test.ts'];

const { MUTATION_TESTS: tests } = process.env;
const include = { none, simulation: [...slow, ...simulation] }[tests ?? ''] ?? quick;

export default defineConfig({
  test: {
    include,
    exclude: include === quick ? slow : [],
    isolate: false,
    setupFiles: ['test/mutation/setup.ts'],
    globalSetup: ['test/temporary-folder.ts', 'test/postgres/server-of-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
