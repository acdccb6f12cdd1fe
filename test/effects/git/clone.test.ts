/** What a clone tells of itself, asked of git. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readClone } from '../../../src/effects/git/clone.ts';
import { commitTree, createRepository, git, gitEnv, TemporaryFolder } from './git-repository.ts';

let temporary: TemporaryFolder;
beforeEach(() => {
  temporary = new TemporaryFolder();
});
afterEach(() => temporary.remove());

it.each(['trunk', 'release/1.2'])('goes by the branch of its remote: %s', async (branch) => {
  const dir = createRepository(temporary.path);
  git(dir, ['update-ref', `refs/remotes/origin/${branch}`, commitTree(dir, 'One')]);
  git(dir, ['symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${branch}`]);
  expect(await readClone(dir, gitEnv)).toEqual({
    ...{ defaultBranch: branch, isShallow: false, hasCommits: false },
  });
});

it('that does not know it has commits of its own all the same', async () => {
  const dir = createRepository(temporary.path);
  git(dir, ['update-ref', 'HEAD', commitTree(dir, 'One')]);
  expect(await readClone(dir, gitEnv)).toEqual({
    ...{ defaultBranch: null, isShallow: false, hasCommits: true },
  });
});
