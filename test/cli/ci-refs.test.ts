/** Builds of a tag or of a pull request: whatever it is called, it is no build of the branch, and does not ship. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectCi } from '../../src/cli/ci.ts';
import { type Ended, Stage } from './stage.ts';

describe('the branch', () => {
  const circle = { CIRCLECI: 'true', CIRCLE_BUILD_NUM: '502' };
  const gitHub = { GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88' };
  const travis = { TRAVIS: 'true', TRAVIS_BUILD_NUMBER: '7', TRAVIS_PULL_REQUEST: 'false' };

  it.each<[string, Record<string, string>, string]>([
    ['CircleCI’s branch', { ...circle, CIRCLE_BRANCH: 'master' }, 'master'],
    ['CircleCI’s tag', { ...circle, CIRCLE_TAG: 'v1' }, 'refs/tags/v1'],
    [
      'GitHub’s branch',
      { ...gitHub, GITHUB_REF: 'refs/heads/master', GITHUB_REF_NAME: 'master' },
      'master',
    ],
    [
      'GitHub’s tag that is called as the branch',
      { ...gitHub, GITHUB_REF: 'refs/tags/master', GITHUB_REF_NAME: 'master' },
      'refs/tags/master',
    ],
    [
      'GitHub’s pull request, whatever its event',
      { ...gitHub, GITHUB_REF: 'refs/pull/12/merge', GITHUB_REF_NAME: '12/merge' },
      'refs/pull/12/merge',
    ],
    [
      'a branch with a name like a ref',
      { ...gitHub, GITHUB_REF: 'refs/heads/refs/heads/x', GITHUB_REF_NAME: 'refs/heads/x' },
      'refs/heads/x',
    ],
    [
      'another CI’s tag that is called as the branch',
      { ...travis, TRAVIS_BRANCH: 'master', TRAVIS_TAG: 'master' },
      'refs/tags/master',
    ],
    ['another CI’s branch', { ...travis, TRAVIS_BRANCH: 'master', TRAVIS_TAG: '' }, 'master'],
  ])('of %s', (_, env, branch) => {
    expect(detectCi(env).branch).toBe(branch);
  });
});

describe('pipeline advance', { timeout: 30_000 }, () => {
  let stage: Stage;
  let commit: string;
  beforeEach(async () => {
    stage = await Stage.set();
    commit = stage.commit('The first');
    stage.git('checkout', '--quiet', '--detach');
  });
  afterEach(() => stage.strike());

  function expectRefused({ exit, stderr }: Ended, words: string): void {
    expect(exit, stderr).toBe(2);
    expect(stderr).toContain(`error[E_BRANCH]: ${words}`);
    expect(existsSync(stage.logFile)).toBe(false);
    expect(Object.values(stage.state().apps).flatMap(({ builds }) => builds)).toEqual([]);
  }

  it('of CircleCI’s tag says that the build is of a tag; exit 2', async () => {
    const job = { CIRCLECI: 'true', CIRCLE_BUILD_NUM: '502', CIRCLE_SHA1: commit };
    const ended = await stage.run(['advance'], { ...job, CIRCLE_TAG: 'v1' });
    expectRefused(ended, 'this build is of tag v1; the lane deploys branch master');
    expect(ended.stderr).toContain('builds of master only');
  });

  it('of GitHub’s tag that is called as the branch does so too', async () => {
    const job = { GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_SHA: commit };
    const ref = { GITHUB_REF: 'refs/tags/master', GITHUB_REF_NAME: 'master' };
    const ended = await stage.run(['advance'], { ...job, ...ref, GITHUB_REF_TYPE: 'tag' });
    expectRefused(ended, 'this build is of tag master; the lane deploys branch master');
  });

  it('of a pull request says so', async () => {
    const job = { GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_SHA: commit };
    const ref = { GITHUB_REF: 'refs/pull/12/merge', GITHUB_HEAD_REF: 'master' };
    const ended = await stage.run(['advance'], {
      ...job,
      ...ref,
      GITHUB_EVENT_NAME: 'pull_request',
    });
    expectRefused(ended, 'this build is of a pull request (pull/master); the lane deploys');
  });

  it('where nothing says which branch this is asks for it', async () => {
    const ended = await stage.run(['advance', '--build', '1', '--commit', commit]);
    expectRefused(ended, 'nothing says which branch this build is of; the lane deploys branch');
    expect(ended.stderr).toContain('--branch master');
  });

  it('takes the branch that is checked out where nothing else says one', async () => {
    stage.git('checkout', '--quiet', '-b', 'topic');
    const ended = await stage.run(['advance', '--build', '1', '--commit', commit]);
    expectRefused(ended, 'this build is of branch topic; the lane deploys branch master');
  });
});
