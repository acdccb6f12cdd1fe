/** GitHub's REST API as it is asked here: comparisons, workflow runs, and what a refusal means. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub, parseRepository } from '../../../src/effects/history/github.ts';
import { type AnsweringServer, type Reply, startAnsweringServer } from '../answering-server.ts';
import { toldBy, toldFailureOf } from '../lockstep-error.ts';
import { createLoopbackPorts, type LoopbackPorts } from '../loopback-ports.ts';

const base = 'a'.repeat(40);
const head = 'b'.repeat(40);
const of = { owner: 'acme', name: 'web' };
const token = 'ghp-secret-0123456789';

let server: AnsweringServer;
let ports: LoopbackPorts;
let reply: Reply;

beforeEach(async () => {
  server = await startAnsweringServer(() => reply);
  ports = createLoopbackPorts();
});
afterEach(async () => {
  await ports.close();
  await server.close();
});

const github = () => createGitHub({ baseUrl: server.url, token });
const json = (body: unknown, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const person = { name: 'Ada', email: 'ada@example.com', date: '2026-01-05T10:00:00Z' };
const middle = 'c'.repeat(40);
const older = 'd'.repeat(40);
const counts = {
  identical: [0, 0, base],
  ahead: [2, 0, base],
  behind: [0, 3, head],
  diverged: [2, 3, older],
} as const;

/** What GitHub says of a head that stands so to its base, and nothing that contradicts it. */
function comparison(status: keyof typeof counts) {
  const [ahead, behind, merge] = counts[status];
  const commits = [
    { sha: middle, commit: { message: 'One\n\nWhy', author: person, committer: person } },
    { sha: head, commit: { message: 'Two', author: null, committer: null } },
  ];
  return {
    status,
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    base_commit: { sha: base },
    merge_base_commit: { sha: merge },
    commits: ahead === 0 ? [] : commits,
  };
}

