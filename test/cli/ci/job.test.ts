/** The job that a process is in, as its CI's API names it: by this a dead holder's end is asked about. */
import { expect, it } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { ciJobOf } from '../../../src/cli/ci/job.ts';

const circleCi = {
  ...{ CIRCLECI: 'true', CIRCLE_BUILD_NUM: '502', CIRCLE_JOB: 'deploy' },
  ...{ CIRCLE_PROJECT_USERNAME: 'acme', CIRCLE_PROJECT_REPONAME: 'web' },
};
const gitHub = {
  ...{ GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_RUN_ID: '7001' },
  ...{ GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'acme/web' },
};

it.each<[string, Record<string, string>, object | null]>([
  ['CircleCI', circleCi, { ci: 'circleci', project: 'gh/acme/web', number: '502' }],
  [
    'GitHub, at its first attempt',
    gitHub,
    { ci: 'github', repository: 'acme/web', run: '7001', attempt: 1 },
  ],
  [
    'GitHub, run again',
    { ...gitHub, GITHUB_RUN_ATTEMPT: '3' },
    { ci: 'github', repository: 'acme/web', run: '7001', attempt: 3 },
  ],
  ['CircleCI without a number', { ...circleCi, CIRCLE_BUILD_NUM: '' }, null],
  ['GitHub without its address', { ...gitHub, GITHUB_SERVER_URL: '' }, null],
  ['another CI', { CI: 'true' }, null],
  ['a shell', {}, null],
])('%s', (_, env, job) => {
  expect(ciJobOf(detectCi(env))).toEqual(job);
});
