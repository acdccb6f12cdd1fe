/** GitHub's stand-in: it tells of a real repository what git itself tells of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub } from '../../../src/sandbox/github/github.ts';
import {
  commitLine,
  commitTree,
  createRepository,
  git,
  setBranch,
  TemporaryFolder,
  writeFile,
} from '../../effects/git/git-repository.ts';
import { Asker, shaA, shaB, standInOptions, testClock } from '../stand-in-server.ts';

const token = 'ghp-secret';
const root = '/repos/acme/web';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = new TemporaryFolder();
  createRepository(folder.path);
});
afterEach(() => folder.remove());

function start() {
  const clock = testClock();
  const repositoryPath = () => folder.path;
  const github = createGitHub(standInOptions(token, { clock, repositoryPath }));
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'tests' };
  return { clock, github, ask: new Asker(github, headers) };
}

/** `main` with so many commits, oldest first. */
function mainLine(count: number): string[] {
  const line = commitLine(folder.path, count);
  setBranch(folder.path, 'main', line.at(-1) ?? '');
  return line;
}

const shas = (commits: readonly { readonly sha: string }[]): string[] =>
  commits.map((one) => one.sha);

describe('compare', () => {
  it('tells how head stands to base: ahead, behind, diverged, identical', async () => {
    const { ask } = start();
    const [first = '', second = '', third = ''] = mainLine(3);
    const aside = commitTree(folder.path, 'aside\n', [second]);
    const relation = async (base: string, head: string) => {
      const { body } = await ask.get(`${root}/compare/${base}...${head}`);
      return [
        body.status,
        body.ahead_by,
        body.behind_by,
        body.total_commits,
        body.merge_base_commit.sha,
      ];
    };
    expect(await relation(first, third)).toEqual(['ahead', 2, 0, 2, first]);
    expect(await relation(third, first)).toEqual(['behind', 0, 2, 0, first]);
    expect(await relation(third, aside)).toEqual(['diverged', 1, 1, 1, second]);
    expect(await relation(third, third)).toEqual(['identical', 0, 0, 0, third]);
  });

  it('lists the commits oldest first, with what they say and who made them', async () => {
    const { ask } = start();
    const [first = '', ...others] = mainLine(3);
    const { body } = await ask.get(`${root}/compare/${first}...main`);
    expect(shas(body.commits)).toEqual(others);
    expect(body.commits[0]).toMatchObject({
      commit: {
        message: '2',
        author: { name: 'Ada', email: 'ada@example.com', date: '2026-01-05T09:00:00Z' },
        committer: { date: '2026-01-05T10:00:00Z' },
      },
      parents: [{ sha: first }],
    });
  });

  it('gives the newest 250 without pages, and all of them page by page', async () => {
    const { ask } = start();
    const line = mainLine(253);
    const path = `${root}/compare/${line[0]}...main`;
    const whole = (await ask.get(path)).body;
    expect([whole.total_commits, whole.commits.length]).toEqual([252, 250]);
    expect(whole.commits.at(-1).sha).toBe(line.at(-1));
    const seen: string[] = [];
    for (let page = 1; page <= 3; page++) {
      const { body } = await ask.get(`${path}?per_page=100&page=${page}`);
      seen.push(...shas(body.commits));
      expect('files' in body).toBe(page === 1);
    }
    expect(seen).toEqual(line.slice(1));
  });

  it('finds branches with slashes in their names', async () => {
    const { ask } = start();
    const [first = ''] = mainLine(2);
    setBranch(folder.path, 'feature/x', first);
    const { body } = await ask.get(`${root}/compare/feature%2Fx...main`);
    expect(body).toMatchObject({ status: 'ahead', base_commit: { sha: first } });
  });

  it('lists the files that changed since both had the same', async () => {
    const { ask } = start();
    const commit = (message: string): string => {
      git(folder.path, ['add', '--all']);
      git(folder.path, ['commit', '--quiet', '--message', message]);
      return git(folder.path, ['rev-parse', 'HEAD']);
    };
    writeFile(folder.path, 'kept.txt', 'one\ntwo\nthree\n');
    writeFile(folder.path, 'old name.txt', 'a\nb\nc\nd\ne\n');
    writeFile(folder.path, 'gone.txt', 'gone\n');
    const base = commit('base');
    writeFile(folder.path, 'kept.txt', 'one\n2\nthree\nfour\n');
    writeFile(folder.path, 'new.bin', '\0\0\0');
    git(folder.path, ['mv', 'old name.txt', 'näw.txt']);
    git(folder.path, ['rm', '--quiet', 'gone.txt']);
    const head = commit('head');
    const { body } = await ask.get(`${root}/compare/${base}...${head}`);
    const files = [
      { filename: 'gone.txt', status: 'removed', additions: 0, deletions: 1 },
      { filename: 'kept.txt', status: 'modified', additions: 2, deletions: 1, changes: 3 },
      { filename: 'new.bin', status: 'added', additions: 0, deletions: 0 },
      { filename: 'näw.txt', status: 'renamed', previous_filename: 'old name.txt', changes: 0 },
    ];
    expect(body.files).toMatchObject(files);
    const one = (await ask.get(`${root}/commits/${head}`)).body;
    expect(one.files).toMatchObject(files);
    expect(one.stats).toEqual({ additions: 2, deletions: 2, total: 4 });
    const rootCommit = (await ask.get(`${root}/commits/${base}`)).body;
    expect(rootCommit.files).toHaveLength(3);
  });

  it.each([
    `${shaA}...main`,
    'main...nowhere',
    'main',
    'main..main',
    'main...main~1',
    '--all...main',
    'main...--output=x',
    'main...@{-1}',
  ])('says 404 of %s', async (range) => {
    const { ask } = start();
    mainLine(2);
    const answer = await ask.get(`${root}/compare/${range}`);
    expect([answer.status, answer.body.message]).toEqual([404, 'Not Found']);
  });

  it('says 404 of commits that share no history', async () => {
    const { ask } = start();
    mainLine(1);
    setBranch(folder.path, 'other', commitTree(folder.path, 'other\n'));
    const { status, body } = await ask.get(`${root}/compare/main...other`);
    expect([status, body.message]).toEqual([404, 'No common ancestor between main and other.']);
  });

  it('reads no repository that GIT_DIR leads to', async () => {
    const { ask } = start();
    mainLine(1);
    const before = process.env.GIT_DIR;
    process.env.GIT_DIR = '/nonexistent';
    try {
      expect((await ask.get(`${root}/compare/main...main`)).status).toBe(200);
    } finally {
      if (before === undefined) delete process.env.GIT_DIR;
      else process.env.GIT_DIR = before;
    }
  });
});

