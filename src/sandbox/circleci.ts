/** The part of CircleCI's API that tells which builds run (VENDORS.md 2): v2 by pipelines, and the v1.1 list. */
import { type Context, Hono } from 'hono';
import type { StandIn, StandInOptions } from './stand-in.ts';

type JobStatus =
  | 'success'
  | 'running'
  | 'not_run'
  | 'failed'
  | 'queued'
  | 'not_running'
  | 'on_hold'
  | 'blocked'
  | 'canceled';

/** A build as the control verb gives it: one pipeline with one workflow and this one job. */
export interface CiBuild {
  readonly number: number;
  readonly job: string;
  readonly workflow?: string;
  readonly branch: string;
  readonly commit: string;
  readonly status: JobStatus;
}

interface KnownBuild extends CiBuild {
  readonly pipelineId: string;
  readonly workflowId: string;
  readonly jobId: string;
  readonly createdAt: number;
  stoppedAt: number | null;
}

export interface CircleCiControl {
  ciBuild(build: CiBuild): void;
  updateCiBuild(change: { number: number; status: JobStatus }): void;
  cancelCiBuild(build: { number: number }): void;
}

const pageSize = 20;
const live: readonly JobStatus[] = ['running', 'queued', 'not_running', 'on_hold', 'blocked'];
const iso = (ms: number): string => new Date(ms).toISOString();

export function createCircleCi(
  options: StandInOptions,
): StandIn & { readonly control: CircleCiControl } {
  const { now, newId, token } = options;
  const builds = new Map<number, KnownBuild>();
  const hono = new Hono();

  hono.use(async (c, next) => {
    const authorization = c.req.header('authorization') ?? '';
    const basic = authorization.startsWith('Basic ')
      ? (Buffer.from(authorization.slice(6), 'base64').toString().split(':')[0] ?? '')
      : '';
    const given =
      c.req.header('circle-token') ??
      (authorization.startsWith('Bearer ') ? authorization.slice(7) : basic);
    if (given === '') return c.json({ message: 'You must log in first.' }, 401);
    return given === token ? next() : c.json({ message: 'Permission denied' }, 403);
  });
  hono.notFound((c) => c.json({ message: 'Not found.' }, 404));

  const newestFirst = (): KnownBuild[] => [...builds.values()].sort((a, b) => b.number - a.number);
  const page = <T>(c: Context, all: readonly T[]) => {
    const from = Number(Buffer.from(c.req.query('page-token') ?? '', 'base64url').toString() || 0);
    const next =
      from + pageSize < all.length
        ? Buffer.from(String(from + pageSize)).toString('base64url')
        : null;
    return c.json({ items: all.slice(from, from + pageSize), next_page_token: next });
  };
  const slugOf = (c: Context): string =>
    `${c.req.param('vcs')?.replace(/^github$/, 'gh')}/${c.req.param('org')}/${c.req.param('repo')}`;

  hono.get('/api/v2/project/:vcs/:org/:repo/pipeline', (c) => {
    const { branch } = c.req.query();
    const found = newestFirst().filter((one) => branch === undefined || one.branch === branch);
    return page(
      c,
      found.map((one) => pipelineBody(one, slugOf(c))),
    );
  });
  hono.get('/api/v2/pipeline/:id/workflow', (c) => {
    const found = newestFirst().filter(({ pipelineId }) => pipelineId === c.req.param('id'));
    return found.length === 0
      ? c.json({ message: 'Pipeline not found' }, 404)
      : page(c, found.map(workflowBody));
  });
  hono.get('/api/v2/workflow/:id', (c) => {
    const found = newestFirst().find(({ workflowId }) => workflowId === c.req.param('id'));
    return found === undefined
      ? c.json({ message: 'Workflow not found' }, 404)
      : c.json(workflowBody(found));
  });
  hono.get('/api/v2/workflow/:id/job', (c) => {
    const found = newestFirst().filter(({ workflowId }) => workflowId === c.req.param('id'));
    return found.length === 0
      ? c.json({ message: 'Workflow not found' }, 404)
      : page(c, found.map(jobBody));
  });
  hono.get('/api/v2/project/:vcs/:org/:repo/job/:number', (c) => {
    const found = builds.get(Number(c.req.param('number')));
    if (found === undefined) return c.json({ message: 'Job not found' }, 404);
    return c.json(jobDetailsBody(found, slugOf(c)));
  });
  const recent = (c: Context) => {
    const { filter } = c.req.query();
    const branch = c.req.param('branch');
    const found = newestFirst().filter(
      (one) =>
        (branch === undefined || one.branch === decodeURIComponent(branch)) &&
        // Queued builds are left out by this filter, which is how lock scripts race.
        (filter !== 'running' || one.status === 'running'),
    );
    return c.json(
      found.slice(0, Number(c.req.query('limit') ?? 30)).map((one) => legacyBody(one, c)),
    );
  };
  hono.get('/api/v1.1/project/:vcs/:org/:repo', recent);
  hono.get('/api/v1.1/project/:vcs/:org/:repo/tree/:branch', recent);

  const change = (number: number, status: JobStatus): void => {
    const before = builds.get(number);
    if (before === undefined) throw new Error(`there is no build ${number}`);
    builds.set(number, { ...before, status, stoppedAt: live.includes(status) ? null : now() });
  };
  return {
    fetch: async (request) => hono.fetch(request),
    state: () => ({ builds: newestFirst() }),
    reset: () => builds.clear(),
    control: {
      ciBuild: (build) =>
        void builds.set(build.number, {
          ...build,
          pipelineId: newId(),
          workflowId: newId(),
          jobId: newId(),
          createdAt: now(),
          stoppedAt: null,
        }),
      updateCiBuild: ({ number, status }) => change(number, status),
      cancelCiBuild: ({ number }) => change(number, 'canceled'),
    },
  };
}

