/** CircleCI's pipelines, workflows and jobs as the control verbs make and change them. */
import { z } from 'zod';

/** Of a job (CircleCI API v2 reference, Job). */
export const jobStatuses = [
  'success',
  'running',
  'not_run',
  'failed',
  'retried',
  'queued',
  'not_running',
  'infrastructure_fail',
  'timedout',
  'on_hold',
  'terminated-unknown',
  'blocked',
  'canceled',
  'unauthorized',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Where a build is when nothing else is said. */
const defaultProject = 'gh/acme/web';

const slug = z.string().regex(/^(gh|github|bb|bitbucket|circleci)\/[^/]+\/[^/]+$/);
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const status = z.enum(jobStatuses);
const at = z.union([z.number().nonnegative(), z.iso.datetime({ offset: true })]);

/** Each verb's input, as `POST /<verb>` of the control service takes it. */
export const circleCiVerbs = {
  /** One job: in a pipeline of its own, or beside others in the one that is named. */
  ciBuild: z.strictObject({
    /** `gh/acme/web`. */
    project: slug.default(defaultProject),
    branch: z.string().min(1),
    job: z.string().min(1),
    workflow: z.string().min(1).default('build-deploy'),
    commit: sha,
    status,
    /** The job's, `CIRCLE_BUILD_NUM`; default the project's next. */
    number: z.int().positive().optional(),
    /** The pipeline's, which orders builds; default the project's next. One that is there gets the job too. */
    pipeline: z.int().positive().optional(),
    /** A workflow of its own in a pipeline that is there: what a re-run makes. */
    rerun: z.literal(true).optional(),
    /** A job that people approve: it never has a number. */
    approval: z.literal(true).optional(),
    /** Milliseconds since the epoch, or ISO 8601; default now, for a status past the start. */
    startedAt: at.optional(),
  }),
  updateCiBuild: z.strictObject({
    project: slug.default(defaultProject),
    number: z.int().positive(),
    status,
    startedAt: at.optional(),
  }),
  cancelCiBuild: z.strictObject({
    project: slug.default(defaultProject),
    number: z.int().positive(),
  }),
} as const;

export interface Job {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly approval: boolean;
  /** Milliseconds since the epoch, as the others. */
  readonly createdAt: number;
  status: JobStatus;
  startedAt: number | null;
  stoppedAt: number | null;
}

export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly jobs: Job[];
}

export interface Pipeline {
  readonly id: string;
  readonly number: number;
  /** With the short name of its host: `gh/acme/web`. */
  readonly project: string;
  readonly branch: string;
  readonly commit: string;
  readonly createdAt: number;
  /** Oldest first. */
  readonly workflows: Workflow[];
}

/** A job with all that it is in. */
export interface Build {
  readonly pipeline: Pipeline;
  readonly workflow: Workflow;
  readonly job: Job;
}

/** What the control verb tells of the build that it made. */
export interface MadeBuild {
  readonly number: number;
  readonly pipeline: number;
  readonly pipelineId: string;
  readonly workflowId: string;
  readonly jobId: string;
}

const waiting: readonly JobStatus[] = ['queued', 'not_running', 'on_hold', 'blocked'];
const neverStarts: readonly JobStatus[] = [...waiting, 'not_run'];
export const isLive = (one: JobStatus): boolean => one === 'running' || waiting.includes(one);

