/** What the environment of a CI job says of a build, and what flags change about it. */
import { describe, expect, it } from 'vitest';
import { detectCi, requireBranch, requireBuild } from '../../../src/cli/ci/ci.ts';
import { UsageError } from '../../../src/errors/error.ts';

const sha = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';

const circleCi = {
  CI: 'true',
  CIRCLECI: 'true',
  CIRCLE_BUILD_NUM: '502',
  CIRCLE_SHA1: sha,
  CIRCLE_BRANCH: 'main',
  CIRCLE_JOB: 'deploy',
  CIRCLE_WORKFLOW_ID: '00000c6b-89ab-4def-8123-456789abcdef',
  CIRCLE_BUILD_URL: 'https://circleci.com/gh/acme/web/502',
  CIRCLE_USERNAME: 'ana',
  CIRCLE_PROJECT_USERNAME: 'acme',
  CIRCLE_PROJECT_REPONAME: 'web',
  CIRCLE_OIDC_TOKEN: 'circle-oidc-secret',
  CIRCLE_TOKEN: 'circle-api-secret',
  USER: 'circleci',
};

/** What a job of GitHub's app has; a job of GitHub OAuth has a repository's URL as well. */
const appIds = { CIRCLE_ORGANIZATION_ID: 'org-id', CIRCLE_PROJECT_ID: 'project-id' };
const noNames = { CIRCLE_PROJECT_USERNAME: '', CIRCLE_PROJECT_REPONAME: undefined };

const gitHub = {
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_RUN_NUMBER: '88',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_RUN_ID: '30433642',
  GITHUB_SHA: sha,
  GITHUB_REF: 'refs/heads/main',
  GITHUB_REF_NAME: 'main',
  GITHUB_JOB: 'deploy',
  GITHUB_WORKFLOW: 'Deploy',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'acme/web',
  GITHUB_ACTOR: 'ana',
  GITHUB_TOKEN: 'github-secret',
};

const refused = (build: string): unknown => {
  try {
    return requireBuild(detectCi({}, { build }));
  } catch (error) {
    return error instanceof UsageError ? error.code : error;
  }
};

