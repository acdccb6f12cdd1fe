/** A build that is no build of the lane's branch: what the command says of it, and that it writes nothing. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, Stage } from './stage.ts';

describe('pipeline advance', { timeout: 30_000 }, () => {
  let stage: Stage;
  let commit: string;
  beforeEach(async () => {
    stage = await Stage.set({ within: true });
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
    expectRefused(
      ended,
      'this build is of a tag (CIRCLE_TAG is v1), which never ships; the lane deploys branch master',
    );
    expect(ended.stderr).toContain('builds of master only');
  });

  it('of GitHub’s tag that is called as the branch does so too', async () => {
    const job = { GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_SHA: commit };
    const ref = { GITHUB_REF: 'refs/tags/master', GITHUB_REF_NAME: 'master' };
    const ended = await stage.run(['advance'], { ...job, ...ref, GITHUB_REF_TYPE: 'tag' });
    expectRefused(
      ended,
      'this build is of a tag (master), which never ships; the lane deploys branch master',
    );
  });

  it('of a pull request says so', async () => {
    const job = { GITHUB_ACTIONS: 'true', GITHUB_RUN_NUMBER: '88', GITHUB_SHA: commit };
    const ref = { GITHUB_REF: 'refs/pull/12/merge', GITHUB_HEAD_REF: 'master' };
    const env = { ...job, ...ref, GITHUB_EVENT_NAME: 'pull_request' };
    const ended = await stage.start(['advance'], env).ended;
    expectRefused(
      ended,
      'this build is of a pull request (refs/pull/12/merge), which never ships; the lane deploys',
    );
  });

  it('where nothing says which branch this is asks for it', async () => {
    const ended = await stage.run(['advance', '--build', '1', '--commit', commit]);
    expectRefused(ended, 'nothing says which branch this build is of; the lane deploys branch');
    expect(ended.stderr).toContain('--branch master');
  });

  it('takes the branch that is checked out where a person runs it', async () => {
    stage.git('checkout', '--quiet', '-b', 'topic');
    const args = ['advance', '--build', '1', '--commit', commit];
    const ended = await stage.run(args, { CI: undefined });
    expectRefused(ended, 'this build is of branch topic; the lane deploys branch master');
  });
});
