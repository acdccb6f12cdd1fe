/** Whose turn it is by the lists that the CIs give: late builds and re-runs, over the stand-ins' HTTP; and who may go by such a list. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertLockProvider, assertSameList, createCiBuilds } from '../../../src/cli/ci/builds.ts';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { createGitHub, type GitHub } from '../../../src/effects/history/github.ts';
import { decideCiTurn } from '../../../src/machine/ci-queue.ts';
import type { Build } from '../../../src/machine/events.ts';
import { Gate, redactAll, within } from '../../../src/redaction/gate.ts';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
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

describe('what a CI’s list is read with', () => {
  const circleJob = {
    ...{ CIRCLECI: 'true', CIRCLE_BUILD_NUM: '7', CIRCLE_JOB: 'deploy' },
    ...{ CIRCLE_PROJECT_USERNAME: 'acme', CIRCLE_PROJECT_REPONAME: 'web' },
  };
  const gitHubJob = {
    ...{ GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '1', GITHUB_RUN_NUMBER: '7' },
    GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/deploy.yml@refs/heads/master',
  };
  const tokens = { CIRCLE_TOKEN: 'circle-1', GITHUB_TOKEN: 'github-1' };
  const lane = 'repository: https://github.com/acme/web\n';

  const given = async (
    provider: 'store' | 'circleci' | 'github',
    env: Readonly<Record<string, string>>,
    more = lane,
  ) => ({
    config: await loadText(`${leastConfig}${more}lock: { provider: ${provider} }\n`),
    environment: readEnvironment(env),
    ci: detectCi(env),
  });

  it.each([
    ['store', {}, ''],
    ['circleci', { ...circleJob, ...tokens }, ''],
    ['github', { ...gitHubJob, ...tokens }, lane],
  ] as const)('is all there for %s', async (provider, env, more) => {
    expect(assertLockProvider(await given(provider, env, more))).toBeUndefined();
  });

  const needs = {
    circleci: 'lock.provider circleci needs a CircleCI job with CIRCLE_TOKEN set',
    github:
      'lock.provider github needs a GitHub Actions job, GITHUB_TOKEN and `repository` in pipeline.yml',
  };
  it.each([
    ['circleci', 'a token', { ...circleJob, CIRCLE_TOKEN: '' }, lane],
    ['circleci', 'a project', { ...circleJob, CIRCLE_PROJECT_USERNAME: '' }, lane],
    ['circleci', 'a job', { ...circleJob, CIRCLE_JOB: '' }, lane],
    ['circleci', 'a number', { ...circleJob, CIRCLE_BUILD_NUM: '' }, lane],
    ['circleci', 'a CI', {}, lane],
    ['github', 'a token', { ...gitHubJob, GITHUB_TOKEN: '' }, lane],
    ['github', 'a workflow', { ...gitHubJob, GITHUB_WORKFLOW_REF: '' }, lane],
    ['github', 'a run', { ...gitHubJob, GITHUB_RUN_ID: '' }, lane],
    ['github', 'a repository', gitHubJob, ''],
    ['github', 'one that GitHub could have', gitHubJob, 'repository: https://gitlab.test/a/b/c\n'],
    ['github', 'a CI', {}, lane],
  ] as const)('is not there for %s without %s', async (provider, _, env, more) => {
    const told = { code: 'E_LOCK_PROVIDER', message: needs[provider] };
    const all = { ...(await given(provider, { ...tokens, ...env }, more)), github: null };
    for (const work of [
      () => assertLockProvider(all),
      () => createCiBuilds({ ...all, provider, ports: () => ports }),
    ]) {
      const { code, message, hint } = await failureOf(Promise.resolve().then(work));
      expect({ code, message }).toEqual(told);
      expect(hint).toBe('Set what is missing, or use lock.provider: store.');
    }
  });

  it('of GitHub is also its client', async () => {
    const all = { ...(await given('github', { ...gitHubJob, ...tokens })), github: null };
    expect(() => createCiBuilds({ ...all, provider: 'github', ports: () => ports })).toThrow(
      needs.github,
    );
  });

  it.each([
    ['in_progress', 'running'],
    ['completed', 'over'],
    ['waiting', 'held'],
    ['queued', 'pending'],
    ['pending', 'pending'],
    ['requested', 'pending'],
    // Whatever GitHub comes to say: nobody goes before one that may deploy.
    ['a word of tomorrow', 'running'],
  ])('says of a run that is %s: %s', async (status, state) => {
    const run = { id: 1, number: 7, commit: commit(7), status, startedAt: null };
    const github = { runs: async () => [run] } as unknown as GitHub;
    const all = { ...(await given('github', { ...gitHubJob, ...tokens })), github };
    const list = createCiBuilds({ ...all, provider: 'github', ports: () => ports });
    const me = { order: 7, id: '1', startedAt: Infinity, label: '7', commit: commit(7), state };
    expect(await list.builds(ports.signal, ports.progress)).toEqual({ me, builds: [me] });
  });

  it('is a project’s', async () => {
    const { githubApiUrl: baseUrl } = readEnvironment({});
    const github = createGitHub({ baseUrl, token: 'github-1' });
    const projectBy = async (provider: 'circleci' | 'github', job: Record<string, string>) => {
      const all = { ...(await given(provider, { ...job, ...tokens })), github };
      return createCiBuilds({ ...all, provider, ports: () => ports }).project;
    };
    expect(await projectBy('circleci', circleJob)).toBe('gh/acme/web');
    expect(await projectBy('github', gitHubJob)).toBe('acme/web');
  });
});

describe('a deploy that is carried on', () => {
  const build = (more: Partial<Build>): Build => ({
    ...{ provider: 'circleci', label: '7', attempt: 1, job: null, workflow: null, url: null },
    ...more,
  });
  const refused = (provider: 'store' | 'circleci' | 'github', of: Build, here: Build | null) =>
    failureOf(
      loadText(`${leastConfig}lock: { provider: ${provider} }\n`).then((config) =>
        assertSameList(of, '7-1a5f89db', { config, ci: { ...detectCi({}), build: here } }),
      ),
    );

  it.each([
    ['store', build({ job: 'deploy' }), build({ provider: 'other' })],
    ['store', build({}), null],
    ['circleci', build({ job: 'deploy' }), build({ job: 'deploy', label: '8' })],
    [
      'github',
      build({ provider: 'github', workflow: 'Deploy' }),
      build({ provider: 'github', workflow: 'Deploy', job: 'another' }),
    ],
  ] as const)('by %s is so in the same list', async (provider, of, here) => {
    await expect(refused(provider, of, here)).rejects.toThrow('it did not fail');
  });

  it('by a job whose name the log has masked is so in the same list', () => {
    const gate = new Gate();
    gate.hide('deploy-by-ana-0123');
    const here = build({ job: 'deploy-by-ana-0123' });
    return within(gate, async () => {
      await expect(refused('circleci', redactAll(here), here)).rejects.toThrow('it did not fail');
    });
  });

  const elsewhere = 'its list of builds is another one, and does not show who deploys';
  it.each([
    [
      ...(['circleci', build({ job: 'deploy' }), build({ job: 'night' })] as const),
      `7-1a5f89db was asked for in job deploy, and this is job night: ${elsewhere}`,
      'Run it in job deploy, let the next build carry the commit, or use lock.provider: store.',
    ],
    [
      ...(['circleci', build({ job: 'deploy' }), null] as const),
      `7-1a5f89db was asked for in job deploy, and this is job without a name: ${elsewhere}`,
      'Run it in job deploy, let the next build carry the commit, or use lock.provider: store.',
    ],
    [
      ...(['circleci', build({ provider: 'other' }), build({ job: 'deploy' })] as const),
      `7-1a5f89db was asked for in job without a name, and this is job deploy: ${elsewhere}`,
      'Run it in job of the deploys, let the next build carry the commit, or use lock.provider: store.',
    ],
    [
      'github',
      build({ provider: 'circleci', job: 'x', workflow: 'Deploy' }),
      build({ provider: 'github', job: 'x', workflow: 'Deploy' }),
      `7-1a5f89db was asked for in workflow Deploy, and this is workflow Deploy: ${elsewhere}`,
      'Run it in workflow Deploy, let the next build carry the commit, or use lock.provider: store.',
    ],
  ] as const)('by %s elsewhere is refused', async (provider, of, here, message, hint) => {
    const error = await refused(provider, of, here);
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({
      ...{ code: 'E_LOCK_PROVIDER', message, hint },
    });
  });
});
