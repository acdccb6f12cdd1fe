/** Whose turn it is by the lists that the CIs give: late builds and re-runs, over the stand-ins' HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCiBuilds } from '../../../src/cli/ci/builds.ts';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { createGitHub } from '../../../src/effects/history/github.ts';
import { decideCiTurn } from '../../../src/machine/ci-queue.ts';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import { createLoopbackPorts, type LoopbackPorts } from '../../effects/loopback-ports.ts';
import { leastConfig, loadText } from '../config/config-text.ts';

let sandbox: RunningSandbox;
let ports: LoopbackPorts;

beforeEach(async () => {
  sandbox = await startSandbox();
  ports = createLoopbackPorts();
});
afterEach(async () => {
  await ports.close();
  await sandbox.close();
});

const commit = (number: number): string => String(number).padStart(40, 'a');

/** What the build with these variables would do now. */
async function turnOf(provider: 'circleci' | 'github', job: Record<string, string>) {
  const environment = readEnvironment(sandbox.environment);
  const { builds } = createCiBuilds({
    provider,
    config: await loadText(`${leastConfig}repository: https://github.com/acme/web\n`),
    environment,
    ci: detectCi(job),
    github: createGitHub({
      baseUrl: environment.githubApiUrl,
      token: environment.githubToken ?? '',
    }),
    ports: () => ports,
  });
  const seen = await builds(ports.signal, ports.progress);
  if (seen.me === null) return 'not listed';
  const turn = decideCiTurn({ me: seen.me, builds: seen.builds, stacking: 'skip' });
  return turn.kind === 'wait' ? `wait ${turn.behind.label}` : turn.kind;
}

describe('circleci', () => {
  const turn = (number: number) =>
    turnOf('circleci', {
      CIRCLECI: 'true',
      CIRCLE_BUILD_NUM: String(number),
      CIRCLE_JOB: 'deploy',
      CIRCLE_PROJECT_USERNAME: 'acme',
      CIRCLE_PROJECT_REPONAME: 'web',
    });
  const start = (pipeline: number, number: number) =>
    sandbox.control.ciBuild({
      branch: 'master',
      job: 'deploy',
      commit: commit(pipeline),
      status: 'running',
      pipeline,
      number,
    });

  it('a late build waits for the newer one that deploys', async () => {
    start(106, 999);
    sandbox.control.updateCiBuild({ number: 999, status: 'failed' });
    start(107, 1_001);
    sandbox.control.ciBuild({
      branch: 'master',
      job: 'deploy',
      commit: commit(106),
      status: 'running',
      pipeline: 106,
      number: 1_002,
      rerun: true,
    });
    expect(await turn(1_002)).toBe('wait 1001');
    expect(await turn(1_001)).toBe('go');
  });

  it('a build that the list does not have yet is not the next', async () => {
    start(107, 1_001);
    expect(await turn(1_000)).toBe('not listed');
  });
});

describe('github', () => {
  const turn = (run: number, number: number) =>
    turnOf('github', {
      GITHUB_ACTIONS: 'true',
      GITHUB_RUN_ID: String(run),
      GITHUB_RUN_NUMBER: String(number),
      GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/deploy.yml@refs/heads/master',
    });
  const start = (number: number, status: 'in_progress' | 'completed', startedAt: string) =>
    sandbox.control.workflowRun({
      workflow: 'deploy.yml',
      branch: 'master',
      commit: commit(number),
      status,
      number,
      startedAt,
    });

  it('a run that is run again waits for the newer one that deploys', async () => {
    const again = start(86, 'completed', '2026-01-05T09:00:00Z');
    const newer = start(87, 'in_progress', '2026-01-05T10:00:00Z');
    sandbox.control.updateWorkflowRun({ id: again.id, attempt: 2, status: 'in_progress' });
    expect(await turn(again.id, 86)).toBe('wait 87');
    expect(await turn(newer.id, 87)).toBe('go');
  });

  it('the pull request of a fork’s branch of that name deploys nothing, and takes nobody’s place', async () => {
    const fork = (number: number, event: string, startedAt: string) =>
      sandbox.control.workflowRun({
        ...{ workflow: 'deploy.yml', branch: 'master', commit: commit(number) },
        ...{ status: 'in_progress', number, event, startedAt },
      });
    fork(84, 'pull_request_target', '2026-01-05T08:00:00Z');
    start(85, 'in_progress', '2026-01-05T09:00:00Z');
    const mine = start(86, 'in_progress', '2026-01-05T10:00:00Z');
    fork(87, 'pull_request', '2026-01-05T11:00:00Z');
    expect(await turn(mine.id, 86)).toBe('wait 85');
  });

  it('a run that the list does not have yet is not the next', async () => {
    start(87, 'in_progress', '2026-01-05T10:00:00Z');
    expect(await turn(1, 88)).toBe('not listed');
  });
});
