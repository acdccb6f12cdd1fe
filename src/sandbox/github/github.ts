/** The part of GitHub's REST API that tells commits apart, lists workflow runs and shows where commits are deployed. */
import { Hono } from 'hono';
import type { z } from 'zod';
import type { StandIn, StandInOptions } from '../stand-in.ts';
import { serveActions } from './actions.ts';
import { GitHubAnswers } from './answers.ts';
import type { GitHubBackend } from './backend.ts';
import { type Place, placeOf } from './bodies.ts';
import { serveCommits } from './commits.ts';
import { GitHubDeployments, serveDeployments } from './deployments.ts';
import { GitRepository } from './git.ts';
import { Permissions, type permissionVerb } from './permissions.ts';
import { GitHubPulls, type pullRequestVerb, servePulls } from './pulls.ts';
import { GitHubRecords, serveRecords } from './records.ts';
import { GitHubRuns, type gitHubVerbs, latest } from './runs.ts';

/** Each throws for an input that is not its own, and for runs that there are not. */
export interface GitHubControl {
  workflowRun(run: z.input<typeof gitHubVerbs.workflowRun>): { id: number; number: number };
  updateWorkflowRun(change: z.input<typeof gitHubVerbs.updateWorkflowRun>): void;
  /** A pull request, and which commits it brought; one of that number is replaced. */
  pullRequest(pull: z.input<typeof pullRequestVerb>): void;
  /** What the token may do from now on: `{ "deployments": "read" }`. */
  gitHubPermissions(permissions: z.input<typeof permissionVerb>): void;
}

/**
 * Every repository that is asked for is the one at `repositoryPath`, whatever its name.
 *
 * @param options.token what has to follow `Bearer` or `token` in `Authorization`
 */
export function createGitHub(
  options: StandInOptions,
): StandIn & { readonly control: GitHubControl; readonly routes: Hono['routes'] } {
  const answers = new GitHubAnswers(options);
  const runs = new GitHubRuns(options.now);
  const deployments = new GitHubDeployments(options.now);
  const pulls = new GitHubPulls(options.now);
  const records = new GitHubRecords(options.now);
  const permissions = new Permissions();
  /** What repositories' numbers stand for, of those that were asked for by name. */
  const names = new Map<string, string>();
  const hono = new Hono();
  guard(hono, answers, options.token);
  const backend: GitHubBackend = {
    hono,
    answers,
    permissions,
    now: options.now,
    place(c): Place {
      const here = placeOf(c.req.url, c.req.param('owner') ?? '', c.req.param('repo') ?? '');
      names.set(String(here.id), `${here.owner}/${here.name}`);
      return here;
    },
    repository() {
      const folder = options.repositoryPath?.();
      return folder === undefined ? null : new GitRepository(folder);
    },
  };
  hono.get('/rate_limit', (c) => {
    answers.refund();
    const { rate } = answers;
    return answers.answer(c, { resources: { core: rate, search: rate }, rate });
  });
  servePulls(backend, pulls);
  serveCommits(backend);
  serveActions(backend, runs);
  serveDeployments(backend, deployments);
  serveRecords(backend, records);

  return {
    fetch: async (request) => hono.fetch(byName(request, names)),
    state: () => ({
      runs: runs.list().map(shown),
      deployments: deployments.all,
      pulls: pulls.all.map((one) => ({ ...one, comments: pulls.comments(one.number) })),
      records: records.all,
    }),
    reset() {
      for (const part of [answers, runs, deployments, pulls, records, permissions]) part.reset();
      names.clear();
    },
    routes: hono.routes,
    control: {
      workflowRun: (run) => runs.make(run),
      updateWorkflowRun: (change) => runs.update(change),
      pullRequest: (pull) => pulls.make(pull),
      gitHubPermissions: (given) => permissions.set(given),
    },
  };
}

const shown = (run: ReturnType<GitHubRuns['list']>[number]) => {
  const { number: attempt, status, conclusion } = latest(run);
  const { id, workflow, number, branch, commit } = run;
  return { id, workflow, number, attempt, branch, commit, status, conclusion };
};

/** Lets in who says who asks, has the token, and is within the limit. */
function guard(hono: Hono, answers: GitHubAnswers, token: string): void {
  hono.use(async (c, next) => {
    if (!answers.charge()) {
      return answers.refuse(c, 403, 'API rate limit exceeded for user ID 1.');
    }
    if (!c.req.header('user-agent')) {
      const why = 'Please make sure your request has a User-Agent header.';
      return answers.refuse(c, 403, `Request forbidden by administrative rules. ${why}`);
    }
    const given = c.req.header('authorization');
    if (given === undefined) return answers.refuse(c, 401, 'Requires authentication');
    if (given.replace(/^(Bearer|token) /i, '') !== token) {
      return answers.refuse(c, 401, 'Bad credentials');
    }
    return next();
  });
  hono.notFound((c) => answers.refuse(c, 404, 'Not Found'));
}

/** GitHub's links to further pages name a repository by its number. */
function byName(request: Request, names: ReadonlyMap<string, string>): Request {
  const url = new URL(request.url);
  const [, id = '', rest = ''] = /^\/repositories\/(\d+)(\/.*)$/.exec(url.pathname) ?? [];
  const name = names.get(id);
  if (name === undefined) return request;
  url.pathname = `/repos/${name}${rest}`;
  return new Request(url, request);
}
