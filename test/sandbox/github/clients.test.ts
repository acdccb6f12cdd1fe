/** Octokit, over real connections, at GitHub's stand-in. */
import { Octokit } from '@octokit/rest';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGitHub } from '../../../src/sandbox/github/github.ts';
import {
  commitLine,
  createRepository,
  setBranch,
  TemporaryFolder,
} from '../../effects/git/git-repository.ts';
import { type ServedStandIn, serveStandIn, shaA, standInOptions } from '../stand-in-server.ts';

const token = 'ghp-secret';
const of = { owner: 'acme', repo: 'web' };

let folder: TemporaryFolder;
let line: string[];
let github: ReturnType<typeof createGitHub>;
let served: ServedStandIn;
beforeEach(async () => {
  folder = new TemporaryFolder();
  createRepository(folder.path);
  line = commitLine(folder.path, 35);
  setBranch(folder.path, 'main', line.at(-1) ?? '');
  github = createGitHub(standInOptions(token, { repositoryPath: () => folder.path }));
  served = await serveStandIn(github);
});
afterEach(async () => {
  await served.close();
  folder.remove();
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const octokit = (auth = token) => new Octokit({ baseUrl: served.url, auth, log: silent });

it('compares, page by page', async () => {
  const { rest, paginate } = octokit();
  const basehead = `${line[0]}...main`;
  const whole = await rest.repos.compareCommitsWithBasehead({ ...of, basehead });
  expect(whole.data).toMatchObject({ status: 'ahead', ahead_by: 34, total_commits: 34 });
  const seen: string[] = [];
  const pages = paginate.iterator(rest.repos.compareCommitsWithBasehead, {
    ...of,
    basehead,
    per_page: 10,
  });
  for await (const { data } of pages) {
    // The client's types name what is left of a page of runs; of a comparison it leaves all.
    const { commits } = data as unknown as { commits: { sha: string }[] };
    seen.push(...commits.map(({ sha }) => sha));
  }
  expect(seen).toEqual(line.slice(1));
});

it('lists commits over the links of every page', async () => {
  const { rest, paginate } = octokit();
  const all = await paginate(rest.repos.listCommits, { ...of, sha: 'main', per_page: 10 });
  expect(all.map(({ sha }) => sha)).toEqual(line.toReversed());
  const one = await rest.repos.getCommit({ ...of, ref: 'main' });
  expect(one.data.commit.message).toBe('35');
});

it('lists runs of a workflow and the jobs in them', async () => {
  const made = { workflow: 'deploy.yml', branch: 'main', commit: line[0] ?? '' };
  for (let count = 0; count < 12; count++)
    github.control.workflowRun({ ...made, status: 'queued' });
  const { rest, paginate } = octokit();
  const runs = await paginate(rest.actions.listWorkflowRuns, {
    ...of,
    workflow_id: 'deploy.yml',
    branch: 'main',
    status: 'queued',
    per_page: 5,
  });
  expect(runs.map(({ run_number }) => run_number)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(runs[0]?.head_commit?.message).toBe('1');
  const jobs = await rest.actions.listJobsForWorkflowRun({ ...of, run_id: runs[0]?.id ?? 0 });
  expect(jobs.data.jobs).toMatchObject([{ name: 'deploy', status: 'queued' }]);
});

it('sees what was refused', async () => {
  const { repos } = octokit().rest;
  await expect(repos.getCommit({ ...of, ref: shaA })).rejects.toMatchObject({ status: 422 });
  await expect(
    repos.compareCommitsWithBasehead({ ...of, basehead: `${shaA}...main` }),
  ).rejects.toMatchObject({ status: 404 });
  await expect(octokit('wrong').rest.repos.listCommits(of)).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining('Bad credentials'),
  });
});

it('gets 304 for what has not changed', async () => {
  const { request } = octokit();
  const first = await request('GET /repos/{owner}/{repo}/commits/{ref}', { ...of, ref: 'main' });
  const headers = { 'if-none-match': first.headers.etag ?? '' };
  await expect(
    request('GET /repos/{owner}/{repo}/commits/{ref}', { ...of, ref: 'main', headers }),
  ).rejects.toMatchObject({ status: 304 });
});

it('shows deployments, one of which takes the place of another, and refuses what the token may not', async () => {
  const { rest } = octokit();
  const ref = line[0] ?? '';
  const deploy = async (environment: string) => {
    const asked = { ...of, ref, environment, auto_merge: false, required_contexts: [] };
    const { data } = await rest.repos.createDeployment(asked);
    if (!('id' in data)) throw new Error(data.message);
    const status = { ...of, deployment_id: data.id, state: 'success' } as const;
    await rest.repos.createDeploymentStatus(status);
    return data.id;
  };
  const states = async (id: number) =>
    (await rest.repos.listDeploymentStatuses({ ...of, deployment_id: id })).data.map(
      ({ state }) => state,
    );
  const [first, second] = [await deploy('staging'), await deploy('staging')];
  const [third, fourth] = [await deploy('production'), await deploy('production')];
  expect(await states(first)).toEqual(['inactive', 'success']);
  for (const id of [second, third, fourth]) expect(await states(id)).toEqual(['success']);
  const staging = await rest.repos.listDeployments({ ...of, environment: 'staging' });
  expect(staging.data.map(({ id }) => id)).toEqual([second, first]);

  const merged = await rest.repos.createDeployment({ ...of, ref });
  expect(merged.status).toBe(202);
  github.control.gitHubPermissions({ deployments: 'read' });
  await expect(deploy('staging')).rejects.toMatchObject({
    status: 403,
    response: { headers: { 'x-accepted-github-permissions': 'deployments=write' } },
  });
  expect(await states(second)).toEqual(['success']);
});

it('names the pull requests that brought a commit in, and takes comments on them', async () => {
  const { rest } = octokit();
  const commit_sha = line[3] ?? '';
  github.control.pullRequest({ number: 11, commits: [commit_sha], head: shaA });
  const { data } = await rest.repos.listPullRequestsAssociatedWithCommit({ ...of, commit_sha });
  expect(data.map(({ number, head }) => [number, head.sha])).toEqual([[11, shaA]]);
  await rest.issues.createComment({ ...of, issue_number: 11, body: 'Live.' });
  const comments = await rest.issues.listComments({ ...of, issue_number: 11 });
  expect(comments.data.map(({ body }) => body)).toEqual(['Live.']);
  const none = { ...of, issue_number: 12, body: 'Live.' };
  await expect(rest.issues.createComment(none)).rejects.toMatchObject({ status: 404 });
});
