/** The CI of a lane whose lock is the CI's own list: each run of a job is in it from its start to its end. */
import type { CiJob } from '../../src/effects/ci/jobs.ts';
import type { Clock } from '../../src/effects/clock.ts';
import type { Ports } from '../../src/effects/ports.ts';
import type { LaneLock } from '../../src/runtime/lock/store-lock.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { type CiProvider, ciListLock } from './fuzzer/ci-list-lock.ts';

interface WorkflowRun {
  readonly id: number;
  readonly number: number;
  attempt: number;
  /** Processes of it that have not ended. */
  alive: number;
}

interface Job {
  readonly numbers: { readonly job: number; readonly run: number };
  readonly end: () => void;
}

const nameOf = (job: CiJob): string =>
  job.ci === 'circleci' ? `job ${job.number}` : `run ${job.run}, attempt ${job.attempt}`;

const branch = 'master';
const workflow = 'deploy.yml';

export class CiWorld {
  readonly provider: CiProvider;
  readonly #sandbox: Sandbox;
  readonly #jobs = new Map<string, Job>();
  /** By run: the deploy that it was given the lane for. */
  readonly #holders = new Map<string, string>();
  /** By job, ended ones included. */
  readonly #runsIn = new Map<string, string[]>();
  /** By how the list names a build: the deploy that it is. */
  readonly #deploys = new Map<string, string>();
  readonly #runs = new Map<string, WorkflowRun>();
  /** By the build's label, which a run of it again keeps. */
  readonly #pipelines = new Map<string, number>();

  /** @param commit of a build that is over: a page of a list says by it that it goes back far enough */
  constructor(provider: CiProvider, sandbox: Sandbox, commit: string) {
    this.provider = provider;
    this.#sandbox = sandbox;
    sandbox.control.ciBuild({ job: 'deploy', branch, commit, status: 'success' });
    sandbox.control.workflowRun({ workflow, branch, commit, status: 'completed' });
  }

  /** A job of that build begins, and the CI knows it. As its API names it. */
  begins(run: string, deploy: string, label: string, commit: string): CiJob {
    const { control } = this.#sandbox;
    const known = this.#pipelines.get(label);
    const again = known === undefined ? {} : { pipeline: known, rerun: true as const };
    const job = control.ciBuild({ job: 'deploy', branch, commit, status: 'running', ...again });
    this.#pipelines.set(label, job.pipeline);
    const of = this.#workflowRun(label, commit);
    const name = this.provider === 'circleci' ? job.number : of.number;
    this.#deploys.set(`${name}-${commit.slice(0, 8)}`, deploy);
    const end = () => {
      control.updateCiBuild({ number: job.number, status: 'success' });
      of.alive -= 1;
      if (of.alive === 0) control.updateWorkflowRun({ id: of.id, status: 'completed' });
    };
    this.#jobs.set(run, { numbers: { job: job.number, run: of.id }, end });
    const named = this.#named(job.number, of);
    this.#runsIn.set(nameOf(named), [...this.runsIn(named), run]);
    return named;
  }

  #named(number: number, { id, attempt }: WorkflowRun): CiJob {
    return this.provider === 'circleci'
      ? { ci: 'circleci', project: 'gh/acme/web', number: String(number) }
      : { ci: 'github', repository: 'acme/web', run: String(id), attempt };
  }

  /** A run again is another attempt of the same run, and there is one at a time. */
  #workflowRun(label: string, commit: string): WorkflowRun {
    const { control } = this.#sandbox;
    const known = this.#runs.get(label);
    if (known === undefined) {
      const made = control.workflowRun({ workflow, branch, commit, status: 'in_progress' });
      const run = { ...made, attempt: 1, alive: 1 };
      this.#runs.set(label, run);
      return run;
    }
    if (known.alive === 0) {
      known.attempt += 1;
      const { id, attempt } = known;
      control.updateWorkflowRun({ id, attempt, status: 'in_progress' });
    }
    known.alive += 1;
    return known;
  }

  /** It has ended, in whatever way, or was killed. */
  ended(run: string): void {
    this.#jobs.get(run)?.end();
    this.#jobs.delete(run);
    this.#holders.delete(run);
  }

  lockOf(
    run: string,
    deploy: string,
    clock: Clock,
    ports: (signal: AbortSignal) => Ports,
  ): LaneLock {
    const job = this.#jobs.get(run);
    if (job === undefined) throw new Error(`the CI has no job of ${run}`);
    const of = { sandbox: this.#sandbox, clock, numbers: job.numbers };
    const real = ciListLock(this.provider, of, ports);
    const holds = () => {
      if (this.#jobs.has(run)) this.#holders.set(run, deploy);
    };
    return {
      acquire: async (...given) => {
        const turn = await real.acquire(...given);
        if (turn.kind === 'granted') holds();
        return turn;
      },
      reacquire: async (...given) => {
        const held = await real.reacquire(...given);
        if (held === null) holds();
        return held;
      },
      isAwaitedBy: async (...given) => (await real.isAwaitedBy?.(...given)) ?? false,
    };
  }

  /** In a job of CircleCI's that is one; several processes may be in one attempt of GitHub's. */
  runsIn(job: CiJob): readonly string[] {
    return this.#runsIn.get(nameOf(job)) ?? [];
  }

  /** Others that hold the lane by that list, too. */
  othersThan(deploy: string): readonly string[] {
    return [...this.#holders.values()].filter((other) => other !== deploy);
  }

  isHolder(deploy: string): boolean {
    return [...this.#holders.values()].includes(deploy);
  }

  /** The deploy that the list names so. */
  deployCalled(name: string): string {
    return this.#deploys.get(name) ?? name;
  }
}
