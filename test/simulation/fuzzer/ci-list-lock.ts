/** The lock by the CI's own list, as `pipeline advance` would have it in a job of that CI. */

import { createCiBuilds } from '../../../src/cli/ci/builds.ts';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import type { Config } from '../../../src/cli/config/config.ts';
import type { Environment } from '../../../src/cli/config/environment.ts';
import type { Clock } from '../../../src/effects/clock.ts';
import { createGitHub } from '../../../src/effects/history/github.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { createCiLock } from '../../../src/runtime/lock/ci-lock.ts';
import type { LaneLock } from '../../../src/runtime/lock/store-lock.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import type { Stage } from './stage.ts';

export type CiProvider = 'circleci' | 'github';

/** The numbers of our own build in either CI. */
const ours = { job: 502, run: 30_433_700 };
/** What a job is told by its CI; a run's label is its number. */
export interface CiNumbers {
  /** CircleCI's of the job. */
  readonly job: number;
  /** GitHub's id of the run. */
  readonly run: number;
}

const jobs: Readonly<Record<CiProvider, (numbers: CiNumbers) => Record<string, string>>> = {
  circleci: ({ job }) => ({
    CI: 'true',
    CIRCLECI: 'true',
    CIRCLE_BUILD_NUM: String(job),
    CIRCLE_BRANCH: 'master',
    CIRCLE_JOB: 'deploy',
    CIRCLE_PROJECT_USERNAME: 'acme',
    CIRCLE_PROJECT_REPONAME: 'web',
    CIRCLE_BUILD_URL: `https://circleci.com/gh/acme/web/${job}`,
  }),
  github: ({ run }) => ({
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_RUN_ID: String(run),
    GITHUB_RUN_NUMBER: '88',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/heads/master',
    GITHUB_REF_NAME: 'master',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'acme/web',
    GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/deploy.yml@refs/heads/master',
  }),
};

/** A build before ours that is over, ours, and one of another branch. */
export function listBuilds({ sandbox: { control }, commits }: Stage): void {
  const workflow = 'deploy.yml';
  const master = { workflow, branch: 'master' };
  const done = { id: ours.run - 1, commit: commits.running, status: 'completed' } as const;
  control.workflowRun({ ...master, ...done });
  control.workflowRun({ ...master, id: ours.run, commit: commits.ours, status: 'in_progress' });
  const other = { workflow, branch: 'other', commit: commits.other };
  control.workflowRun({ ...other, status: 'in_progress' });
  const job = { job: 'deploy', branch: 'master' };
  control.ciBuild({ ...job, number: ours.job - 1, commit: commits.running, status: 'success' });
  control.ciBuild({ ...job, number: ours.job, commit: commits.ours, status: 'running' });
  control.ciBuild({ job: 'deploy', branch: 'other', commit: commits.other, status: 'running' });
}

export interface CiListOptions {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly numbers?: CiNumbers;
}

/** @param numbers of the job that asks */
export function ciListLock(
  provider: CiProvider,
  { sandbox, clock, numbers = ours }: CiListOptions,
  ports: (signal: AbortSignal) => Ports,
): LaneLock {
  const { environment: env } = sandbox;
  const list = createCiBuilds({
    provider,
    config: { branch: 'master', repository: 'https://github.com/acme/web' } as Config,
    environment: {
      circleToken: env.CIRCLE_TOKEN,
      circleApiUrl: env.CIRCLE_API_URL,
      githubToken: env.GITHUB_TOKEN,
    } as unknown as Environment,
    ci: detectCi(jobs[provider](numbers)),
    github: createGitHub({ baseUrl: env.GITHUB_API_URL ?? '', token: env.GITHUB_TOKEN ?? '' }),
    ports: (signal) => ports(signal),
  });
  return createCiLock({ ...list, provider, clock });
}
