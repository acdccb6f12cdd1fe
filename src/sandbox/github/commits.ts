/**
 * GitHub's calls about commits, answered from a real repository: comparisons, lists, one (GitHub REST API,
 * Commits).
 */
import type { Context } from 'hono';
import type { GitHubBackend } from './backend.ts';
import { commitBody, fileBody, type Place } from './bodies.ts';
import type { GitRepository } from './git.ts';

const compareMax = 250;
const filesMax = 300;

export function serveCommits({ hono, answers, place, repository }: GitHubBackend): void {
  hono.get('/repos/:owner/:repo/compare/:range{.+}', async (c) => {
    const git = repository();
    const [from = '', to = '', ...more] = c.req.param('range').split('...');
    const base = (await git?.resolve(from)) ?? null;
    const head = more.length > 0 ? null : ((await git?.resolve(to)) ?? null);
    if (git === null || base === null || head === null) return answers.refuse(c, 404, 'Not Found');
    const merge = await git.mergeBase(base, head);
    if (merge === null) {
      return answers.refuse(c, 404, `No common ancestor between ${from} and ${to}.`);
    }
    const [ahead, behind] = [await git.between(base, head), await git.between(head, base)];
    const here = place(c);
    const { items, headers } = pageOfComparison(c, ahead, () =>
      answers.page(c, ahead, `/repositories/${here.id}/compare/${from}...${to}`),
    );
    const commits = await git.commits([base, merge, ...items]);
    const [baseBody, mergeBody, ...bodies] = commits.map((one) => commitBody(here, one));
    const body = {
      ...linksOf(here, { from, to, base, head }),
      base_commit: baseBody,
      merge_base_commit: mergeBody,
      status: statusOf(ahead.length, behind.length),
      ahead_by: ahead.length,
      behind_by: behind.length,
      total_commits: ahead.length,
      commits: bodies,
      ...(await filesOf(c, git, here, merge, head)),
    };
    return answers.answer(c, body, 200, headers);
  });

  hono.get('/repos/:owner/:repo/commits', async (c) => {
    const git = repository();
    if (git === null) return answers.refuse(c, 404, 'Not Found');
    const { sha, path, since, until, author } = c.req.query();
    const from = await git.resolve(sha ?? 'HEAD');
    if (from === null && sha === undefined) {
      return answers.refuse(c, 409, 'Git Repository is empty.');
    }
    if (from === null) return answers.refuse(c, 404, 'Not Found');
    const times = [since, until].map((one) => (one === undefined ? undefined : Date.parse(one)));
    if (times.some(Number.isNaN)) return answers.refuse(c, 422, 'Invalid request.');
    const [after, before] = times;
    const all = await git.list({ from, path, author, since: after, until: before });
    const here = place(c);
    const { items, headers } = answers.page(c, all, `/repositories/${here.id}/commits`);
    const bodies = (await git.commits(items)).map((one) => commitBody(here, one));
    return answers.answer(c, bodies, 200, headers);
  });

  hono.get('/repos/:owner/:repo/commits/:ref{.+}', async (c) => {
    const git = repository();
    if (git === null) return answers.refuse(c, 404, 'Not Found');
    const ref = c.req.param('ref');
    const sha = await git.resolve(ref);
    if (sha === null) return answers.refuse(c, 422, `No commit found for SHA: ${ref}`);
    const one = await git.commit(sha);
    const here = place(c);
    const files = (await git.changedBy(one)).map((file) => fileBody(here, sha, file));
    const additions = sum(files.map((file) => file.additions));
    const deletions = sum(files.map((file) => file.deletions));
    const stats = { additions, deletions, total: additions + deletions };
    return answers.answer(c, { ...commitBody(here, one), stats, files: files.slice(0, filesMax) });
  });
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);

/** Unless pages are asked for, the newest 250, so that the last one is the newest of all. */
function pageOfComparison(
  c: Context,
  ahead: readonly string[],
  page: () => { items: readonly string[]; headers: Record<string, string> },
) {
  const isPaged = c.req.query('page') !== undefined || c.req.query('per_page') !== undefined;
  return isPaged ? page() : { items: ahead.slice(-compareMax), headers: {} };
}

/** How head stands to base. */
function statusOf(ahead: number, behind: number): string {
  if (ahead === 0) return behind === 0 ? 'identical' : 'behind';
  return behind === 0 ? 'ahead' : 'diverged';
}

/** What changed since the commit that both have; on the first page only. */
async function filesOf(
  c: Context,
  git: GitRepository,
  here: Place,
  merge: string,
  head: string,
): Promise<{ files?: unknown[] }> {
  if (Number(c.req.query('page') ?? 1) > 1) return {};
  const files = (await git.changedBetween(merge, head)).slice(0, filesMax);
  return { files: files.map((file) => fileBody(here, head, file)) };
}

function linksOf(
  { owner, api, html }: Place,
  { from, to, base, head }: { from: string; to: string; base: string; head: string },
) {
  const permanent = `${owner}:${base.slice(0, 7)}...${owner}:${head.slice(0, 7)}`;
  return {
    url: `${api}/compare/${from}...${to}`,
    html_url: `${html}/compare/${from}...${to}`,
    permalink_url: `${html}/compare/${permanent}`,
    diff_url: `${html}/compare/${from}...${to}.diff`,
    patch_url: `${html}/compare/${from}...${to}.patch`,
  };
}
