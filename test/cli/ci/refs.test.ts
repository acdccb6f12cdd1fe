/** Builds of a pull request, a merge queue or a tag: whatever they are called, they are no builds of the branch, and do not ship. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envCi from 'env-ci';
import { describe, expect, it } from 'vitest';
import { detectCi, requireBranch } from '../../../src/cli/ci/ci.ts';
import { agreed, isSet, refOf, unshippable } from '../../../src/cli/ci/refs.ts';
import { UsageError } from '../../../src/errors/error.ts';
import { fc } from '../../fast-check.ts';

type Env = Readonly<Record<string, string>>;

/** Whether the lane's branch would deploy this build. */
function judge(env: Env, flags: { branch?: string } = {}, lane = 'master'): string {
  try {
    return `SHIPS ${requireBranch(detectCi(env, flags), 'master', lane)}`;
  } catch (error) {
    if (error instanceof UsageError && error.code === 'E_BRANCH') return error.message;
    throw error;
  }
}

const circle = { CI: 'true', CIRCLECI: 'true', CIRCLE_BRANCH: 'master' };
const gitHub = {
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REF_TYPE: 'branch',
  GITHUB_REF: 'refs/heads/master',
  GITHUB_REF_NAME: 'master',
};
const queue = `gh-readonly-queue/master/pr-12-${'a'.repeat(40)}`;

/** A build of branch master, as each CI that env-ci knows describes one; null: that CI names no branch. */
const cis: Readonly<Record<string, Env>> = {
  appveyor: { APPVEYOR: 'True', APPVEYOR_REPO_BRANCH: 'master', APPVEYOR_REPO_TAG: 'false' },
  'azure-pipelines': {
    BUILD_BUILDURI: 'vstfs:///1',
    BUILD_SOURCEBRANCH: 'refs/heads/master',
    BUILD_REASON: 'IndividualCI',
  },
  bamboo: { bamboo_agentId: '1', bamboo_planRepository_1_branchName: 'master' },
  bitbucket: { BITBUCKET_BUILD_NUMBER: '1', BITBUCKET_BRANCH: 'master' },
  bitrise: { BITRISE_IO: 'true', BITRISE_GIT_BRANCH: 'master', BITRISE_PULL_REQUEST: 'false' },
  buddy: { BUDDY_WORKSPACE_ID: '1', BUDDY_EXECUTION_BRANCH: 'master' },
  buildkite: {
    BUILDKITE: 'true',
    BUILDKITE_BRANCH: 'master',
    BUILDKITE_PULL_REQUEST: 'false',
    BUILDKITE_TAG: '',
  },
  circleci: circle,
  cirrus: { CIRRUS_CI: 'true', CIRRUS_BRANCH: 'master' },
  'cloudflare-pages': { CF_PAGES: '1', CF_PAGES_BRANCH: 'master' },
  codebuild: { CODEBUILD_BUILD_ID: 'a:1', CODEBUILD_WEBHOOK_TRIGGER: 'branch/master' },
  codefresh: { CF_BUILD_ID: '1', CF_BRANCH: 'master' },
  codeship: { CI_NAME: 'codeship', CI_BRANCH: 'master' },
  drone: { DRONE: 'true', DRONE_BRANCH: 'master', DRONE_BUILD_EVENT: 'push' },
  github: gitHub,
  gitlab: {
    GITLAB_CI: 'true',
    CI_COMMIT_REF_NAME: 'master',
    CI_COMMIT_BRANCH: 'master',
    CI_PIPELINE_SOURCE: 'push',
  },
  jenkins: { JENKINS_URL: 'http://ci.test', GIT_BRANCH: 'origin/master' },
  'jetbrains-space': { JB_SPACE_EXECUTION_NUMBER: '1', JB_SPACE_GIT_BRANCH: 'refs/heads/master' },
  netlify: {
    NETLIFY: 'true',
    HEAD: 'master',
    PULL_REQUEST: 'false',
    REPOSITORY_URL: 'https://github.com/acme/web',
    CONTEXT: 'production',
  },
  puppet: { DISTELLI_APPNAME: 'web', DISTELLI_RELBRANCH: 'master' },
  sail: { SAILCI: 'true', SAIL_COMMIT_BRANCH: 'master' },
  screwdriver: { SCREWDRIVER: 'true', GIT_BRANCH: 'master', SD_PULL_REQUEST: '' },
  scrutinizer: { SCRUTINIZER: 'true', SCRUTINIZER_BRANCH: 'master' },
  semaphore: {
    SEMAPHORE: 'true',
    SEMAPHORE_GIT_BRANCH: 'master',
    SEMAPHORE_GIT_REF_TYPE: 'branch',
  },
  shippable: {
    SHIPPABLE: 'true',
    BRANCH: 'master',
    IS_PULL_REQUEST: 'false',
    PULL_REQUEST: 'false',
  },
  teamcity: { TEAMCITY_VERSION: '1' },
  travis: { TRAVIS: 'true', TRAVIS_BRANCH: 'master', TRAVIS_PULL_REQUEST: 'false', TRAVIS_TAG: '' },
  vela: { VELA: 'true', VELA_BUILD_BRANCH: 'master', VELA_BUILD_EVENT: 'push' },
  vercel: { VERCEL: '1', VERCEL_GIT_COMMIT_REF: 'master' },
  wercker: { WERCKER_MAIN_PIPELINE_STARTED: '1', WERCKER_GIT_BRANCH: 'master' },
  woodpecker: { CI: 'woodpecker', CI_COMMIT_BRANCH: 'master', CI_PIPELINE_EVENT: 'push' },
};
/** What these CIs set says nothing of the branch. */
const namesNone = new Set(['teamcity']);

