/** The deploy job in the workflows of GitHub Actions: pure (docs.github.com, workflow syntax). */
import { type Finding, fault, warning } from '../../effects/diagnosis.ts';
import type { CiFile } from '../setup/facts.ts';
import {
  cancels,
  eventOf,
  readWorkflow,
  type Workflow,
  type WorkflowJob,
  type WorkflowStep,
} from '../setup/github-workflow.ts';
import { isAction } from '../setup/jobs.ts';
import { orRight, runsAdvance, signals, untested, type WantedJob } from './ci-jobs.ts';

/** Null: no job of them runs `advance`. */
export function gitHubFindings(files: readonly CiFile[], wanted: WantedJob): Finding[] | null {
  const found = files.flatMap(({ path, text }) => {
    const workflow = readWorkflow(text);
    if (workflow === null) return [];
    return Object.entries(workflow.jobs ?? {}).flatMap(([name, job]) => {
      const step = (job.steps ?? []).find(deploys);
      if (step === undefined) return [];
      const where = `the job ${name} in ${path.replace('.github/workflows/', '')}`;
      return [orRight(where, findingsOf(where, step.run ?? null, { job, workflow, wanted }))];
    });
  });
  return found.length === 0 ? null : found.flat();
}

const deploys = ({ run = '', uses = '' }: WorkflowStep): boolean =>
  runsAdvance(run) || isAction(uses);

interface Read {
  readonly job: WorkflowJob;
  readonly workflow: Workflow;
  readonly wanted: WantedJob;
}

function findingsOf(where: string, command: string | null, read: Read): (Finding | null)[] {
  const { job, workflow } = read;
  const isFollowing = eventOf(workflow.on, 'workflow_run') !== null;
  return [
    isFollowing ? null : ofBranch(where, read),
    isFollowing || (job.needs !== undefined && [job.needs].flat().length > 0)
      ? null
      : untested(where),
    cancelled(where, read),
    depth(where, read),
    ...rights(where, read),
    handed(where, read),
    // The action hands the signal on by itself.
    command === null ? null : signals({ name: where, command }),
  ];
}

function ofBranch(where: string, { workflow, wanted: { branch } }: Read): Finding | null {
  const push = eventOf(workflow.on, 'push');
  const remedy = `Run it at a push of ${branch}: on: { push: { branches: [${branch}] } }`;
  if (push === null) {
    const byHand = ['workflow_dispatch', 'schedule', 'workflow_call', 'repository_dispatch'];
    if (byHand.some((name) => eventOf(workflow.on, name) !== null)) return null;
    return fault(`${where} does not run at a push`, remedy);
  }
  if (push.branches === undefined) return null;
  const patterns = [push.branches].flat().map(String);
  if (patterns.some((pattern) => matches(pattern, branch))) return null;
  return fault(`${where} does not run at a push of ${branch}`, remedy);
}

/** `*` is anything but a slash, `**` anything (docs.github.com, filter pattern cheat sheet). */
function matches(pattern: string, branch: string): boolean {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`).test(branch);
}

function cancelled(where: string, { job, workflow }: Read): Finding | null {
  if (!cancels(job.concurrency) && !cancels(workflow.concurrency)) return null;
  return fault(
    `a newer run cancels ${where} while it deploys`,
    'Set cancel-in-progress: false, for the workflow too: a newer run waits, or ends by itself.',
  );
}

function depth(where: string, { job, wanted }: Read): Finding | null {
  const checkout = (job.steps ?? []).find(({ uses = '' }) => uses.startsWith('actions/checkout@'));
  if (checkout === undefined || String(checkout.with?.['fetch-depth'] ?? 1) === '0') return null;
  const found = `${where} clones one commit: git’s order cannot be told`;
  const remedy = 'Give actions/checkout: with: { fetch-depth: 0 }.';
  const hasToken = handedVariables({ job }).includes('GITHUB_TOKEN') || wanted.hasGitHubToken;
  return hasToken ? warning(`${found} without GitHub`, remedy) : fault(found, remedy);
}

/** Any right that is given takes away all that are not. */
function rights(where: string, { job, workflow, wanted }: Read): (Finding | null)[] {
  const given = job.permissions ?? workflow.permissions;
  if (typeof given !== 'object' || given === null) return [];
  const of = (name: string) => String((given as Readonly<Record<string, unknown>>)[name] ?? 'none');
  const lacks = (name: string, level: string) =>
    of(name) === 'none' || (level === 'write' && of(name) !== 'write');
  const remedy = (name: string, level: string) => `Add ${name}: ${level} to its permissions.`;
  return [
    lacks('contents', 'read')
      ? fault(`${where} may not read the repository`, remedy('contents', 'read'))
      : null,
    wanted.lock === 'github' && lacks('actions', 'read')
      ? fault(`${where} may not read the runs that are the lane’s lock`, remedy('actions', 'read'))
      : null,
    wanted.showsDeployments && lacks('deployments', 'write')
      ? warning(`${where} may not show deployments`, remedy('deployments', 'write'))
      : null,
  ];
}

/** GitHub hands a step no secret by itself. */
function handed(where: string, { job, workflow, wanted }: Read): Finding | null {
  const names = handedVariables({ job, workflow });
  const missing = [...wanted.variables, wanted.killSwitch].filter((name) => !names.includes(name));
  if (missing.length === 0) return null;
  return fault(
    `${where} is not handed ${missing.join(', ')}`,
    `Add to the step’s env: ${missing.map((name) => `${name}: \${{ ${name === wanted.killSwitch ? 'vars' : 'secrets'}.${name} }}`).join(', ')}`,
  );
}

function handedVariables({ job, workflow }: { job: WorkflowJob; workflow?: Workflow }): string[] {
  const steps = (job.steps ?? []).filter(deploys);
  const all = [workflow?.env, job.env, ...steps.map(({ env }) => env)];
  return all.flatMap((env) => Object.keys(env ?? {}));
}
