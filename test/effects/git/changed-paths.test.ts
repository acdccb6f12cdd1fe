/** What differs between two commits, by its paths as git has them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openRepository } from '../../../src/effects/git/repository.ts';
import { createRepository, git, gitEnv, TemporaryFolder } from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

it('are told byte for byte, both of a file that was renamed; none where nothing differs; null where git has not both', async () => {
  const dir = createRepository(temporary.folder('changed'));
  const commit = () => {
    git(dir, ['add', '--all']);
    git(dir, ['commit', '--quiet', '--allow-empty', '--message', 'change']);
    return git(dir, ['rev-parse', 'HEAD']);
  };
  writeFileSync(join(dir, 'before.txt'), 'the same text\n');
  writeFileSync(join(dir, 'kept.txt'), 'kept\n');
  const base = commit();
  git(dir, ['mv', 'before.txt', 'after “it”\n.txt']);
  const head = commit();
  const repository = await openRepository(dir, { env: gitEnv });
  expect(await repository.changedPaths(base, head)).toEqual(['after “it”\n.txt', 'before.txt']);
  expect(await repository.changedPaths(base, base)).toEqual([]);
  expect(await repository.changedPaths('1'.repeat(40), head)).toBeNull();
});

it.each([
  ['Ana Lima', 'ana@acme.test', 'Ana Lima <ana@acme.test>'],
  ['Ana Lima', '', 'Ana Lima'],
  ['', 'ana@acme.test', 'ana@acme.test'],
  ['', '', null],
])('who git says that one is, of the name “%s” and the address “%s”', async (name, email, who) => {
  const dir = createRepository(temporary.folder(`who-${name}-${email}`));
  git(dir, ['config', 'user.name', name]);
  git(dir, ['config', 'user.email', email]);
  expect((await openRepository(dir, { env: gitEnv })).identity).toBe(who);
});