const services = resolve(import.meta.dirname, '../../../node_modules/env-ci/services');
const known = readdirSync(services)
  .map((file) => file.replace('.js', ''))
  .filter((one) => one !== 'git');

describe('a build of the branch', () => {
  it('is known for each CI that env-ci knows', () => {
    expect(Object.keys(cis).sort()).toEqual(known.sort());
  });

  it.each(Object.entries(cis))('ships on %s', (name, env) => {
    if (namesNone.has(name)) expect(judge(env)).toContain('nothing says which branch');
    else expect(judge(env)).toBe('SHIPS master');
    expect(judge(env, { branch: 'master' })).toBe('SHIPS master');
  });

  it.each(Object.entries(cis))(
    'of %s is no build of another branch, whatever --branch says',
    (name, env) => {
      const other = Object.fromEntries(
        Object.entries(env).map(([key, value]) => [key, value.replace('master', 'topic')]),
      );
      if (namesNone.has(name)) return expect(judge(other)).not.toContain('SHIPS');
      expect(judge(other)).toContain('of branch topic; the lane deploys branch master');
      expect(judge(other, { branch: 'master' })).not.toContain('SHIPS');
      return expect(judge(other, {}, 'topic')).toBe('SHIPS topic');
    },
  );

  it('ships from a branch that a pull request is open from, where CircleCI tells forks apart', () => {
    const url = { CIRCLE_PULL_REQUEST: 'https://github.com/acme/web/pull/12' };
    const oauth = { ...circle, ...url, CIRCLE_REPOSITORY_URL: 'git@github.com:acme/web.git' };
    expect(judge(oauth)).toBe('SHIPS master');
    // The names of CircleCI 1.0, which it still sets beside its own.
    const old = {
      CI_PULL_REQUEST: url.CIRCLE_PULL_REQUEST,
      CI_PULL_REQUESTS: url.CIRCLE_PULL_REQUEST,
    };
    expect(judge({ ...oauth, ...old })).toBe('SHIPS master');
    expect(judge({ ...circle, ...old })).not.toContain('SHIPS');
    expect(judge({ ...gitHub, ...old })).not.toContain('SHIPS');
    expect(judge({ ...oauth, CIRCLE_PR_NUMBER: '12' })).not.toContain('SHIPS');
    expect(judge({ ...circle, ...url })).not.toContain('SHIPS');
  });

  it('of a person is the branch that is checked out, or the one that --branch names', () => {
    expect(judge({})).toBe('SHIPS master');
    expect(judge({}, { branch: 'topic' })).toContain('of branch topic');
  });
});

