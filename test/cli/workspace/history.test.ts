/** Whom the order of commits is asked of: git, and GitHub too where there is a token and the lane’s repository is there. */
import { expect, it } from 'vitest';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { githubOf, historyOf } from '../../../src/cli/workspace/history.ts';
import type { Repository } from '../../../src/effects/git/repository.ts';
import type { GitHub } from '../../../src/effects/history/github.ts';
import type { Ports } from '../../../src/effects/ports.ts';

const [base, head] = ['a'.repeat(40), 'b'.repeat(40)];

it('GitHub is there only with a token', () => {
  expect(githubOf(readEnvironment({}))).toBeNull();
  expect(githubOf(readEnvironment({ GITHUB_TOKEN: '' }))).toBeNull();
  expect(githubOf(readEnvironment({ GITHUB_TOKEN: 'github-1' }))?.compare).toBeTypeOf('function');
});

it.each([
  ['https://github.com/acme/web', [{ owner: 'acme', name: 'web' }]],
  ['https://gitlab.test/a/b/c', []],
  [undefined, []],
])('of a lane of %s, GitHub is asked what git cannot tell: %j', async (repository, asked) => {
  const names: unknown[] = [];
  const github = {
    compare: async (name: unknown) => {
      names.push(name);
      return null;
    },
  } as unknown as GitHub;
  const git = { relations: async () => ['unknown'] } as unknown as Repository;
  const config = repository === undefined ? {} : { repository };
  const ports = { signal: new AbortController().signal, progress: () => {} } as unknown as Ports;
  for (const one of [github, null]) {
    expect(await historyOf(config, one, git).relation(base, head, ports)).toBe('unknown');
  }
  expect(names).toEqual(asked);
});
