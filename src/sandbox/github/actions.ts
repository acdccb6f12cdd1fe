/**
 * GitHub's calls about workflow runs, their attempts and their jobs (GitHub REST API, Workflow runs and
 * Workflow jobs).
 */
import type { Context } from 'hono';
import type { GitHubBackend } from './backend.ts';
import { actor, nodeId, type Place, repositoryBody, userBody } from './bodies.ts';
import { type GitCommit, isoSeconds } from './git.ts';
import { type Attempt, type GitHubRuns, latest, type RunJob, type WorkflowRun } from './runs.ts';

const actions = '/repos/:owner/:repo/actions';

export function serveActions(backend: GitHubBackend, runs: GitHubRuns): void {
  serveLists(backend, runs);
  serveRuns(backend, runs);
  serveJobs(backend, runs);
}

/** The commits of runs, as far as the repository has them. */
async function commitsOf(
  { repository }: GitHubBackend,
  runs: readonly WorkflowRun[],
): Promise<ReadonlyMap<string, GitCommit>> {
  return (await repository()?.known(runs.map(({ commit }) => commit))) ?? new Map();
}

function serveLists(backend: GitHubBackend, runs: GitHubRuns): void {
  const { hono, answers, place } = backend;
  const list = async (c: Context) => {
    const workflow = c.req.param('workflow');
    if (workflow !== undefined && runs.list({ workflow }).length === 0) {
      return answers.refuse(c, 404, 'Not Found');
    }
    const { branch, status, event, head_sha: commit } = c.req.query();
    const all = runs.list({ workflow, branch, status, event, commit });
    const here = place(c);
    const of = workflow === undefined ? '' : `/workflows/${workflow}`;
    const path = `/repositories/${here.id}/actions${of}/runs`;
    const { items, headers } = answers.page(c, all, path);
    const commits = await commitsOf(backend, items);
    const bodies = items.map((run) => runBody(here, run, latest(run), commits));
    const body = { total_count: all.length, workflow_runs: bodies };
    return answers.answer(c, body, 200, headers);
  };
  hono.get(`${actions}/runs`, list);
  hono.get(`${actions}/workflows/:workflow/runs`, list);
}

function serveRuns(backend: GitHubBackend, runs: GitHubRuns): void {
  const { hono, answers, place } = backend;
  const show = async (c: Context, run: WorkflowRun, attempt: Attempt) =>
    answers.answer(c, runBody(place(c), run, attempt, await commitsOf(backend, [run])));
  hono.get(`${actions}/runs/:id`, (c) => {
    const run = runs.get(Number(c.req.param('id')));
    return run === undefined ? answers.refuse(c, 404, 'Not Found') : show(c, run, latest(run));
  });
  hono.get(`${actions}/runs/:id/attempts/:attempt`, (c) => {
    const run = runs.get(Number(c.req.param('id')));
    const number = Number(c.req.param('attempt'));
    const attempt = run?.attempts.find((one) => one.number === number);
    return run === undefined || attempt === undefined
      ? answers.refuse(c, 404, 'Not Found')
      : show(c, run, attempt);
  });
  hono.post(`${actions}/runs/:id/cancel`, (c) => {
    const run = runs.get(Number(c.req.param('id')));
    if (run === undefined) return answers.refuse(c, 404, 'Not Found');
    if (latest(run).status === 'completed') {
      return answers.refuse(c, 409, 'Cannot cancel a workflow run that is completed.');
    }
    runs.update({ id: run.id, status: 'completed', conclusion: 'cancelled' });
    return answers.answer(c, {}, 202);
  });
}