function pipelineBody(one: KnownBuild, slug: string) {
  const repository = `https://github.com/${slug.split('/').slice(1).join('/')}`;
  return {
    id: one.pipelineId,
    errors: [],
    project_slug: slug,
    updated_at: iso(one.createdAt),
    number: one.number,
    state: 'created',
    created_at: iso(one.createdAt),
    trigger: {
      type: 'webhook',
      received_at: iso(one.createdAt),
      actor: { login: 'ana', avatar_url: null },
    },
    vcs: {
      provider_name: 'GitHub',
      origin_repository_url: repository,
      target_repository_url: repository,
      branch: one.branch,
      revision: one.commit,
      commit: { subject: 'Ship it', body: '' },
    },
  };
}

function workflowStatus({ status }: KnownBuild): string {
  if (status === 'queued' || status === 'not_running' || status === 'blocked') return 'running';
  return status;
}

function workflowBody(one: KnownBuild) {
  return {
    id: one.workflowId,
    name: one.workflow ?? 'build-deploy',
    status: workflowStatus(one),
    created_at: iso(one.createdAt),
    stopped_at: one.stoppedAt === null ? null : iso(one.stoppedAt),
    pipeline_id: one.pipelineId,
    pipeline_number: one.number,
    project_slug: 'gh/acme/web',
    started_by: '00000099-89ab-4def-8123-456789abcdef',
  };
}

const hasStarted = ({ status }: KnownBuild): boolean =>
  !['queued', 'not_running', 'on_hold', 'blocked', 'not_run'].includes(status);

function jobBody(one: KnownBuild) {
  return {
    id: one.jobId,
    name: one.job,
    type: 'build',
    status: one.status,
    started_at: hasStarted(one) ? iso(one.createdAt) : null,
    stopped_at: one.stoppedAt === null ? null : iso(one.stoppedAt),
    dependencies: [],
    requires: {},
    project_slug: 'gh/acme/web',
    ...(hasStarted(one) ? { job_number: one.number } : {}),
  };
}

function jobDetailsBody(one: KnownBuild, slug: string) {
  return {
    web_url: `https://circleci.com/${slug}/${one.number}`,
    project: {
      id: '000000e1-89ab-4def-8123-456789abcdef',
      slug,
      name: slug.split('/').at(-1) ?? '',
      external_url: `https://github.com/${slug.split('/').slice(1).join('/')}`,
    },
    parallel_runs: [{ index: 0, status: one.status }],
    started_at: iso(one.createdAt),
    latest_workflow: { id: one.workflowId, name: one.workflow ?? 'build-deploy' },
    name: one.job,
    executor: { resource_class: 'medium', type: 'docker' },
    parallelism: 1,
    status: one.status,
    number: one.number,
    pipeline: { id: one.pipelineId },
    duration: one.stoppedAt === null ? null : one.stoppedAt - one.createdAt,
    created_at: iso(one.createdAt),
    messages: [],
    contexts: [{ name: 'deploy' }],
    organization: { name: slug.split('/')[1] ?? '' },
    queued_at: iso(one.createdAt),
    stopped_at: one.stoppedAt === null ? null : iso(one.stoppedAt),
  };
}

function legacyBody(one: KnownBuild, c: Context) {
  const running = live.includes(one.status);
  return {
    build_num: one.number,
    build_url: `https://circleci.com/gh/${c.req.param('org')}/${c.req.param('repo')}/${one.number}`,
    status: one.status,
    outcome: running ? null : one.status,
    lifecycle: one.status === 'running' ? 'running' : running ? 'queued' : 'finished',
    branch: one.branch,
    vcs_revision: one.commit,
    username: c.req.param('org'),
    reponame: c.req.param('repo'),
    subject: 'Ship it',
    workflows: {
      job_name: one.job,
      job_id: one.jobId,
      workflow_id: one.workflowId,
      workflow_name: one.workflow ?? 'build-deploy',
    },
    queued_at: iso(one.createdAt),
    start_time: iso(one.createdAt),
    stop_time: one.stoppedAt === null ? null : iso(one.stoppedAt),
  };
}
