/** The deploy job in a CircleCI configuration: pure (circleci.com/docs, configuration reference). */
import { parse } from 'yaml';
import { type Finding, fault, warning } from '../../effects/diagnosis.ts';
import { entriesOf, isOfBranch } from '../setup/circleci-workflow.ts';
import { isOrbJob } from '../setup/jobs.ts';
import { orRight, runsAdvance, signals, untested, type WantedJob } from './ci-jobs.ts';

interface Job {
  readonly parallelism?: unknown;
  readonly steps?: readonly unknown[];
}

interface Step {
  readonly run?: string | { command?: string; max_auto_reruns?: unknown };
}

export const unreadable: Finding = fault(
  '.circleci/config.yml cannot be read as YAML',
  'circleci config validate',
);

/** Null: no job of it runs `advance`. */
export function circleCiFindings(text: string, wanted: WantedJob): Finding[] | null {
  let config: {
    jobs?: Readonly<Record<string, Job>>;
    orbs?: Readonly<Record<string, unknown>>;
    workflows?: Readonly<Record<string, unknown>>;
  };
  try {
    config = parse(text) ?? {};
  } catch {
    return [unreadable];
  }
  const { jobs = {}, orbs = {}, workflows = {} } = config;
  const deploying = Object.entries(jobs).flatMap(([name, job]) => {
    const command = commandsOf(job).find(runsAdvance);
    return command === undefined ? [] : [{ name, job, command }];
  });
  const ofOrb = jobsOf(workflows).filter((job) => isOrbJob(job, orbs));
  if (deploying.length + ofOrb.length === 0) return null;
  const byOrb = ofOrb.flatMap((job) =>
    orRight(`the job ${job}`, invocations(job, workflows, wanted)),
  );
  const own = deploying.flatMap(({ name, job, command }) => {
    const where = `the job ${name}`;
    return orRight(where, [
      parallel(where, job),
      rerun(where, job),
      signals({ name: where, command }),
      ...invocations(name, workflows, wanted),
    ]);
  });
  return [...own, ...byOrb];
}

/** Every job that a workflow runs, once. */
function jobsOf(workflows: Readonly<Record<string, unknown>>): string[] {
  const all = Object.values(workflows).flatMap((workflow) => {
    const list = (workflow as { jobs?: unknown } | null)?.jobs;
    return Array.isArray(list) ? entriesOf(list).map(({ job }) => job) : [];
  });
  return [...new Set(all)];
}

const runOf = (step: unknown) => (step as Step | null)?.run;

const commandsOf = ({ steps = [] }: Job): string[] =>
  steps.flatMap((step) => {
    const run = runOf(step);
    const command = typeof run === 'string' ? run : run?.command;
    return command === undefined ? [] : [command];
  });

function parallel(where: string, { parallelism = 1 }: Job): Finding | null {
  if (parallelism === 1) return null;
  return fault(`${where} runs ${parallelism} times side by side`, 'Leave parallelism at 1.');
}

function rerun(where: string, { steps = [] }: Job): Finding | null {
  const isRun = steps.some((step) => {
    const run = runOf(step);
    return typeof run === 'object' && run !== null && run.max_auto_reruns !== undefined;
  });
  if (!isRun) return null;
  return warning(
    `CircleCI runs a step of ${where} again by itself when it fails`,
    'Take max_auto_reruns off it: a deploy that failed is for a person.',
  );
}

function invocations(
  job: string,
  workflows: Readonly<Record<string, unknown>>,
  { branch }: WantedJob,
): (Finding | null)[] {
  const found = Object.entries(workflows).flatMap(([name, workflow]) => {
    const list = (workflow as { jobs?: unknown } | null)?.jobs;
    const entries = Array.isArray(list) ? entriesOf(list) : [];
    return entries.filter((one) => one.job === job).map((entry) => ({ name, entry, entries }));
  });
  if (found.length === 0) {
    return [fault(`no workflow runs the job ${job}`, 'Add it to the workflow that tests.')];
  }
  return found.flatMap(({ name, entry, entries }) => {
    const where = `the job ${job} in the workflow ${name}`;
    const missing = entry.requires.filter((one) => !entries.some((other) => other.name === one));
    return [
      ofBranch(where, entry.filters, branch),
      entry.requires.length === 0 ? untested(where) : null,
      missing.length === 0
        ? null
        : fault(
            `${where} requires ${missing.join(', ')}, which the workflow does not have`,
            'CircleCI refuses such a configuration: name jobs of the same workflow.',
          ),
      entry.serialGroup
        ? null
        : warning(
            `${where} has no serial-group: what waits for the lane keeps a runner`,
            'Add serial-group: NAME to it.',
          ),
    ];
  });
}

function ofBranch(where: string, filters: unknown, branch: string): Finding | null {
  const only = (filters as { branches?: { only?: unknown } } | null | undefined)?.branches?.only;
  const remedy = `Set filters: { branches: { only: ${branch} } }.`;
  if (!isOfBranch(filters, branch)) return fault(`${where} does not run on ${branch}`, remedy);
  if (only !== undefined) return null;
  return warning(`${where} runs on every branch, where it ends with exit 2`, remedy);
}
