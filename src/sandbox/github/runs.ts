/** Workflow runs of GitHub Actions as the control verbs make and change them, attempt by attempt. */
import { z } from 'zod';

const runStatuses = [
  'queued',
  'in_progress',
  'completed',
  'waiting',
  'pending',
  'requested',
] as const;
const conclusions = [
  'success',
  'failure',
  'neutral',
  'cancelled',
  'skipped',
  'timed_out',
  'action_required',
  'stale',
] as const;

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const status = z.enum(runStatuses);
const conclusion = z.enum(conclusions).nullable();
const id = z.int().positive();
const at = z.union([z.number().nonnegative(), z.iso.datetime({ offset: true })]);
const jobs = z
  .array(z.strictObject({ name: z.string().min(1), status, conclusion: conclusion.optional() }))
  .min(1);

/** Each verb's input, as `POST /<verb>` of the control service takes it. */
export const gitHubVerbs = {
  workflowRun: z.strictObject({
    /** Global, and rising; default the next. */
    id: id.optional(),
    /** The file's name: `deploy.yml`. */
    workflow: z.string().min(1),
    /** The workflow's own count; default its next. */
    number: id.optional(),
    attempt: id.default(1),
    branch: z.string().min(1),
    commit: sha,
    status,
    /** Of a completed run only; default `success`. */
    conclusion: conclusion.optional(),
    event: z.string().min(1).default('push'),
    /** Milliseconds since the epoch, or ISO 8601; default now. */
    startedAt: at.optional(),
    /** Default one, `deploy`, that stands as the run does. */
    jobs: jobs.optional(),
  }),
  /** A higher attempt begins anew, and keeps what the one before came to. */
  updateWorkflowRun: z.strictObject({
    id,
    status: status.optional(),
    conclusion: conclusion.optional(),
    attempt: id.optional(),
    jobs: jobs.optional(),
  }),
} as const;

export type RunStatus = (typeof runStatuses)[number];
export type Conclusion = z.output<typeof conclusion>;

export interface RunJob {
  readonly id: number;
  readonly name: string;
  readonly status: RunStatus;
  readonly conclusion: Conclusion;
}

/** One attempt at a run. */
export interface Attempt {
  readonly number: number;
  readonly status: RunStatus;
  readonly conclusion: Conclusion;
  /** Milliseconds since the epoch, as the others. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly jobs: readonly RunJob[];
}

export interface WorkflowRun {
  readonly id: number;
  readonly workflow: string;
  readonly workflowId: number;
  readonly number: number;
  readonly branch: string;
  readonly commit: string;
  readonly event: string;
  readonly createdAt: number;
  /** Oldest first: the last is the one that counts. */
  readonly attempts: readonly Attempt[];
}

export interface RunFilter {
  /** The file's name, or its number as text. */
  readonly workflow?: string | undefined;
  readonly branch?: string | undefined;
  /** A status, or a conclusion. */
  readonly status?: string | undefined;
  readonly commit?: string | undefined;
  readonly event?: string | undefined;
}