function serveJobs({ hono, answers, place }: GitHubBackend, runs: GitHubRuns): void {
  const list = (c: Context, run: WorkflowRun, attempts: readonly Attempt[]) => {
    const here = place(c);
    const all = attempts.flatMap((attempt) => attempt.jobs.map((job) => ({ attempt, job })));
    const path = new URL(c.req.url).pathname.replace(
      `/repos/${here.owner}/${here.name}/`,
      `/repositories/${here.id}/`,
    );
    const { items, headers } = answers.page(c, all, path);
    const bodies = items.map(({ attempt, job }) => jobBody(here, run, attempt, job));
    return answers.answer(c, { total_count: all.length, jobs: bodies }, 200, headers);
  };
  hono.get(`${actions}/runs/:id/jobs`, (c) => {
    const run = runs.get(Number(c.req.param('id')));
    if (run === undefined) return answers.refuse(c, 404, 'Not Found');
    return list(c, run, c.req.query('filter') === 'all' ? run.attempts : [latest(run)]);
  });
  hono.get(`${actions}/runs/:id/attempts/:attempt/jobs`, (c) => {
    const run = runs.get(Number(c.req.param('id')));
    const number = Number(c.req.param('attempt'));
    const attempts = run?.attempts.filter((one) => one.number === number) ?? [];
    if (run === undefined || attempts.length === 0) return answers.refuse(c, 404, 'Not Found');
    return list(c, run, attempts);
  });
  hono.get(`${actions}/jobs/:id`, (c) => {
    const found = runs.job(Number(c.req.param('id')));
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    return answers.answer(c, jobBody(place(c), found.run, found.attempt, found.job));
  });
}

function runBody(
  place: Place,
  run: WorkflowRun,
  attempt: Attempt,
  commits: ReadonlyMap<string, GitCommit>,
) {
  const commit = commits.get(run.commit) ?? null;
  const { api, html } = place;
  const url = `${api}/actions/runs/${run.id}`;
  const { number, status, conclusion } = attempt;
  const before = number > 1 ? `${url}/attempts/${number - 1}` : null;
  const repository = repositoryBody(place);
  return {
    id: run.id,
    name: run.workflow,
    node_id: nodeId('WorkflowRun', run.id),
    check_suite_id: run.id + 1,
    check_suite_node_id: nodeId('CheckSuite', run.id + 1),
    head_branch: run.branch,
    head_sha: run.commit,
    path: `.github/workflows/${run.workflow}`,
    run_number: run.number,
    run_attempt: number,
    event: run.event,
    display_title: commit?.message.split('\n')[0] ?? run.workflow,
    status,
    conclusion,
    workflow_id: run.workflowId,
    url,
    html_url: `${html}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: isoSeconds(run.createdAt),
    updated_at: isoSeconds(attempt.updatedAt),
    run_started_at: isoSeconds(attempt.startedAt),
    actor: userBody(actor, api),
    triggering_actor: userBody(actor, api),
    referenced_workflows: [],
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.id + 1}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: before,
    workflow_url: `${api}/actions/workflows/${run.workflowId}`,
    head_commit: commit === null ? null : headCommitBody(commit),
    repository,
    head_repository: repository,
  };
}

function headCommitBody({ sha, tree, message, author, committer }: GitCommit) {
  return {
    id: sha,
    tree_id: tree,
    message,
    timestamp: committer.date,
    author: { name: author.name, email: author.email },
    committer: { name: committer.name, email: committer.email },
  };
}

function jobBody({ api, html }: Place, run: WorkflowRun, attempt: Attempt, job: RunJob) {
  const startedAt = isoSeconds(attempt.startedAt);
  const isUnderWay = job.status === 'in_progress' || job.status === 'completed';
  return {
    id: job.id,
    run_id: run.id,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: attempt.number,
    node_id: nodeId('CheckRun', job.id),
    head_sha: run.commit,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${html}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: startedAt,
    started_at: startedAt,
    completed_at: job.status === 'completed' ? isoSeconds(attempt.updatedAt) : null,
    name: job.name,
    steps: [],
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: ['ubuntu-latest'],
    runner_id: isUnderWay ? 1 : null,
    runner_name: isUnderWay ? 'GitHub Actions 1' : null,
    runner_group_id: isUnderWay ? 2 : null,
    runner_group_name: isUnderWay ? 'GitHub Actions' : null,
    workflow_name: run.workflow,
    head_branch: run.branch,
  };
}
