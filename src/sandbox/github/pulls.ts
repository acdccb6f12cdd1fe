/** GitHub's pull requests: which one brought a commit in, and what is said of it (GitHub REST API, Commits and Issue comments). */
import { z } from 'zod';
import type { GitHubBackend } from './backend.ts';
import { actor, nodeId, type Place, repositoryBody, userBody } from './bodies.ts';
import { faultsOf, jsonOf } from './deployments.ts';
import { isoSeconds } from './git.ts';
import { needs } from './permissions.ts';

const sha = z.string().regex(/^[0-9a-f]{40}$/);

export const pullRequestVerb = z.strictObject({
  number: z.int().positive(),
  title: z.string().default('A change'),
  /** Commits of the base branch that it brought, or of its own branch. */
  commits: z.array(sha).min(1),
  /** Of its branch; the last of its commits when left out. */
  head: sha.optional(),
  base: z.string().default('main'),
  /** False: it is open. */
  merged: z.boolean().default(true),
});

type PullRequest = z.output<typeof pullRequestVerb> & { readonly at: number };

interface Comment {
  readonly id: number;
  readonly body: string;
  readonly at: number;
}

export class GitHubPulls {
  readonly #now: () => number;
  readonly #pulls = new Map<number, PullRequest>();
  readonly #comments = new Map<number, Comment[]>();
  #lastComment = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  reset(): void {
    this.#pulls.clear();
    this.#comments.clear();
  }

  make(given: z.input<typeof pullRequestVerb>): void {
    const input = pullRequestVerb.parse(given);
    this.#pulls.set(input.number, { ...input, at: this.#now() });
  }

  get all(): readonly PullRequest[] {
    return [...this.#pulls.values()];
  }

  has(number: number): boolean {
    return this.#pulls.has(number);
  }

  of(commit: string): readonly PullRequest[] {
    return this.all.filter(({ commits, head }) => commits.includes(commit) || head === commit);
  }

  /** Oldest first. */
  comments(number: number): readonly Comment[] {
    return this.#comments.get(number) ?? [];
  }

  comment(number: number, body: string): Comment {
    const made = { id: ++this.#lastComment, body, at: this.#now() };
    this.#comments.set(number, [...this.comments(number), made]);
    return made;
  }
}

export function servePulls(backend: GitHubBackend, pulls: GitHubPulls): void {
  const { hono, answers, place } = backend;
  const may = needs('pull-requests', backend);
  hono.get('/repos/:owner/:repo/commits/:sha/pulls', may, (c) => {
    const commit = c.req.param('sha');
    const here = place(c);
    const path = `/repositories/${here.id}/commits/${commit}/pulls`;
    const { items, headers } = answers.page(c, pulls.of(commit), path);
    const bodies = items.map((one) => pullBody(here, one));
    return answers.answer(c, bodies, 200, headers);
  });
  hono.get('/repos/:owner/:repo/pulls/:number', may, (c) => {
    const number = Number(c.req.param('number'));
    const found = pulls.all.find((one) => one.number === number);
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const here = place(c);
    const comments = pulls.comments(number).length;
    return answers.answer(c, { ...pullBody(here, found), ...wholePull(here, found, comments) });
  });
  const path = '/repos/:owner/:repo/issues/:number/comments';
  hono.get(path, may, (c) => {
    const number = Number(c.req.param('number'));
    if (!pulls.has(number)) return answers.refuse(c, 404, 'Not Found');
    const here = place(c);
    const path = `/repositories/${here.id}/issues/${number}/comments`;
    const { items, headers } = answers.page(c, pulls.comments(number), path);
    const bodies = items.map((one) => commentBody(here, number, one));
    return answers.answer(c, bodies, 200, headers);
  });
  hono.post(path, may, async (c) => {
    const number = Number(c.req.param('number'));
    if (!pulls.has(number)) return answers.refuse(c, 404, 'Not Found');
    const input = z.object({ body: z.string().min(1).max(65_536) }).safeParse(await jsonOf(c));
    if (!input.success) return answers.invalid(c, ...faultsOf('IssueComment', input.error));
    return answers.answer(
      c,
      commentBody(place(c), number, pulls.comment(number, input.data.body)),
      201,
    );
  });
}

/** What a list of pull requests leaves out of each. */
function wholePull({ api }: Place, { merged, commits }: PullRequest, comments: number) {
  return {
    ...{ merged, mergeable: merged ? null : true, mergeable_state: merged ? 'unknown' : 'clean' },
    merged_by: merged ? userBody(actor, api) : null,
    ...{ comments, review_comments: 0, commits: commits.length, maintainer_can_modify: false },
    ...{ additions: 1, deletions: 1, changed_files: 1 },
  };
}

function pullBody(place: Place, one: PullRequest) {
  const { api, html } = place;
  const { number, title, merged, at } = one;
  const url = `${api}/pulls/${number}`;
  const issue = `${api}/issues/${number}`;
  const page = `${html}/pull/${number}`;
  const head = one.head ?? one.commits.at(-1) ?? '';
  const links = {
    comments: `${issue}/comments`,
    commits: `${url}/commits`,
    statuses: `${api}/statuses/${head}`,
    html: page,
    issue,
    review_comments: `${url}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    self: url,
  };
  const user = userBody(actor, api);
  const time = isoSeconds(at);
  const branch = (ref: string, at: string) => ({
    ...{ label: `${place.owner}:${ref}`, ref, sha: at },
    ...{ repo: wholeRepository(place, time), user },
  });
  return {
    ...{ url, id: 1_000 + number, node_id: nodeId('PullRequest', number), html_url: page },
    ...{ diff_url: `${page}.diff`, patch_url: `${page}.patch`, issue_url: issue },
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    ...{ number, state: merged ? 'closed' : 'open', locked: false, title, user, body: null },
    ...{ labels: [], milestone: null, assignee: null, auto_merge: null, draft: false },
    ...{ created_at: time, updated_at: time, closed_at: merged ? time : null },
    merged_at: merged ? time : null,
    merge_commit_sha: merged ? (one.commits[0] ?? null) : null,
    head: branch(`change-${number}`, head),
    base: branch(one.base, one.commits[0] ?? ''),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: 'MEMBER',
  };
}

/** With what only a pull request shows of its repository. */
function wholeRepository(place: Place, time: string) {
  const { html, owner, name } = place;
  return {
    ...repositoryBody(place),
    ...{ clone_url: `${html}.git`, svn_url: html, ssh_url: `git@github.com:${owner}/${name}.git` },
    ...{ git_url: `git://github.com/${owner}/${name}.git`, mirror_url: null, homepage: null },
    ...{ default_branch: 'main', language: null, license: null, archived: false, disabled: false },
    ...{ forks: 0, forks_count: 0, open_issues: 0, open_issues_count: 0, stargazers_count: 0 },
    ...{ watchers: 0, watchers_count: 0, size: 0, has_downloads: false, has_issues: true },
    ...{ has_projects: false, has_wiki: false, has_pages: false },
    ...{ pushed_at: time, created_at: time, updated_at: time },
  };
}

function commentBody({ api, html }: Place, number: number, { id, body, at }: Comment) {
  const time = isoSeconds(at);
  return {
    ...{ url: `${api}/issues/comments/${id}`, id, node_id: nodeId('IssueComment', id), body },
    html_url: `${html}/pull/${number}#issuecomment-${id}`,
    issue_url: `${api}/issues/${number}`,
    user: userBody(actor, api),
    ...{ created_at: time, updated_at: time, author_association: 'MEMBER' },
  };
}