describe('compare', () => {
  it.each([
    ['identical', 'same', base],
    ['ahead', 'ahead', head],
    ['behind', 'behind', head],
    ['diverged', 'diverged', head],
  ] as const)('calls %s %s', async (status, relation, to) => {
    reply = json(comparison(status));
    expect((await github().compare(of, base, to, ports))?.relation).toBe(relation);
  });

  it.each(
    (['identical', 'ahead', 'behind', 'diverged'] as const).flatMap((status) => [
      [status, 'base', base.slice(0, 7), status === 'identical' ? base : head] as const,
      [status, 'head', base, (status === 'identical' ? base : head).slice(0, 7)] as const,
    ]),
  )('believes %s of a %s that is named by its first digits', async (status, _, from, to) => {
    reply = json(comparison(status));
    const relation = status === 'identical' ? 'same' : status;
    expect((await github().compare(of, from, to, ports))?.relation).toBe(relation);
  });

  const statuses = ['identical', 'ahead', 'behind', 'diverged'] as const;
  const lies = statuses.flatMap((status) => [
    ...statuses
      .filter((other) => other !== status)
      .map((other) => [status, `status ${other}`, { status: other }] as const),
    [status, 'one more ahead', { ahead_by: comparison(status).ahead_by + 1 }] as const,
    [
      status,
      'another number behind',
      { behind_by: comparison(status).behind_by === 0 ? 1 : 0 },
    ] as const,
    [status, 'another base', { base_commit: { sha: older } }] as const,
    [
      status,
      'one commit more in all',
      { total_commits: comparison(status).total_commits + 1 },
    ] as const,
    [status, 'another common commit', { merge_base_commit: { sha: middle } }] as const,
    [status, 'a cut list', { commits: comparison(status).commits.slice(1) }] as const,
    [status, 'another order', { commits: comparison(status).commits.toReversed() }] as const,
  ]);
  const unlike = lies.filter(([status, what, lie]) => {
    const told = JSON.stringify({ ...comparison(status), ...lie });
    // A diverged head may have any other commit in common, and an empty list is the same either way.
    const isTrue = status === 'diverged' && what === 'another common commit';
    return !isTrue && told !== JSON.stringify(comparison(status));
  });

  it.each(unlike)('%s with %s contradicts itself', async (status, _, lie) => {
    reply = json({ ...comparison(status), ...lie });
    const to = status === 'identical' ? base : head;
    const error = await toldFailureOf(github().compare(of, base, to, ports));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
  });

  it('asks for base...head as GitHub wants it, and gives the commits oldest first', async () => {
    reply = json(comparison('ahead'));
    const seen = await github().compare(of, base, head, ports);
    expect(seen?.total).toBe(2);
    expect(seen?.commits).toEqual([
      {
        sha: middle,
        title: 'One',
        body: 'Why',
        author: 'Ada',
        email: person.email,
        date: person.date,
      },
      { sha: head, title: 'Two', body: '', author: 'unknown', email: '', date: '' },
    ]);
    const [asked] = server.asked;
    expect(asked?.path).toBe(`/repos/acme/web/compare/${base}...${head}`);
    expect(asked?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
      'user-agent': expect.stringMatching(/./),
    });
  });

  it('gives null for commits that GitHub does not know', async () => {
    reply = json({ message: 'Not Found', status: '404' }, 404);
    expect(await github().compare(of, base, head, ports)).toBeNull();
  });

  it('fails on a refused token without telling it', async () => {
    reply = json({ message: `Bad credentials ${token}`, status: '401' }, 401);
    const error = await toldFailureOf(github().compare(of, base, head, ports));
    expect(error.code).toBe('E_VENDOR_AUTH');
    expect(toldBy(error)).not.toContain(token);
  });

  it('fails on an answer of another shape', async () => {
    reply = json({ ...comparison('ahead'), status: 'sideways' });
    const error = await toldFailureOf(github().compare(of, base, head, ports));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('the merge commit of a pull request', () => {
  const pull = {
    number: 12,
    merged_at: '2026-01-05T10:00:00Z',
    merge_commit_sha: head,
    title: 'x',
  };
  it.each([
    ['of one that was merged', json(pull), { kind: 'merged', commit: head }],
    ['of one that is open', json({ ...pull, merged_at: null }), { kind: 'open' }],
    ['of one that there is not', json({ message: 'Not Found' }, 404), { kind: 'none' }],
  ] as const)('%s', async (_, answer, told) => {
    reply = answer;
    expect(await github().mergeCommit(of, 12, ports)).toEqual(told);
    expect(server.asked.at(-1)?.path).toBe('/repos/acme/web/pulls/12');
  });

  it.each([
    ['another number', { ...pull, number: 13 }],
    ['an id that is none', { ...pull, merge_commit_sha: 'master' }],
  ])('is refused with %s', async (_, body) => {
    reply = json(body);
    expect(await toldFailureOf(github().mergeCommit(of, 12, ports))).toMatchObject({
      code: 'E_VENDOR_MALFORMED',
    });
  });
});

describe('runs', () => {
  it('lists the runs of one workflow on one branch', async () => {
    const url = 'https://github.com/acme/web/actions/runs/7';
    reply = json({
      total_count: 1,
      workflow_runs: [
        {
          id: 7,
          run_number: 88,
          event: 'push',
          run_attempt: 2,
          run_started_at: '2026-01-05T10:00:00Z',
          status: 'in_progress',
          conclusion: null,
          head_sha: head,
          head_branch: 'feature/x',
          html_url: url,
        },
      ],
    });
    expect(await github().runs(of, 'deploy.yml', 'feature/x', ports)).toEqual([
      {
        id: 7,
        number: 88,
        attempt: 2,
        startedAt: Date.parse('2026-01-05T10:00:00Z'),
        status: 'in_progress',
        conclusion: null,
        commit: head,
        url,
      },
    ]);
    expect(server.asked[0]?.path).toBe(
      '/repos/acme/web/actions/workflows/deploy.yml/runs?branch=feature%2Fx&per_page=100',
    );
  });
});

describe('a list of runs that is not the one asked for', () => {
  const run = {
    id: 7,
    run_number: 88,
    event: 'push',
    status: 'in_progress',
    conclusion: null,
    head_sha: head,
    head_branch: 'main',
    html_url: 'https://github.com/acme/web/actions/runs/7',
  };
  it.each([
    ['of another branch', 1, [{ ...run, head_branch: 'feature' }]],
    ['of no branch', 1, [{ ...run, head_branch: null }]],
    ['shorter than it says', 2, [run]],
    ['empty though it says that it is not', 1, []],
    ['all under way, with more behind it that may be too', 101, Array(100).fill(run)],
  ])('%s is refused', async (_, total_count, workflow_runs) => {
    reply = json({ total_count, workflow_runs });
    const error = await toldFailureOf(github().runs(of, 'deploy.yml', 'main', ports));
    expect(error.code).toMatch(/^E_VENDOR_(MALFORMED|TOO_LARGE)$/);
  });

  it.each(['pull_request', 'pull_request_target', 'merge_group'])(
    'a run by %s is none that may deploy',
    async (event) => {
      reply = json({ total_count: 2, workflow_runs: [{ ...run, event, id: 8 }, run] });
      const runs = await github().runs(of, 'deploy.yml', 'main', ports);
      expect(runs.map(({ id }) => id)).toEqual([7]);
    },
  );

  it('a page of a hundred on which one is over is enough: nobody before that one is waited for', async () => {
    const workflow_runs = [...Array(99).fill(run), { ...run, status: 'completed' }];
    reply = json({ total_count: 101, workflow_runs });
    expect(await github().runs(of, 'deploy.yml', 'main', ports)).toHaveLength(100);
  });
});

describe('parseRepository', () => {
  it.each([
    'https://github.com/acme/web',
    'https://github.com/acme/web.git',
    'https://github.com/acme/web/',
    'https://github.acme.example/acme/web',
    'git@github.com:acme/web.git',
    'ssh://git@github.com/acme/web.git',
  ])('reads %s', (url) => expect(parseRepository(url)).toEqual(of));

  it.each(['', 'acme/web', 'https://github.com/acme', 'https://github.com/acme/web/tree/main'])(
    'finds no repository in %j',
    (url) => expect(parseRepository(url)).toBeNull(),
  );
});
