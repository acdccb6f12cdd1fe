/** The tests that Stryker runs: those that carry the code out within their own process, but the minutes of whole commands and of simulation. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/{cli,channels,effects,format,machine,page,redaction,runtime,serve,targets}/**/*.test.ts',
      'test/store/*.test.ts',
      'test/processes/{export-import,status,store-place,verify,wrong-commit}.test.ts',
      'test/simulation/paths/loops.test.ts',
    ],
    exclude: [
      'test/runtime/loop/walk.test.ts',
      'test/cli/canaries.test.ts',
      'test/channels/hooks.test.ts',
    ],
    isolate: false,
    globalSetup: ['test/temporary-folder.ts', 'test/postgres/server-of-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