describe('detectCi', () => {
  it('reads a CircleCI job', () => {
    expect(detectCi(circleCi)).toEqual({
      isCi: true,
      build: {
        provider: 'circleci',
        label: '502',
        attempt: 1,
        job: 'deploy',
        workflow: '00000c6b-89ab-4def-8123-456789abcdef',
        url: 'https://circleci.com/gh/acme/web/502',
      },
      commits: [{ by: 'the CI', name: sha }],
      ref: { kind: 'branch', name: 'main' },
      user: 'ana',
      projectSlug: 'gh/acme/web',
      runId: '502',
      workflowFile: null,
    });
  });

  it.each([
    ['gh/acme/web', { CIRCLE_REPOSITORY_URL: 'git@github.com:acme/web.git' }],
    ['bb/acme/web', { CIRCLE_REPOSITORY_URL: 'git@bitbucket.org:acme/web.git' }],
    ['gh/acme/web', { CIRCLE_REPOSITORY_URL: 'git@github.com:acme/web.git', ...appIds }],
    ['gh/acme/web', { CIRCLE_ORGANIZATION_ID: 'org-id' }],
    // Names alone do not make a slug where no repository's URL says on which host they are.
    ['circleci/org-id/project-id', appIds],
    ['circleci/org-id/project-id', { ...noNames, ...appIds }],
    [null, noNames],
    [null, { ...noNames, CIRCLE_PROJECT_ID: 'project-id' }],
  ])('names a CircleCI project %s', (slug, env) => {
    expect(detectCi({ ...circleCi, ...env }).projectSlug).toBe(slug);
  });

  it.each(['true', 'yes', 'True', '1'])('takes CI=%s for a CI', (value) => {
    expect(detectCi({ CI: value }).isCi).toBe(true);
  });

  it('knows the file of a GitHub workflow, which its name is not', () => {
    const ref = 'acme/web/.github/workflows/deploy.yml@refs/heads/main';
    expect(detectCi({ ...gitHub, GITHUB_WORKFLOW_REF: ref }).workflowFile).toBe('deploy.yml');
  });

  it('reads a GitHub Actions job with its attempt, which a re-run raises while the label stays', () => {
    expect(detectCi(gitHub)).toMatchObject({
      isCi: true,
      build: {
        provider: 'github',
        label: '88',
        attempt: 2,
        job: 'deploy',
        url: 'https://github.com/acme/web/actions/runs/30433642',
      },
      commits: [{ by: 'the CI', name: sha }],
      ref: { kind: 'branch', name: 'main' },
      user: 'ana',
      projectSlug: null,
      runId: '30433642',
    });
  });

  it.each([
    ['', 1],
    ['0', 1],
    ['-3', 1],
    ['third', 1],
    ['3', 3],
  ])('takes a GitHub attempt of %j for %d', (GITHUB_RUN_ATTEMPT, attempt) => {
    expect(detectCi({ ...gitHub, GITHUB_RUN_ATTEMPT }).build?.attempt).toBe(attempt);
  });

  it.each(['GITHUB_SERVER_URL', 'GITHUB_REPOSITORY', 'GITHUB_RUN_ID'])(
    'has no address of a GitHub build without %s',
    (name) => expect(detectCi({ ...gitHub, [name]: '' }).build?.url).toBeNull(),
  );

  it('names who began a GitHub run again before who pushed', () => {
    expect(detectCi({ ...gitHub, GITHUB_TRIGGERING_ACTOR: 'bo' }).user).toBe('bo');
    expect(detectCi({ ...gitHub, GITHUB_TRIGGERING_ACTOR: '' }).user).toBe('ana');
  });

  it.each([
    ['CircleCI', { CIRCLECI: 'true' }, 'circleci'],
    ['GitHub Actions', { GITHUB_ACTIONS: 'true' }, 'github'],
  ])('has nothing that a bare job of %s does not say', (_, env, provider) => {
    const { ref, ...facts } = detectCi(env, { build: '7' });
    expect(facts).toEqual({
      ...{ isCi: true, commits: [], user: null, projectSlug: null, runId: null },
      build: { provider, label: '7', attempt: 1, job: null, workflow: null, url: null },
      workflowFile: null,
    });
    expect(ref.kind).toBe('unclear');
  });

  it('has nothing of a CI that env-ci does not know, nor of one that cannot be read', () => {
    // On Netlify env-ci reads an address that is not there.
    for (const env of [{ CI: 'true' }, { CI: 'true', NETLIFY: 'true' }]) {
      expect(detectCi(env)).toEqual({
        ...{ isCi: true, build: null, commits: [], ref: { kind: 'unnamed' }, user: null },
        ...{ projectSlug: null, runId: null, workflowFile: null },
      });
    }
  });

  it('reads another CI that is known', () => {
    const env = {
      CI: 'true',
      BUILDKITE: 'true',
      BUILDKITE_BUILD_NUMBER: '77',
      BUILDKITE_BUILD_URL: 'https://buildkite.com/acme/web/builds/77',
      BUILDKITE_COMMIT: sha,
      BUILDKITE_BRANCH: 'main',
      BUILDKITE_PULL_REQUEST: 'false',
    };
    const url = 'https://buildkite.com/acme/web/builds/77';
    expect(detectCi(env)).toEqual({
      isCi: true,
      build: { provider: 'other', label: '77', attempt: 1, job: null, workflow: null, url },
      commits: [{ by: 'the CI', name: sha }],
      ref: { kind: 'branch', name: 'main' },
      ...{ user: null, projectSlug: null, runId: null, workflowFile: null },
    });
  });

  it('lets flags win over what the CI says, and keeps the rest', () => {
    const flags = { commit: 'abc1234', build: '9.1' };
    const { build, ...facts } = detectCi(circleCi, flags);
    expect(facts).toMatchObject({ user: 'ana', isCi: true });
    expect(facts.commits).toEqual([
      { by: '--commit', name: 'abc1234' },
      { by: 'the CI', name: sha },
    ]);
    expect(build).toMatchObject({ label: '9.1', provider: 'circleci', job: 'deploy' });
  });

  it('calls a person’s build local, and has no CI user for them', () => {
    const facts = detectCi({ USER: 'ana' });
    expect(facts).toMatchObject({
      isCi: false,
      user: null,
      commits: [],
      ref: { kind: 'unnamed' },
    });
    expect(requireBuild(facts)).toMatchObject({ provider: 'other', label: 'local', attempt: 1 });
  });

  it('carries no token of the job', () => {
    const all = JSON.stringify([detectCi(circleCi), detectCi(gitHub)]);
    expect(all).not.toContain('secret');
  });
});

const badLabel =
  'Say --build with letters, digits, dots, dashes and underscores, 60 at most: --build 502';

