/** The part of GitHub's REST API that tells commits apart and lists workflow runs (VENDORS.md 3), over a real repository. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { type Context, Hono } from 'hono';
import type { StandIn, StandInOptions } from './stand-in.ts';

const run = promisify(execFile);
const docs = 'https://docs.github.com/rest';
const perPageMax = 100;
const compareMax = 250;

/** A workflow run as the control verb gives it. */
export interface WorkflowRun {
  readonly id: number;
  readonly workflow: string;
  readonly number: number;
  readonly attempt?: number;
  readonly branch: string;
  readonly commit: string;
  readonly status: 'queued' | 'in_progress' | 'completed' | 'waiting' | 'pending';
  readonly conclusion?: string | null;
}

export interface GitHubControl {
  workflowRun(run: WorkflowRun): void;
  updateWorkflowRun(change: Partial<WorkflowRun> & { id: number }): void;
}

export function createGitHub(
  options: StandInOptions,
): StandIn & { readonly control: GitHubControl } {
  const { now, token, newId } = options;
  const runs = new Map<number, WorkflowRun & { createdAt: number }>();
  let used = 0;
  const hono = new Hono().basePath('/');

  const headers = () => ({
    'content-type': 'application/json; charset=utf-8',
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': newId(),
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(Math.max(0, 5_000 - used)),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(Math.floor(now() / 1000) + 3_600),
    'x-ratelimit-resource': 'core',
  });
  const answer = (c: Context, body: unknown, status = 200, more: Record<string, string> = {}) => {
    const text = JSON.stringify(body);
    const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
    if (status === 200 && c.req.header('if-none-match') === etag) {
      used -= 1;
      return new Response(null, { status: 304, headers: { ...headers(), etag } });
    }
    return new Response(text, { status, headers: { ...headers(), etag, ...more } });
  };
  const refuse = (c: Context, status: number, message: string) =>
    answer(c, { message, documentation_url: docs, status: String(status) }, status);

  hono.use(async (c, next) => {
    used += 1;
    if (c.req.header('user-agent') === undefined)
      return refuse(
        c,
        403,
        'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.',
      );
    const given = (c.req.header('authorization') ?? '').replace(/^(Bearer|token) /i, '');
    if (given !== token) return refuse(c, 401, 'Bad credentials');
    return next();
  });
  hono.notFound((c) => refuse(c, 404, 'Not Found'));

  const git = async (...args: string[]): Promise<string | null> => {
    const folder = options.repositoryPath?.();
    if (folder === undefined) return null;
    try {
      const { stdout } = await run('git', ['-C', folder, ...args], { maxBuffer: 64 * 1024 * 1024 });
      return stdout.trim();
    } catch {
      return null;
    }
  };
  const shaOf = (ref: string): Promise<string | null> =>
    ref.startsWith('-')
      ? Promise.resolve(null)
      : git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`);

  /** `Link` and the page of a list (VENDORS.md 3.1). */
  const pageOf = <T>(c: Context, all: readonly T[], defaultSize = 30) => {
    const size = Math.min(
      perPageMax,
      Number(c.req.query('per_page') ?? defaultSize) || defaultSize,
    );
    const page = Math.max(1, Number(c.req.query('page') ?? 1) || 1);
    const last = Math.max(1, Math.ceil(all.length / size));
    const url = new URL(c.req.url);
    const link = (to: number, rel: string): string => {
      url.searchParams.set('page', String(to));
      url.searchParams.set('per_page', String(size));
      return `<${url}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, 'prev')] : []),
      ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ];
    const more: Record<string, string> = links.length === 0 ? {} : { link: links.join(', ') };
    return { items: all.slice((page - 1) * size, page * size), more };
  };

  hono.get('/repos/:owner/:repo/compare/:range{.+}', async (c) => {
    const [from, to] = c.req.param('range').split('...');
    const [base, head] = [await shaOf(from ?? ''), await shaOf(to ?? '')];
    const merge = base === null || head === null ? null : await git('merge-base', base, head);
    if (base === null || head === null || merge === null) return refuse(c, 404, 'Not Found');
    const list = async (range: string) =>
      ((await git('rev-list', '--reverse', '--topo-order', range)) ?? '')
        .split('\n')
        .filter(Boolean);
    const [ahead, behind] = [await list(`${base}..${head}`), await list(`${head}..${base}`)];
    const status =
      ahead.length === 0
        ? behind.length === 0
          ? 'identical'
          : 'behind'
        : behind.length === 0
          ? 'ahead'
          : 'diverged';
    const paged = c.req.query('page') !== undefined || c.req.query('per_page') !== undefined;
    const { items, more } = paged
      ? pageOf(c, ahead)
      : { items: ahead.slice(-compareMax), more: {} };
    const repository = `https://github.com/${c.req.param('owner')}/${c.req.param('repo')}`;
    const api = c.req.url.split('?')[0] ?? '';
    return answer(
      c,
      {
        url: api,
        html_url: `${repository}/compare/${from}...${to}`,
        permalink_url: `${repository}/compare/${base}...${head}`,
        diff_url: `${repository}/compare/${base}...${head}.diff`,
        patch_url: `${repository}/compare/${base}...${head}.patch`,
        base_commit: await commitBody(c, base),
        merge_base_commit: await commitBody(c, merge),
        status,
        ahead_by: ahead.length,
        behind_by: behind.length,
        total_commits: ahead.length,
        commits: await Promise.all(items.map((sha) => commitBody(c, sha))),
        files: [],
      },
      200,
      more,
    );
  });

  hono.get('/repos/:owner/:repo/commits/:ref', async (c) => {
    const sha = await shaOf(c.req.param('ref'));
    if (sha === null) return refuse(c, 422, `No commit found for SHA: ${c.req.param('ref')}`);
    return answer(c, await commitBody(c, sha));
  });

  const commitBody = async (c: Context, sha: string) => {
    const format = ['%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');
    const fields = ((await git('show', '--no-patch', `--format=${format}`, sha)) ?? '').split('\0');
    const [
      tree = '',
      parents = '',
      name = '',
      email = '',
      date = '',
      committer = '',
      committerEmail = '',
      committed = '',
      message = '',
    ] = fields;
    const api = `${new URL(c.req.url).origin}/repos/${c.req.param('owner')}/${c.req.param('repo')}`;
    const html = `https://github.com/${c.req.param('owner')}/${c.req.param('repo')}/commit`;
    return {
      url: `${api}/commits/${sha}`,
      sha,
      node_id: Buffer.from(`06:Commit${sha}`).toString('base64'),
      html_url: `${html}/${sha}`,
      comments_url: `${api}/commits/${sha}/comments`,
      commit: {
        url: `${api}/git/commits/${sha}`,
        author: { name, email, date },
        committer: { name: committer, email: committerEmail, date: committed },
        message: message.replace(/\n$/, ''),
        comment_count: 0,
        tree: { sha: tree, url: `${api}/git/trees/${tree}` },
        verification: {
          verified: false,
          reason: 'unsigned',
          payload: null,
          signature: null,
          verified_at: null,
        },
      },
      author: null,
      committer: null,
      parents: parents
        .split(' ')
        .filter(Boolean)
        .map((parent) => ({
          sha: parent,
          url: `${api}/commits/${parent}`,
          html_url: `${html}/${parent}`,
        })),
    };
  };

  const listRuns = (c: Context) => {
    const { branch, status, head_sha: commit } = c.req.query();
    const workflow = c.req.param('workflow');
    const all = [...runs.values()]
      .filter(
        (one) =>
          (workflow === undefined || one.workflow === workflow) &&
          (branch === undefined || one.branch === branch) &&
          (commit === undefined || one.commit === commit) &&
          (status === undefined || one.status === status || one.conclusion === status),
      )
      .sort((a, b) => b.id - a.id);
    const { items, more } = pageOf(c, all);
    return answer(
      c,
      { total_count: all.length, workflow_runs: items.map((one) => runBody(c, one)) },
      200,
      more,
    );
  };
  hono.get('/repos/:owner/:repo/actions/runs', listRuns);
  hono.get('/repos/:owner/:repo/actions/workflows/:workflow/runs', listRuns);
  hono.get('/repos/:owner/:repo/actions/runs/:id', (c) => {
    const found = runs.get(Number(c.req.param('id')));
    return found === undefined ? refuse(c, 404, 'Not Found') : answer(c, runBody(c, found));
  });

  return {
    fetch: async (request) => hono.fetch(request),
    state: () => ({ runs: [...runs.values()] }),
    reset: () => runs.clear(),
    control: {
      workflowRun: (one) => void runs.set(one.id, { ...one, createdAt: now() }),
      updateWorkflowRun(change) {
        const before = runs.get(change.id);
        if (before === undefined) throw new Error(`there is no workflow run ${change.id}`);
        runs.set(change.id, { ...before, ...change });
      },
    },
  };
}

function runBody(c: Context, one: WorkflowRun & { createdAt: number }) {
  const path = `${c.req.param('owner')}/${c.req.param('repo')}/actions/runs/${one.id}`;
  const at = `${new Date(one.createdAt).toISOString().slice(0, 19)}Z`;
  const url = `${new URL(c.req.url).origin}/repos/${path}`;
  return {
    id: one.id,
    name: one.workflow,
    head_branch: one.branch,
    head_sha: one.commit,
    path: `.github/workflows/${one.workflow}`,
    run_number: one.number,
    run_attempt: one.attempt ?? 1,
    event: 'push',
    display_title: one.workflow,
    status: one.status,
    conclusion: one.conclusion ?? null,
    workflow_id: 159_038,
    url,
    html_url: `https://github.com/${path}`,
    created_at: at,
    updated_at: at,
    run_started_at: at,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
  };
}