export class GitHubRuns {
  readonly #now: () => number;
  readonly #runs = new Map<number, WorkflowRun>();
  /** Numbers of workflows' files, in the order in which they came. */
  readonly #workflows: string[] = [];
  #lastJob = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  reset(): void {
    this.#runs.clear();
    this.#workflows.splice(0);
  }

  /** @throws Error for an id that is taken */
  make(given: z.input<typeof gitHubVerbs.workflowRun>): { id: number; number: number } {
    const input = gitHubVerbs.workflowRun.parse(given);
    const { workflow, branch, commit, event } = input;
    const id = input.id ?? 1 + Math.max(30_433_641, ...this.#runs.keys());
    if (this.#runs.has(id)) throw new Error(`there is a workflow run ${id} already`);
    const others = this.list({ workflow }).map((one) => one.number);
    const number = input.number ?? 1 + Math.max(0, ...others);
    const startedAt = millisecondsOf(input.startedAt) ?? this.#now();
    const workflowId = this.#numberOf(workflow);
    const attempts = [this.#attempt({ ...input, number: input.attempt, startedAt })];
    const createdAt = Math.min(startedAt, this.#now());
    const run = { id, workflow, workflowId, number, branch, commit, event, createdAt, attempts };
    this.#runs.set(id, run);
    return { id, number };
  }

  /** @throws Error for a run that there is not, or an attempt before the current */
  update(given: z.input<typeof gitHubVerbs.updateWorkflowRun>): void {
    const { id, attempt, ...change } = gitHubVerbs.updateWorkflowRun.parse(given);
    const run = this.#runs.get(id);
    if (run === undefined) throw new Error(`there is no workflow run ${id}`);
    const last = latest(run);
    if (attempt !== undefined && attempt < last.number) {
      throw new Error(`workflow run ${id} is at attempt ${last.number} already`);
    }
    const status = change.status ?? (isNew(attempt, last) ? 'queued' : last.status);
    if (isNew(attempt, last)) {
      const next = { ...change, status, number: attempt, startedAt: this.#now() };
      this.#put({ ...run, attempts: [...run.attempts, this.#attempt(next)] });
      return;
    }
    const conclusion = conclusionOf(status, change.conclusion ?? last.conclusion ?? undefined);
    const jobs =
      change.jobs === undefined
        ? last.jobs.map((job) => ({ ...job, status, conclusion }))
        : this.#jobs(change.jobs, last.jobs);
    const changed = { ...last, status, conclusion, jobs, updatedAt: this.#now() };
    this.#put({ ...run, attempts: [...run.attempts.slice(0, -1), changed] });
  }

  get(id: number): WorkflowRun | undefined {
    return this.#runs.get(id);
  }

  /** Newest first. */
  list({ workflow, branch, status, commit, event }: RunFilter = {}): WorkflowRun[] {
    const is = (wanted: string | undefined, one: string): boolean =>
      wanted === undefined || wanted === one;
    return [...this.#runs.values()]
      .filter((one) => {
        const { status: now, conclusion: end } = latest(one);
        return (
          (is(workflow, one.workflow) || workflow === String(one.workflowId)) &&
          is(branch, one.branch) &&
          is(commit, one.commit) &&
          is(event, one.event) &&
          (is(status, now) || status === end)
        );
      })
      .sort((a, b) => b.id - a.id);
  }

  job(id: number): { run: WorkflowRun; attempt: Attempt; job: RunJob } | undefined {
    for (const run of this.#runs.values()) {
      for (const attempt of run.attempts) {
        const job = attempt.jobs.find((one) => one.id === id);
        if (job !== undefined) return { run, attempt, job };
      }
    }
    return undefined;
  }

  #put(run: WorkflowRun): void {
    this.#runs.set(run.id, run);
  }

  #numberOf(workflow: string): number {
    if (!this.#workflows.includes(workflow)) this.#workflows.push(workflow);
    return 159_038 + this.#workflows.indexOf(workflow);
  }

  #attempt(of: {
    number: number;
    status: RunStatus;
    conclusion?: Conclusion | undefined;
    startedAt: number;
    jobs?: z.output<typeof jobs> | undefined;
  }): Attempt {
    const { number, status, startedAt } = of;
    const conclusion = conclusionOf(status, of.conclusion ?? undefined);
    const made = this.#jobs(of.jobs ?? [{ name: 'deploy', status, conclusion }], []);
    return { number, status, conclusion, startedAt, updatedAt: this.#now(), jobs: made };
  }

  /** Jobs keep their ids by name. */
  #jobs(wanted: z.output<typeof jobs>, before: readonly RunJob[]): RunJob[] {
    return wanted.map(({ name, status, conclusion }) => {
      const known = before.find((one) => one.name === name)?.id;
      if (known === undefined) this.#lastJob += 1;
      const id = known ?? 399_444_495 + this.#lastJob;
      return { id, name, status, conclusion: conclusionOf(status, conclusion ?? undefined) };
    });
  }
}

export function latest({ attempts }: WorkflowRun): Attempt {
  const last = attempts.at(-1);
  if (last === undefined) throw new Error('a workflow run has no attempt');
  return last;
}

const isNew = (attempt: number | undefined, last: Attempt): attempt is number =>
  attempt !== undefined && attempt > last.number;

/** Null until it is completed. */
function conclusionOf(status: RunStatus, given: NonNullable<Conclusion> | undefined): Conclusion {
  return status === 'completed' ? (given ?? 'success') : null;
}

function millisecondsOf(given: number | string | undefined): number | undefined {
  return typeof given === 'string' ? Date.parse(given) : given;
}
