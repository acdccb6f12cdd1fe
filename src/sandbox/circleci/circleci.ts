/** The part of CircleCI's API v2 that tells which builds run, by pipelines. */
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { StandIn, StandInOptions } from '../stand-in.ts';
import { jobBody, jobDetailsBody, pipelineBody, workflowBody } from './bodies.ts';
import {
  type Build,
  CircleCiBuilds,
  type circleCiVerbs,
  type Job,
  type MadeBuild,
  shortSlug,
} from './builds.ts';

/** Each throws for an input that is not its own, and for builds that there are not. */
export interface CircleCiControl {
  /** A job of a pipeline; a pipeline, a workflow and a number of its own unless they are said. */
  ciBuild(build: z.input<typeof circleCiVerbs.ciBuild>): MadeBuild;
  updateCiBuild(change: z.input<typeof circleCiVerbs.updateCiBuild>): void;
  cancelCiBuild(build: z.input<typeof circleCiVerbs.cancelCiBuild>): void;
}

/** Whose token it is. */
const me = {
  avatar_url: null,
  id: '00000099-89ab-4def-8123-456789abcdef',
  login: 'deploy',
  name: 'Deploy',
};

const pageSize = 20;

interface Backend {
  readonly hono: Hono;
  readonly builds: CircleCiBuilds;
}

/** @param options.token what `Circle-Token`, a bearer or Basic's user name has to be */
export function createCircleCi(
  options: StandInOptions,
): StandIn & { readonly control: CircleCiControl; readonly routes: Hono['routes'] } {
  const builds = new CircleCiBuilds(options);
  const hono = new Hono();
  hono.use(async (c, next) =>
    tokenOf(c) === options.token ? next() : c.json({ message: 'You must log in first.' }, 401),
  );
  hono.notFound((c) => refuse(c, 'Not found'));
  hono.get('/api/v2/me', (c) => c.json(me));
  const backend = { hono, builds };
  servePipelines(backend);
  serveWorkflows(backend);
  serveJobs(backend);
  return {
    fetch: async (request) => hono.fetch(request),
    state: () => ({ builds: builds.of().map(shown) }),
    reset: () => builds.reset(),
    routes: hono.routes,
    control: {
      ciBuild: (build) => builds.make(build),
      updateCiBuild: (change) => builds.update(change),
      cancelCiBuild: (build) => builds.cancel(build),
    },
  };
}

const shown = ({ pipeline, workflow, job }: Build) => ({
  project: pipeline.project,
  pipeline: pipeline.number,
  workflow: workflow.name,
  job: job.name,
  number: job.number,
  branch: pipeline.branch,
  commit: pipeline.commit,
  status: job.status,
});

function tokenOf(c: Context): string {
  const [scheme = '', given = ''] = (c.req.header('authorization') ?? '').split(' ');
  if (scheme === 'Basic') return Buffer.from(given, 'base64').toString().split(':')[0] ?? '';
  return c.req.header('circle-token') ?? (scheme === 'Bearer' ? given : '');
}

const refuse = (c: Context, message: string, status: 400 | 404 = 404) =>
  c.json({ message }, status);

/** Of the URL's project; null where there is none of that name. */
function projectOf(c: Context, builds: CircleCiBuilds): string | null {
  const { vcs, org, repo } = c.req.param();
  const slug = shortSlug(`${vcs}/${org}/${repo}`);
  return builds.projects.has(slug) ? slug : null;
}

/** A page ends with the id of its last item: what comes in above it later shifts nothing. */
function page<T extends { readonly id: string }>(c: Context, all: readonly T[]) {
  const after = c.req.query('page-token');
  const last = after === undefined ? '' : Buffer.from(after, 'base64url').toString();
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === last) + 1;
  // The vendor's words for it are not known.
  if (after !== undefined && from === 0) return refuse(c, 'Invalid page token', 400);
  const items = all.slice(from, from + pageSize);
  const end = from + pageSize < all.length ? items.at(-1)?.id : undefined;
  const next = end === undefined ? null : Buffer.from(end).toString('base64url');
  return c.json({ items, next_page_token: next });
}

function servePipelines({ hono, builds }: Backend): void {
  hono.get('/api/v2/project/:vcs/:org/:repo/pipeline', (c) => {
    const project = projectOf(c, builds);
    if (project === null) return refuse(c, 'Project not found');
    const branch = c.req.query('branch');
    const found = builds
      .pipelines(project)
      .filter((one) => branch === undefined || one.branch === branch);
    return page(c, found.map(pipelineBody));
  });
  hono.get('/api/v2/pipeline/:id/workflow', (c) => {
    const found = builds.pipelines().find(({ id }) => id === c.req.param('id'));
    if (found === undefined) return refuse(c, 'Pipeline not found');
    return page(
      c,
      found.workflows.map((one) => workflowBody(found, one)),
    );
  });
}

function serveWorkflows({ hono, builds }: Backend): void {
  hono.get('/api/v2/workflow/:id/job', (c) => {
    const found = builds.workflow(c.req.param('id'));
    if (found === undefined) return refuse(c, 'Workflow not found');
    return page(
      c,
      found.workflow.jobs.map((job) => jobBody(found.pipeline, job)),
    );
  });
}

/** From when it is queued: nothing that waits for people or for other jobs. */
const isNumbered = ({ approval, status }: Job): boolean =>
  !approval && status !== 'on_hold' && status !== 'blocked';

/** The job that the URL's number names, where it has one to show. */
function numbered(c: Context, builds: CircleCiBuilds): Build | null {
  const project = projectOf(c, builds);
  const found = project === null ? undefined : builds.find(project, Number(c.req.param('number')));
  return found !== undefined && isNumbered(found.job) ? found : null;
}

function serveJobs({ hono, builds }: Backend): void {
  hono.get('/api/v2/project/:vcs/:org/:repo/job/:number', (c) => {
    const found = numbered(c, builds);
    return found === null ? refuse(c, 'Job not found') : c.json(jobDetailsBody(found));
  });
}
