/** The commit of a pull request: what GitHub says that was merged, or in words why there is none. */
import { expect, it } from 'vitest';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { mergeCommitOf } from '../../../src/cli/workspace/pull-request.ts';
import { type Reply, startAnsweringServer } from '../../effects/answering-server.ts';

const commit = 'b'.repeat(40);
const pull = (merged_at: string | null, merge_commit_sha: string | null): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ number: 13, merged_at, merge_commit_sha }),
});
const url = 'https://github.com/acme/web';

/** The commit, or the code and the words of an error; and how often GitHub was asked. */
async function ask(answer: Reply, of: string | null = url, token = 'github-1') {
  const server = await startAnsweringServer(() => answer);
  const environment = readEnvironment({ GITHUB_API_URL: server.url, GITHUB_TOKEN: token });
  const told = await mergeCommitOf(13, of, environment).catch(
    ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
  );
  await server.close();
  return [told, server.asked.map(({ path }) => path).join()];
}

it.each<[string, Reply, string]>([
  ['was merged', pull('2026-01-05T13:00:00Z', commit), commit],
  // Of one that is open GitHub tries a merge, and names the commit of that.
  [
    'is open',
    pull(null, commit),
    'E_PULL_REQUEST nothing was merged by pull request #13 of acme/web',
  ],
  [
    'is not there',
    { status: 404, body: '{}' },
    'E_PULL_REQUEST GitHub has no pull request #13 of acme/web',
  ],
])('of one that %s', async (_, answer, told) => {
  expect(await ask(answer)).toEqual([told, '/repos/acme/web/pulls/13']);
});

it.each<[string, string | null, string, RegExp]>([
  ['the repository is not known', null, 'github-1', /^E_PULL_REQUEST nothing says/],
  [
    'the repository is elsewhere',
    'https://gitlab.test/a/b/c',
    'github-1',
    /^E_PULL_REQUEST nothing says/,
  ],
  ['there is no token', url, '', /^E_MISSING_TOKEN/],
])('GitHub is not asked where %s', async (_, of, token, told) => {
  const answer = pull('2026-01-05T13:00:00Z', commit);
  expect(await ask(answer, of, token)).toEqual([expect.stringMatching(told), '']);
});