describe('requireBuild', () => {
  it('shows a label that is none, cut', () => {
    const refusal = (build: string) => () => requireBuild(detectCi({}, { build }));
    expect(refusal('a b')).toThrow('a build cannot be called "a b"');
    expect(refusal('x'.repeat(200))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/"x{20,80}…?"$/), hint: badLabel }),
    );
  });

  it('asks for --build in a CI that does not say which build this is', () => {
    const facts = detectCi({ CI: 'true' });
    expect(facts.isCi).toBe(true);
    expect(() => requireBuild(facts)).toThrow(
      expect.objectContaining({
        code: 'E_BUILD_LABEL',
        message: 'this CI does not say which build this is',
        hint: badLabel,
      }),
    );
    expect(requireBuild(detectCi({ CI: 'true' }, { build: '502' })).label).toBe('502');
  });

  it.each(['', ' ', 'a b', 'a/b', '../x', 'ü', 'x\n', '-', '-x', 'x'.repeat(61)])(
    'refuses the label %j',
    (label) => expect(refused(label)).toBe('E_BUILD_LABEL'),
  );

  it.each(['502', '1.2-rc_3', 'x'.repeat(60)])('takes the label %j', (label) =>
    expect(refused(label)).toMatchObject({ label }),
  );
});

describe('requireBranch', () => {
  const never = (what: string) => ({
    message: `this build is of a ${what}, which never ships; the lane deploys branch main`,
    hint: 'Run pipeline advance in builds of main only.',
  });
  const unclear = 'it is not clear which branch this build is of';

  it.each<[string, Readonly<Record<string, string>>, { branch?: string }, object]>([
    ['a tag', { ...circleCi, CIRCLE_TAG: 'v1' }, {}, never('tag (CIRCLE_TAG is v1)')],
    [
      'a pull request',
      { ...gitHub, GITHUB_HEAD_REF: 'topic' },
      {},
      never('pull request (GITHUB_HEAD_REF is topic)'),
    ],
    [
      'a pull request that env-ci alone sees',
      { CI: 'true', TEAMCITY_VERSION: '1', BITBUCKET_BUILD_NUMBER: '1', BITBUCKET_PR_ID: '4' },
      {},
      never('pull request (BITBUCKET_PR_ID is 4)'),
    ],
    [
      'a merge queue',
      { ...gitHub, GITHUB_EVENT_NAME: 'merge_group' },
      {},
      never('merge queue (GITHUB_EVENT_NAME is merge_group)'),
    ],
    [
      'another branch',
      { ...circleCi, CIRCLE_BRANCH: 'topic' },
      {},
      {
        message: 'this build is of branch topic; the lane deploys branch main',
        hint: 'Run pipeline advance in builds of main only.',
      },
    ],
    [
      'a branch that the flag calls otherwise',
      circleCi,
      { branch: 'topic' },
      {
        message: `${unclear}: the CI says main, and --branch says topic; the lane deploys branch main`,
        hint: 'Run pipeline advance in builds of main only.',
      },
    ],
    [
      'no branch that CircleCI names',
      { CIRCLECI: 'true' },
      { branch: 'main' },
      {
        message: `${unclear}: CIRCLE_BRANCH is not set; the lane deploys branch main`,
        hint: 'Run pipeline advance in builds of main only.',
      },
    ],
    [
      'no branch that GitHub names',
      { GITHUB_ACTIONS: 'true', GITHUB_REF_NAME: 'main' },
      { branch: 'main' },
      {
        message: `${unclear}: GITHUB_REF is not set; the lane deploys branch main`,
        hint: 'Run pipeline advance in builds of main only.',
      },
    ],
    [
      'what nothing names',
      { CI: 'true' },
      {},
      {
        message: 'nothing says which branch this build is of; the lane deploys branch main',
        hint: 'Say --branch main if it is that one.',
      },
    ],
    [
      'what an empty flag names',
      { CI: 'true' },
      { branch: '' },
      {
        message: 'nothing says which branch this build is of; the lane deploys branch main',
        hint: 'Say --branch main if it is that one.',
      },
    ],
  ])('refuses %s', (_, env, flags, told) => {
    const work = () => requireBranch(detectCi(env, flags), 'main', 'main');
    expect(work).toThrow(expect.objectContaining({ code: 'E_BRANCH', ...told }));
  });

  it('takes what is checked out for it at a shell, and never in a CI', () => {
    const of = (env: Readonly<Record<string, string>>, checkedOut: string | null) => () =>
      requireBranch(detectCi(env), checkedOut, 'main');
    expect(of({}, 'main')()).toBe('main');
    expect(of({}, null)).toThrow('nothing says which branch this build is of');
    expect(of({}, 'topic')).toThrow('this build is of branch topic');
    expect(of({}, 'pull/12')).toThrow('this build is of a pull request (pull/12)');
    expect(of({ CI: 'true' }, 'main')).toThrow('nothing says which branch this build is of');
  });
});