describe('commits', () => {
  it('lists them newest first, in pages with links to the others', async () => {
    const { ask } = start();
    const line = mainLine(5).reverse();
    const page = await ask.get(`${root}/commits?per_page=2&page=2`);
    expect(shas(page.body)).toEqual(line.slice(2, 4));
    const links = Object.fromEntries(
      (page.headers.get('link') ?? '').split(', ').map((one) => {
        const [, url = '', rel = ''] = /^<([^>]+)>; rel="(\w+)"$/.exec(one) ?? [];
        return [rel, url];
      }),
    );
    expect(Object.keys(links)).toEqual(['prev', 'next', 'last', 'first']);
    expect(links.next).toMatch(/^http:\/\/stand-in\.test\/repositories\/\d+\/commits\?.*page=3/);
    const { pathname, search } = new URL(links.next ?? '');
    const next = await ask.get(pathname + search);
    expect(shas(next.body)).toEqual(line.slice(4));
    expect(next.body[0].url).toContain('/repos/acme/web/commits/');
  });

  it('keeps to a branch, a path, a time', async () => {
    const { ask } = start();
    const [first = '', second = ''] = mainLine(2);
    setBranch(folder.path, 'old', first);
    expect(shas((await ask.get(`${root}/commits?sha=old`)).body)).toEqual([first]);
    expect((await ask.get(`${root}/commits?path=nothing.txt`)).body).toEqual([]);
    expect((await ask.get(`${root}/commits?since=2026-01-06T00:00:00Z`)).body).toEqual([]);
    expect(shas((await ask.get(`${root}/commits?until=2026-01-06T00:00:00Z`)).body)).toEqual([
      second,
      first,
    ]);
    expect((await ask.get(`${root}/commits?since=yesterday`)).status).toBe(422);
    expect((await ask.get(`${root}/commits?sha=nowhere`)).status).toBe(404);
  });

  it('says 409 of a repository without any', async () => {
    const { status, body } = await start().ask.get(`${root}/commits`);
    expect([status, body.message]).toEqual([409, 'Git Repository is empty.']);
  });

  it('says 422 of one that is not there', async () => {
    const { ask } = start();
    mainLine(1);
    const { status, body } = await ask.get(`${root}/commits/${shaA}`);
    expect(status).toBe(422);
    expect(body).toEqual({
      message: `No commit found for SHA: ${shaA}`,
      documentation_url: 'https://docs.github.com/rest',
      status: '422',
    });
  });

  it('gives a message whole, whatever is in it', async () => {
    const { ask } = start();
    const message = 'Title\n\nbody\twith "quotes", 🚀 and\n\ntwo paragraphs';
    setBranch(folder.path, 'main', commitTree(folder.path, `${message}\n`));
    expect((await ask.get(`${root}/commits/main`)).body.commit.message).toBe(message);
  });
});

