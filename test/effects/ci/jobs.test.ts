/** How a CI's job ended, asked of the stand-ins over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CiJob, createCiJobs } from '../../../src/effects/ci/jobs.ts';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import { AskingSandbox } from '../asking-sandbox.ts';
import { failureOf } from '../lockstep-error.ts';
import { createLoopbackPorts, type LoopbackPorts } from '../loopback-ports.ts';

let sandbox: RunningSandbox;
let ports: LoopbackPorts;
beforeEach(async () => {
  sandbox = await startSandbox();
  ports = createLoopbackPorts({ holdMs: 5_000 });
});
afterEach(async () => {
  await ports.close();
  await sandbox.close();
});

const commit = 'a'.repeat(40);
const onCircleCi: CiJob = { ci: 'circleci', project: 'gh/acme/web', number: '501' };
const onGitHub = (attempt: number): CiJob => ({
  ci: 'github',
  repository: 'acme/web',
  run: '7',
  attempt,
});

function ending(job: CiJob) {
  const {
    CIRCLE_TOKEN,
    CIRCLE_API_URL = '',
    GITHUB_TOKEN,
    GITHUB_API_URL = '',
  } = sandbox.environment;
  const endingOf = createCiJobs({
    circleci: { baseUrl: CIRCLE_API_URL, token: CIRCLE_TOKEN ?? null },
    github: { baseUrl: GITHUB_API_URL, token: GITHUB_TOKEN ?? null },
  });
  return endingOf(job, ports);
}

describe('a job of CircleCI', () => {
  it.each(['running', 'queued', 'not_running'] as const)(
    'that is %s has not ended',
    async (status) => {
      sandbox.control.ciBuild({
        branch: 'main',
        job: 'deploy',
        commit,
        status: 'running',
        number: 501,
      });
      sandbox.control.updateCiBuild({ number: 501, status });
      expect(await ending(onCircleCi)).toBeNull();
    },
  );

  it.each(['success', 'failed', 'canceled', 'timedout', 'infrastructure_fail'] as const)(
    'that is %s has ended',
    async (status) => {
      sandbox.control.ciBuild({ branch: 'main', job: 'deploy', commit, status, number: 501 });
      expect(await ending(onCircleCi)).toBe(`CircleCI says that its job ended (${status})`);
    },
  );

  it('that CircleCI does not know is not said to have ended', async () => {
    await expect(ending(onCircleCi)).rejects.toMatchObject({ code: 'E_VENDOR_NOT_FOUND' });
  });
});

describe('a run of GitHub Actions', () => {
  const run = { id: 7, workflow: 'deploy.yml', branch: 'main', commit };

  it.each(['queued', 'in_progress', 'waiting'] as const)(
    'that is %s has not ended',
    async (status) => {
      sandbox.control.workflowRun({ ...run, status });
      expect(await ending(onGitHub(1))).toBeNull();
    },
  );

  it('has ended as it concluded', async () => {
    sandbox.control.workflowRun({ ...run, status: 'completed', conclusion: 'timed_out' });
    expect(await ending(onGitHub(1))).toBe('GitHub says that its run ended (timed_out)');
  });

  it('is told from the attempt after it', async () => {
    sandbox.control.workflowRun({ ...run, status: 'completed', conclusion: 'failure' });
    sandbox.control.updateWorkflowRun({ id: 7, attempt: 2, status: 'in_progress' });
    expect(await ending(onGitHub(1))).toBe('GitHub says that its run ended (failure)');
    expect(await ending(onGitHub(2))).toBeNull();
  });
});

describe('an answer about another job is not believed', () => {
  const github = (over: object): void => {
    asking.instead.set('/attempts/2', async () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({ id: 7, status: 'completed', conclusion: 'failure', ...over }),
    }));
  };
  const asking = new AskingSandbox();
  const asked = (job: CiJob) =>
    createCiJobs({
      circleci: { baseUrl: asking.env.CIRCLE_API_URL ?? '', token: asking.env.CIRCLE_TOKEN ?? '' },
      github: { baseUrl: asking.env.GITHUB_API_URL ?? '', token: asking.env.GITHUB_TOKEN ?? '' },
    })(job, asking.ports());

  it.each([
    ['of another run', { id: 8, run_attempt: 2 }, 'it is of run 8, attempt 2'],
    ['of another attempt', { run_attempt: 3 }, 'it is of run 7, attempt 3'],
    ['of the first attempt, which it does not name', {}, 'it is of run 7, attempt 1'],
  ])('of GitHub: %s', async (_, over, words) => {
    github(over);
    const error = await failureOf(asked(onGitHub(2)));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
    expect(error.message).toContain(words);
  });

  it('of GitHub, which need not say how a run ended', async () => {
    github({ run_attempt: 2, conclusion: null });
    expect(await asked(onGitHub(2))).toBe('GitHub says that its run ended (completed)');
  });

  it('of CircleCI: of another job', async () => {
    asking.instead.set('/job/501', async () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({ number: 502, status: 'failed' }),
    }));
    const error = await failureOf(asked(onCircleCi));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
    expect(error.message).toContain('it is of job 502');
  });
});

it('asks once, whatever the answer: whoever waits asks again by itself', async () => {
  sandbox.control.fault({ service: 'circleci', kind: 'status', status: 503, times: 9 });
  await expect(ending(onCircleCi)).rejects.toMatchObject({ code: 'E_VENDOR_FAILED' });
  expect(sandbox.requests()).toHaveLength(1);
});

it('asks nothing without a token', async () => {
  const endingOf = createCiJobs({
    circleci: { baseUrl: sandbox.urls.circleci, token: null },
    github: { baseUrl: sandbox.urls.github, token: null },
  });
  expect(await endingOf(onCircleCi, ports)).toBeNull();
  expect(await endingOf(onGitHub(1), ports)).toBeNull();
  expect(sandbox.requests()).toEqual([]);
});