/** `github/acme/web` and `gh/acme/web` are one project. */
export function shortSlug(given: string): string {
  return given.replace(/^github\//, 'gh/').replace(/^bitbucket\//, 'bb/');
}

export class CircleCiBuilds {
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #pipelines: Pipeline[] = [];

  constructor({ now, newId }: { now: () => number; newId: () => string }) {
    this.#now = now;
    this.#newId = newId;
  }

  reset(): void {
    this.#pipelines.splice(0);
  }

  /** @throws Error for a number that is taken, or a pipeline that is of another branch or commit */
  make(given: z.input<typeof circleCiVerbs.ciBuild>): MadeBuild {
    const input = circleCiVerbs.ciBuild.parse(given);
    const project = shortSlug(input.project);
    const number =
      input.number ?? 1 + Math.max(0, ...this.of(project).map(({ job }) => job.number));
    if (this.find(project, number) !== undefined) {
      throw new Error(`there is a build ${number} in ${project} already`);
    }
    const started = neverStarts.includes(input.status) ? undefined : this.#now();
    const startedAt = millisecondsOf(input.startedAt) ?? started ?? null;
    const createdAt = Math.min(this.#now(), startedAt ?? Number.POSITIVE_INFINITY);
    const job: Job = {
      id: this.#newId(),
      number,
      name: input.job,
      approval: input.approval ?? false,
      createdAt,
      status: input.status,
      startedAt,
      stoppedAt: isLive(input.status) ? null : this.#now(),
    };
    const pipeline = this.#pipelineFor({ ...input, project, createdAt });
    const workflow = this.#workflowFor(pipeline, input, createdAt);
    workflow.jobs.push(job);
    return {
      number,
      pipeline: pipeline.number,
      pipelineId: pipeline.id,
      workflowId: workflow.id,
      jobId: job.id,
    };
  }

  /** @throws Error for a build that there is not */
  update(given: z.input<typeof circleCiVerbs.updateCiBuild>): void {
    const { project, number, status: to, startedAt } = circleCiVerbs.updateCiBuild.parse(given);
    const { job } = this.#need(project, number);
    job.startedAt = millisecondsOf(startedAt) ?? job.startedAt;
    this.change(job, to);
  }

  /** @throws Error for a build that there is not */
  cancel(given: z.input<typeof circleCiVerbs.cancelCiBuild>): void {
    const { project, number } = circleCiVerbs.cancelCiBuild.parse(given);
    this.change(this.#need(project, number).job, 'canceled');
  }

  change(job: Job, to: JobStatus): void {
    // Cancelled or refused before it ran, a job has never started.
    const starts = !neverStarts.includes(to) && to !== 'canceled' && to !== 'unauthorized';
    if (starts) job.startedAt ??= this.#now();
    job.status = to;
    job.stoppedAt = isLive(to) ? null : this.#now();
  }

  get projects(): ReadonlySet<string> {
    return new Set([defaultProject, ...this.#pipelines.map(({ project }) => project)]);
  }

  /** Newest first. */
  pipelines(project?: string): Pipeline[] {
    return this.#pipelines
      .filter((one) => project === undefined || one.project === project)
      .sort((a, b) => b.number - a.number);
  }

  /** Newest first, by the jobs' numbers. */
  of(project?: string): Build[] {
    return this.pipelines(project)
      .flatMap((pipeline) =>
        pipeline.workflows.flatMap((workflow) =>
          workflow.jobs.map((job) => ({ pipeline, workflow, job })),
        ),
      )
      .sort((a, b) => b.job.number - a.job.number);
  }

  find(project: string, number: number): Build | undefined {
    return this.of(project).find(({ job }) => job.number === number);
  }

  workflow(id: string): { pipeline: Pipeline; workflow: Workflow } | undefined {
    for (const pipeline of this.#pipelines) {
      const workflow = pipeline.workflows.find((one) => one.id === id);
      if (workflow !== undefined) return { pipeline, workflow };
    }
    return undefined;
  }

  #need(project: string, number: number): Build {
    const found = this.find(shortSlug(project), number);
    if (found === undefined) throw new Error(`there is no build ${number} in ${project}`);
    return found;
  }

  #pipelineFor(wanted: {
    project: string;
    branch: string;
    commit: string;
    pipeline?: number | undefined;
    createdAt: number;
  }): Pipeline {
    const { project, branch, commit, createdAt } = wanted;
    const known = this.pipelines(project);
    const number = wanted.pipeline ?? 1 + (known[0]?.number ?? 0);
    const found = known.find((one) => one.number === number);
    if (found !== undefined) {
      if (found.branch === branch && found.commit === commit) return found;
      throw new Error(`pipeline ${number} is of ${found.branch} at ${found.commit}`);
    }
    const id = this.#newId();
    const made = { id, number, project, branch, commit, createdAt, workflows: [] };
    this.#pipelines.push(made);
    return made;
  }

  #workflowFor(
    pipeline: Pipeline,
    { workflow: name, job, rerun }: { workflow: string; job: string; rerun?: true | undefined },
    createdAt: number,
  ): Workflow {
    const found = pipeline.workflows.findLast((one) => one.name === name);
    if (found !== undefined && rerun === undefined) {
      if (!found.jobs.some((one) => one.name === job)) return found;
      throw new Error(
        `pipeline ${pipeline.number} has a job ${job} already: say rerun for another`,
      );
    }
    const made = { id: this.#newId(), name, createdAt, jobs: [] };
    pipeline.workflows.push(made);
    return made;
  }
}

/** Of a workflow, from its jobs' (CircleCI API v2 reference, Workflow). */
export function workflowStatus({ jobs }: Workflow): string {
  const has = (...wanted: JobStatus[]) => jobs.some((one) => wanted.includes(one.status));
  const failed = has('failed', 'timedout', 'infrastructure_fail', 'terminated-unknown');
  if (has('running', 'queued', 'not_running')) return failed ? 'failing' : 'running';
  if (has('on_hold')) return 'on_hold';
  if (has('unauthorized')) return 'unauthorized';
  if (has('canceled')) return 'canceled';
  if (failed) return 'failed';
  if (has('blocked')) return 'running';
  return jobs.every((one) => one.status === 'not_run') ? 'not_run' : 'success';
}

function millisecondsOf(given: number | string | undefined): number | undefined {
  return typeof given === 'string' ? Date.parse(given) : given;
}