describe('a build that never ships', () => {
  const unclear = 'it is not clear which branch';
  it.each<[string, Env, string]>([
    ['CircleCI’s tag', { CIRCLECI: 'true', CIRCLE_TAG: 'v1' }, 'tag'],
    [
      'CircleCI’s fork',
      { ...circle, CIRCLE_PR_NUMBER: '12' },
      'a pull request (CIRCLE_PR_NUMBER is 12)',
    ],
    [
      'CircleCI’s fork by its branch',
      { ...circle, CIRCLE_BRANCH: 'pull/12' },
      'a pull request (pull/12)',
    ],
    [
      'CircleCI’s pull request',
      { ...circle, CIRCLE_PULL_REQUESTS: 'https://x/pull/1' },
      'a pull request',
    ],
    ['CircleCI without a branch', { CIRCLECI: 'true' }, unclear],
    [
      'GitHub’s tag that is called as the branch',
      { ...gitHub, GITHUB_REF: 'refs/tags/master' },
      'a tag (master)',
    ],
    [
      'GitHub’s tag without a ref',
      { ...gitHub, GITHUB_REF: '', GITHUB_REF_TYPE: 'tag' },
      'of a tag (GITHUB_REF_TYPE is tag',
    ],
    ['GitHub without a ref', { ...gitHub, GITHUB_REF: '' }, unclear],
    ['GitHub’s ref against its name', { ...gitHub, GITHUB_REF_NAME: 'topic' }, unclear],
    [
      'GitHub’s pull request by its ref',
      { ...gitHub, GITHUB_REF: 'refs/pull/12/merge', GITHUB_REF_NAME: '12/merge' },
      'a pull request (refs/pull/12/merge)',
    ],
    [
      'GitHub’s pull request by its head',
      { ...gitHub, GITHUB_HEAD_REF: 'master' },
      'a pull request',
    ],
    ...['pull_request', 'pull_request_target', 'pull_request_review'].map(
      (event): [string, Env, string] => [
        `GitHub’s ${event}`,
        { ...gitHub, GITHUB_EVENT_NAME: event },
        'a pull request',
      ],
    ),
    [
      'GitHub’s merge queue by its event',
      { ...gitHub, GITHUB_EVENT_NAME: 'merge_group' },
      'a merge queue',
    ],
    [
      'GitHub’s merge queue by its ref',
      { ...gitHub, GITHUB_REF: `refs/heads/${queue}`, GITHUB_REF_NAME: queue },
      'a merge queue',
    ],
    ['a merge queue on CircleCI', { ...circle, CIRCLE_BRANCH: queue }, 'a merge queue'],
    ['GitHub’s release', { ...gitHub, GITHUB_EVENT_NAME: 'release' }, 'tag'],
    [
      'GitLab’s merge train',
      { ...cis.gitlab, CI_MERGE_REQUEST_EVENT_TYPE: 'merge_train' },
      'a merge queue',
    ],
    [
      'GitLab’s merge request',
      { ...cis.gitlab, CI_PIPELINE_SOURCE: 'merge_request_event' },
      'a pull request',
    ],
    [
      'Azure’s tag',
      { ...cis['azure-pipelines'], BUILD_SOURCEBRANCH: 'refs/tags/v1' },
      'a tag (v1)',
    ],
    [
      'CodeBuild’s pull request',
      { ...cis.codebuild, CODEBUILD_WEBHOOK_TRIGGER: 'pr/12' },
      'a pull request',
    ],
    ['Jenkins’ pull request', { ...cis.jenkins, CHANGE_ID: '12' }, 'a pull request'],
    ['a CI that gives no branch', { CI: 'true' }, 'nothing says which branch'],
  ])('is refused: %s', (_, env, words) => {
    expect(judge(env)).toContain(words);
    for (const branch of ['master', 'pull/12', queue]) {
      if (Object.keys(env).length > 1) expect(judge(env, { branch })).not.toContain('SHIPS');
    }
  });

  it.each([
    'pull/12',
    'refs/pull/12/merge',
    '12/merge',
    'refs/tags/v1',
    queue,
    'merge-requests/3/head',
  ])('is refused, also where pipeline.yml and --branch call for %s', (branch) => {
    for (const env of [{ ...circle, CIRCLE_BRANCH: branch }, { CI: 'true' }, {}]) {
      expect(judge(env, { branch }, branch)).not.toContain('SHIPS');
    }
  });

  /** Each variable that env-ci takes for a pull request's or a tag's mark on the CI that it is of. */
  const marks = Object.entries(cis).flatMap(([name, env]) => {
    const source = readFileSync(join(services, `${name}.js`), 'utf8');
    const variables = new Set([...source.matchAll(/\benv\.(\w+)/g)].map(([, one = '']) => one));
    return [...variables].flatMap((variable) =>
      ['12', 'true', 'v1', 'pull_request'].flatMap((value) => {
        const marked = { ...env, [variable]: value };
        const { isPr, tag } = factsOf(marked);
        return isPr === true || (tag !== undefined && tag !== '')
          ? [{ name, variable, value }]
          : [];
      }),
    );
  });

  it('is found by the marks that env-ci knows, on the CI that it is of and on every other', () => {
    expect(new Set(marks.map(({ name }) => name)).size).toBeGreaterThan(18);
    for (const { variable, value } of marks) {
      for (const [name, env] of Object.entries(cis)) {
        const said = judge(
          { ...env, ...(env.CI === undefined ? { CI: 'true' } : {}), [variable]: value },
          { branch: 'master' },
        );
        expect(said, `${variable}=${value} on ${name}`).not.toContain('SHIPS');
      }
    }
  });

  it('is never accepted, whatever else the environment, the lane and --branch say', () => {
    const ci = fc.constantFrom(...Object.values(cis));
    const mark = fc.oneof(
      fc.constantFrom(...marks).map(({ variable, value }) => ({ [variable]: value })),
      fc.constantFrom<Env>(
        { GITHUB_EVENT_NAME: 'merge_group' },
        { GITHUB_EVENT_NAME: 'pull_request_target' },
        { GITHUB_REF: `refs/heads/${queue}` },
        { GITHUB_REF: 'refs/tags/master' },
        { GITHUB_REF: 'refs/pull/12/merge' },
        { GITHUB_REF_TYPE: 'tag' },
        { CIRCLE_TAG: 'master' },
        { CIRCLE_PR_NUMBER: '12' },
        { CIRCLE_BRANCH: 'pull/12' },
        { BUILDKITE_BRANCH: queue },
        { CI_MERGE_REQUEST_IID: '3' },
      ),
    );
    const lanes = fc.constantFrom(
      'master',
      'topic',
      'pull/12',
      queue,
      'refs/tags/master',
      'v1',
      '12',
    );
    fc.assert(
      fc.property(
        ci,
        ci,
        mark,
        lanes,
        fc.option(lanes, { nil: undefined }),
        (one, two, marked, lane, branch) => {
          const env = { CI: 'true', ...one, ...two, ...marked };
          expect(judge(env, branch === undefined ? {} : { branch }, lane)).not.toContain('SHIPS');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('a name', () => {
  const branch = (name: string) => ({ kind: 'branch', name });
  const pull = (shown: string) => ({ kind: 'pull request', shown });
  const unclear = (why: string) => ({ kind: 'unclear', why });

  it.each([
    ['main', branch('main')],
    ['refs/heads/main', branch('main')],
    ['refs/heads/a/b', branch('a/b')],
    // A branch may be called so.
    ['tagged/v1', branch('tagged/v1')],
    ['pull/the-plug', branch('pull/the-plug')],
    ['my/pull/12', branch('my/pull/12')],
    ['fix/12/head', branch('fix/12/head')],
    ['12/headless', branch('12/headless')],
    ['PR-x', branch('PR-x')],
    ['my-PR-12', branch('my-PR-12')],
    ['gh-readonly-queued/main', branch('gh-readonly-queued/main')],
    [queue, { kind: 'merge queue', shown: queue }],
    [`refs/heads/${queue}`, { kind: 'merge queue', shown: queue }],
    [`origin/${queue}`, { kind: 'merge queue', shown: `origin/${queue}` }],
    ['pull/12', pull('pull/12')],
    ['pull/12/head', pull('pull/12/head')],
    ['refs/pull/12/merge', pull('refs/pull/12/merge')],
    ['refs/pull-requests/12/from', pull('refs/pull-requests/12/from')],
    ['merge-requests/3/head', pull('merge-requests/3/head')],
    ['refs/changes/45/12345/6', pull('refs/changes/45/12345/6')],
    ['pr/12', pull('pr/12')],
    ['12/merge', pull('12/merge')],
    ['12/head', pull('12/head')],
    ['PR-12', pull('PR-12')],
    ['refs/tags/v1', { kind: 'tag', shown: 'v1' }],
    ['refs/tag/v1', { kind: 'tag', shown: 'v1' }],
    ['tags/v1', { kind: 'tag', shown: 'v1' }],
    ['tag/a/tag/b', { kind: 'tag', shown: 'a/tag/b' }],
    ['refs/notes/x', unclear('refs/notes/x is no branch')],
    ['refs/heads', unclear('refs/heads is no branch')],
    ['refs/heads/refs/x', branch('refs/x')],
  ])('%s', (name, ref) => {
    expect(refOf(name)).toEqual(ref);
    // Any CI that calls what it builds so.
    expect(agreed({ A: name, B: '', C: undefined, D: null })).toEqual(ref);
  });

  it('of a branch may be given in two ways, and another one is told of', () => {
    expect(agreed({ A: 'refs/heads/main', B: 'main' })).toEqual(branch('main'));
    expect(agreed({ A: '', B: 'main', C: 'false', D: 'topic', E: 'more' })).toEqual(
      unclear('B says main, and D says topic'),
    );
    // Not the same ref, whatever each is called.
    expect(agreed({ A: 'main', B: 'refs/tags/main' }).kind).toBe('unclear');
    expect(agreed({})).toEqual({ kind: 'unnamed' });
  });

  it.each(['', ' ', 'false', 'False', ' FALSE ', '0', '<nil>', undefined])(
    'is not set by %j',
    (value) => expect(isSet(value)).toBe(false),
  );

  it.each(['true', '1', '00', 'nil', 'no'])('is set by %j', (value) => {
    expect(isSet(value)).toBe(true);
  });
});

describe('a mark of what never ships is told with its variable', () => {
  const mark = (env: Env, isCi = true) => unshippable(env, isCi);

  it.each<[string, Env, string, string]>([
    [
      'a merge queue’s before every other',
      { CIRCLE_TAG: 'v1', CHANGE_ID: '1', CI_MERGE_REQUEST_TRAIN_ID: '7' },
      'merge queue',
      'CI_MERGE_REQUEST_TRAIN_ID is 7',
    ],
    [
      'a merge queue’s event before a ref',
      { GITHUB_REF: 'refs/pull/1/merge', GITHUB_EVENT_NAME: 'Merge_Group' },
      'merge queue',
      'GITHUB_EVENT_NAME is Merge_Group',
    ],
    [
      'a ref before a variable',
      { GITHUB_REF: 'refs/pull/1/merge', CIRCLE_TAG: 'v1' },
      'pull request',
      'refs/pull/1/merge',
    ],
    [
      'a pull request’s before a tag’s',
      { CIRCLE_TAG: 'v1', BITBUCKET_PR_ID: '3' },
      'pull request',
      'BITBUCKET_PR_ID is 3',
    ],
    [
      'a pull request’s event',
      { DRONE_BUILD_EVENT: 'pull_request' },
      'pull request',
      'DRONE_BUILD_EVENT is pull_request',
    ],
    [
      'an open pull request’s on CircleCI',
      { CI_PULL_REQUESTS: 'https://x/1', CIRCLE_REPOSITORY_URL: 'false' },
      'pull request',
      'CI_PULL_REQUESTS is https://x/1',
    ],
    ['a tag’s', { TRAVIS_TAG: 'v2' }, 'tag', 'TRAVIS_TAG is v2'],
    ['a tag’s event', { VELA_BUILD_EVENT: 'tag' }, 'tag', 'VELA_BUILD_EVENT is tag'],
    ['a tag’s in a CI', { TAG_NAME: 'v3' }, 'tag', 'TAG_NAME is v3'],
    ['a pull request’s in a CI', { CHANGE_ID: '12' }, 'pull request', 'CHANGE_ID is 12'],
  ])('%s', (_, env, kind, shown) => {
    expect(mark(env)).toEqual({ kind, shown });
  });

  it.each<[string, Env]>([
    ['a pull request’s', { CHANGE_ID: '12' }],
    ['a tag’s', { TAG_NAME: 'v3' }],
    ['a ref', { BRANCH: 'refs/tags/v3' }],
  ])('but %s under a common name only in a CI', (_, env) => {
    expect(mark(env)).not.toBeNull();
    expect(mark(env, false)).toBeNull();
  });

  it.each([
    { GITHUB_EVENT_NAME: 'push' },
    { CONTEXT: 'production' },
    { CI_PIPELINE_SOURCE: 'not_a_pull_request' },
    { BUILD_REASON: 'release-candidate' },
    { CIRCLE_BRANCH: 'main', CIRCLE_TAG: '', CIRCLE_PULL_REQUEST: '<nil>' },
  ] as Env[])('and is not %j', (env) => expect(mark(env)).toBeNull());

  it('also one that env-ci alone takes for it', () => {
    const env = { CF_BUILD_ID: '1', CF_BRANCH: 'master', CF_PULL_REQUEST_NUMBER: '0' };
    expect(mark(env)).toBeNull();
    expect(judge(env)).toContain('this build is of a pull request (0), which never ships');
  });
});

function factsOf(env: Env): ReturnType<typeof envCi> {
  try {
    return envCi({ env, cwd: '\0' });
  } catch {
    return { isCi: true };
  }
}