describe('what every answer has', () => {
  it.each([
    [{ authorization: '' }, 401, 'Requires authentication'],
    [{ authorization: 'Bearer another' }, 401, 'Bad credentials'],
    [{ 'user-agent': '' }, 403, 'Request forbidden by administrative rules'],
  ])('refuses %j', async (headers, status, message) => {
    const answer = await start().ask.get(`${root}/commits`, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
    expect(answer.body.status).toBe(String(status));
    expect(answer.text).not.toContain(token);
  });

  it('a request costs one of the limit, and an unchanged answer none', async () => {
    const { ask, clock } = start();
    mainLine(1);
    const first = await ask.get(`${root}/commits/main`);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('x-ratelimit-remaining')).toBe('4999');
    expect(first.headers.get('x-ratelimit-reset')).toBe(String(clock.now() / 1000 + 3_600));
    const again = await ask.get(`${root}/commits/main`, { 'if-none-match': etag });
    expect([again.status, again.text]).toEqual([304, '']);
    expect(again.headers.get('x-ratelimit-remaining')).toBe('4999');
    setBranch(folder.path, 'main', commitTree(folder.path, 'new\n'));
    const changed = await ask.get(`${root}/commits/main`, { 'if-none-match': etag });
    expect([changed.status, changed.headers.get('x-ratelimit-used')]).toEqual([200, '2']);
    const { rate } = (await ask.get('/rate_limit')).body;
    expect(rate).toMatchObject({ limit: 5_000, used: 2, remaining: 4_998 });
  });

  it('refuses with 403 when the limit is used up, until it is reset', async () => {
    const { ask, clock } = start();
    for (let used = 0; used < 5_000; used++) await ask.get('/nowhere');
    const refused = await ask.get('/nowhere');
    expect([refused.status, refused.headers.get('x-ratelimit-remaining')]).toEqual([403, '0']);
    expect(refused.body.message).toContain('API rate limit exceeded');
    clock.pass(3_600_000);
    expect((await ask.get('/nowhere')).status).toBe(404);
  });

  it('says 404 where there is no repository behind it', async () => {
    const github = createGitHub(standInOptions(token));
    const ask = new Asker(github, { authorization: `token ${token}`, 'user-agent': 'tests' });
    for (const path of ['compare/main...main', 'commits', 'commits/main']) {
      expect((await ask.get(`${root}/${path}`)).status).toBe(404);
    }
  });
});

it('forgets runs and the limit at a reset', async () => {
  const { ask, github } = start();
  github.control.workflowRun({ workflow: 'a.yml', branch: 'main', commit: shaB, status: 'queued' });
  expect(github.state()).toMatchObject({ runs: [{ status: 'queued' }] });
  github.reset();
  expect(github.state()).toEqual({ runs: [], deployments: [], pulls: [], records: [] });
  const { headers } = await ask.get(`${root}/commits/main`);
  expect(headers.get('x-ratelimit-remaining')).toBe('4999');
});
