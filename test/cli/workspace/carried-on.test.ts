/** What a process needs to carry on a deploy that is in the log: found before anything is written for it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { assertCarriedOn } from '../../../src/cli/workspace/carried-on.ts';
import { openTargets } from '../../../src/cli/workspace/targets.ts';
import { UsageError } from '../../../src/errors/error.ts';
import type { Build } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { sample } from '../../machine/samples.ts';
import { wayToGates, writeDeploy } from '../../runtime/audit/written.ts';
import { leastConfig, loadText } from '../config/config-text.ts';

const { deploy: _deploy, chart: _chart, ...request } = samples['deploy.requested'];
let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

interface Given {
  /** Of production's target. */
  readonly kind?: string;
  readonly provider?: 'store' | 'circleci' | 'github';
  readonly build?: Partial<Build>;
  /** Of this process. */
  readonly env?: Record<string, string>;
}

async function check({ kind = 'heroku', provider = 'store', build = {}, env = {} }: Given) {
  const config = await loadText(`${leastConfig}lock: { provider: ${provider} }\n`);
  const { settings } = request;
  const staging = settings.staging && config.staging;
  const there = { ...settings, staging: staging && { ...settings.staging, ...staging } };
  const production = { ...settings.production, target: { kind, name: 'z', settings: {} } };
  const wanted = {
    ...request,
    build: { ...request.build, ...build },
    settings: { ...there, production } as typeof settings,
  };
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const { deploy } = await requestDeploy(log, wanted, run);
  const around = { root: process.cwd(), env: {} };
  const targets = await openTargets(config, readEnvironment({ HEROKU_API_KEY: 'HRKU-1' }), around);
  const workspace = { config } as Parameters<typeof assertCarriedOn>[2]['workspace'];
  await assertCarriedOn(log, deploy, { targets, workspace, ci: detectCi(env) }, 'stays');
}

describe('the targets of a deploy that is in the log', () => {
  it('are those that it is pinned to', async () => {
    await check({ kind: 'heroku' });
  });

  it('are refused before anything is written, where this version does not know their kind', async () => {
    const error = await toldFailureOf(check({ kind: 'zeppelin' }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('E_TARGET_KIND');
    // The chart and the request.
    expect(await log.readAll()).toHaveLength(2);
  });
});

it('of a deploy that is held nothing is needed to tell of it, and all of it to let it go on', async () => {
  const held = [...wayToGates('a'.repeat(40), null, 'v1'), sample('production.held')];
  const deploy = await writeDeploy(log, { label: '501', commit: 'a'.repeat(40) }, held);
  const config = await loadText(leastConfig);
  const around = { root: process.cwd(), env: {} };
  const targets = await openTargets(config, readEnvironment({ HEROKU_API_KEY: 'HRKU-1' }), around);
  const here = { targets, workspace: { config } as never, ci: detectCi({}) };
  await assertCarriedOn(log, deploy, here, 'stays');
  const error = await toldFailureOf(assertCarriedOn(log, deploy, here, 'goes on'));
  expect(error.code).toBe('E_TARGET_KIND');
});

const circleCi = (job: string) => ({ CIRCLECI: 'true', CIRCLE_BUILD_NUM: '600', CIRCLE_JOB: job });
const gitHub = (workflow: string) => ({
  ...{ GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_REF: 'refs/heads/main' },
  ...{ GITHUB_RUN_ID: '9000088', GITHUB_WORKFLOW: workflow },
});

describe('the list of builds by which a deploy waits for its turn', () => {
  it.each<[string, Given, boolean]>([
    ['CircleCI: the job of that name', { provider: 'circleci', env: circleCi('deploy') }, true],
    ['CircleCI: a job of another name', { provider: 'circleci', env: circleCi('resume') }, false],
    ['a shell, where CircleCI has the list', { provider: 'circleci' }, false],
    [
      'CircleCI has the list, and GitHub asked for it',
      { provider: 'circleci', env: circleCi('deploy'), build: { provider: 'github' } },
      false,
    ],
    [
      'GitHub: the workflow of that name',
      { provider: 'github', env: gitHub('ship'), build: { provider: 'github', workflow: 'ship' } },
      true,
    ],
    [
      'GitHub: another workflow, with a job of that name',
      { provider: 'github', env: gitHub('back'), build: { provider: 'github', workflow: 'ship' } },
      false,
    ],
    ['any job, where the log is the lock', { env: circleCi('resume') }, true],
  ])('%s', async (_, given, isSame) => {
    const build = { provider: 'circleci', job: 'deploy', ...given.build } as const;
    const checked = check({ ...given, build });
    if (isSame) return checked;
    const error = await toldFailureOf(checked);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('E_LOCK_PROVIDER');
    expect(await log.readAll()).toHaveLength(2);
  });
});
