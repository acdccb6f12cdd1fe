/** CircleCI's answers about pipelines, workflows and jobs (CircleCI API v2 reference). */
import {
  type Build,
  isLive,
  type Job,
  type Pipeline,
  type Workflow,
  workflowStatus,
} from './builds.ts';

const startedBy = '00000099-89ab-4def-8123-456789abcdef';
const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** The repository of a project: `gh/acme/web` is `https://github.com/acme/web`. */
function repositoryUrl(project: string): string {
  const [host, ...path] = project.split('/');
  return `https://${host === 'bb' ? 'bitbucket.org' : 'github.com'}/${path.join('/')}`;
}

export function pipelineBody(one: Pipeline) {
  const url = repositoryUrl(one.project);
  return {
    id: one.id,
    errors: [],
    project_slug: one.project,
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
      provider_name: one.project.startsWith('bb/') ? 'Bitbucket' : 'GitHub',
      origin_repository_url: url,
      target_repository_url: url,
      branch: one.branch,
      revision: one.commit,
      commit: { subject: 'Ship it', body: '' },
    },
  };
}

export function workflowBody(pipeline: Pipeline, one: Workflow) {
  const live = one.jobs.some(({ status }) => isLive(status));
  const stoppedAt = Math.max(one.createdAt, ...one.jobs.map((job) => job.stoppedAt ?? 0));
  return {
    id: one.id,
    name: one.name,
    status: workflowStatus(one),
    created_at: iso(one.createdAt),
    stopped_at: live ? null : iso(stoppedAt),
    pipeline_id: pipeline.id,
    pipeline_number: pipeline.number,
    project_slug: pipeline.project,
    started_by: startedBy,
  };
}

/** `job_number` is absent until the job starts, and for approvals. */
export function jobBody({ project }: Pipeline, one: Job) {
  return {
    id: one.id,
    name: one.name,
    type: one.approval ? 'approval' : 'build',
    status: one.status,
    started_at: isoOrNull(one.startedAt),
    stopped_at: isoOrNull(one.stoppedAt),
    dependencies: [],
    requires: {},
    project_slug: project,
    ...(one.startedAt === null || one.approval ? {} : { job_number: one.number }),
  };
}

export function jobDetailsBody({ pipeline, workflow, job }: Build) {
  const { project } = pipeline;
  const [, organization = '', name = ''] = project.split('/');
  return {
    web_url: `https://circleci.com/${project}/${job.number}`,
    project: {
      id: '000000e1-89ab-4def-8123-456789abcdef',
      slug: project,
      name,
      external_url: repositoryUrl(project),
    },
    parallel_runs: [{ index: 0, status: job.status }],
    started_at: isoOrNull(job.startedAt),
    latest_workflow: { id: workflow.id, name: workflow.name },
    name: job.name,
    executor: { resource_class: 'medium', type: 'docker' },
    parallelism: 1,
    status: job.status,
    number: job.number,
    pipeline: { id: pipeline.id },
    duration: took(job),
    created_at: iso(job.createdAt),
    messages: [],
    contexts: [{ name: 'deploy' }],
    organization: { name: organization },
    queued_at: iso(job.createdAt),
    stopped_at: isoOrNull(job.stoppedAt),
  };
}

const took = ({ startedAt, stoppedAt }: Job): number | null =>
  startedAt === null || stoppedAt === null ? null : stoppedAt - startedAt;
