import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes its time: hundreds of simulated deploys, attacks, a PostgreSQL server, whole processes, git's among them; and what wants a build. */
const slow = [
  'test/simulation/**/*.test.ts',
  'test/runtime/loop/walk.test.ts',
  'test/store/attacks/**/*.test.ts',
  'test/runtime/{audit/deploys,notify/notifier,rollback/orders}.test.ts',
  'test/store/{postgres,sqlite}.test.ts',
  'test/postgres/**/*.test.ts',
  'test/{processes,browser}/**/*.test.ts',
  'test/cli/canaries.test.ts',
  'test/effects/git/{archive,commits-having,repository,stopped}.test.ts',
  'test/sandbox/github/{clients,github}.test.ts',
  'test/cli/config/wrong-values.test.ts',
  'test/{golden-logs,channels/hooks,effects/http/pages,targets/heroku}.test.ts',
  'test/{command-name,index,library}.test.ts',
];

/** What takes longest, which nothing should wait for at the end. */
const longest = [
  'processes/lane-orders',
  'processes/log-taken-away',
  'processes/canary/heroku',
  'processes/ci-lock',
  'simulation/every-await',
  'processes/advance',
  'processes/canaries',
  'processes/kill',
  'processes/boundaries',
  'browser/pages',
  'processes/canary/command',
  'processes/dead-holder',
  'simulation/chosen',
  'simulation/deploys',
  'processes/demo',
  'processes/going-back',
  'processes/settings',
  'store/postgres',
  'store/attacks/power-loss',
  'processes/interrupted',
  'processes/signals',
  'processes/postgres',
  'effects/git/repository',
  'channels/hooks',
].map((name) => `/test/${name}.test.ts`);

/**
 * What keeps a core busy and what mostly waits take turns, so that neither is alone; the fast ones fill up the end. A
 * worker is kept only while the next file is of its own project: what takes turns is of one.
 */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.endsWith(name));
      return place === -1 ? longest.length : place;
    };
    const sorted = (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
    const slow = sorted.filter(({ project }) => project.name === 'slow');
    const isWaiting = ({ moduleId }: TestSpecification) =>
      /\/test\/(processes|browser|channels|cli|effects)\//.test(moduleId);
    const waiting = slow.filter(isWaiting);
    const busy = slow.filter((file) => !isWaiting(file));
    const turns = Array.from({ length: Math.max(busy.length, waiting.length) }, (_, at) =>
      [busy[at], waiting[at]].filter((file) => file !== undefined),
    );
    return [...turns.flat(), ...sorted.filter(({ project }) => project.name === 'fast')];
  }
}

export default defineConfig({
  test: {
    // Node itself loads the tests, the program and its packages, as it loads the program for whoever runs it: nothing stands
    // between a module and what it imports, which saves a sixth of the processor time.
    experimental: { viteModuleRunner: false },
    // Most of the time is spent waiting for processes, so there is room for more than a worker a core.
    maxWorkers: 8,
    // Loading the program takes longer than most tests: a worker's files share what they import, and undo what they change.
    isolate: false,
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/temporary-folder.ts', 'test/postgres/server-of-run.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: SlowFirst },
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: slow } },
      { extends: true, test: { name: 'slow', include: slow } },
    ],
  },
});
