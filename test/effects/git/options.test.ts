/** Names that look like options: whatever a branch or a remote is called, git takes it for a name. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openRepository } from '../../../src/effects/git/repository.ts';
import {
  commitLine,
  commitTree,
  createRepository,
  git,
  gitEnv,
  TemporaryFolder,
} from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

it('a remote that is called --upload-pack=… is fetched from, and runs nothing', async () => {
  const origin = createRepository(temporary.folder('origin'));
  const [sha = ''] = commitLine(origin, 1);
  git(origin, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  const dir = createRepository(temporary.folder('clone'));
  writeFileSync(join(dir, 'intruder'), '#!/bin/sh\ntouch owned\n', { mode: 0o755 });
  const remote = 'remote.--upload-pack=./intruder';
  git(dir, ['config', `${remote}.url`, `file://${origin}`]);
  git(dir, ['config', `${remote}.fetch`, '+refs/heads/*:refs/remotes/o/*']);
  const repository = await openRepository(dir, { env: gitEnv });
  expect((await repository.commit(sha)).sha).toBe(sha);
  expect(await repository.remoteUrl()).toBe(`file://${origin}`);
  expect(existsSync(join(dir, 'owned'))).toBe(false);
});

it('a branch that is called --all is that branch', async () => {
  const dir = createRepository(temporary.folder('branches'));
  const base = commitTree(dir, 'base');
  const head = commitTree(dir, 'head', [base]);
  const other = commitTree(dir, 'other', [base]);
  git(dir, ['update-ref', 'refs/heads/--all', head]);
  git(dir, ['update-ref', 'refs/heads/other', other]);
  const repository = await openRepository(dir, { env: gitEnv });
  expect((await repository.commit('--all')).sha).toBe(head);
  const { total, commits } = await repository.commits({ base: null, head: '--all', limit: 9 });
  expect(total).toBe(2);
  expect(commits.map(({ sha }) => sha)).toEqual([base, head]);
  expect((await repository.archive('--all')).length).toBeGreaterThan(0);
  expect(await repository.relation('--all', head)).toBe('unknown');
});

it.each(['-x', '--upload-pack=touch owned', '--output=owned', '--all', '-'])(
  'a ref %s that is not there is an unknown commit, and nothing else',
  async (name) => {
    const dir = createRepository(temporary.folder(`ref${name.replaceAll(/\W/g, '_')}`));
    commitLine(dir, 1);
    const repository = await openRepository(dir, { env: gitEnv });
    const unknown = { code: 'E_COMMIT_UNKNOWN' };
    await expect(repository.commit(name)).rejects.toMatchObject(unknown);
    await expect(repository.archive(name)).rejects.toMatchObject(unknown);
    const range = { base: name, head: name, limit: 1 };
    await expect(repository.commits(range)).rejects.toMatchObject(unknown);
    expect(existsSync(join(dir, 'owned'))).toBe(false);
  },
);
