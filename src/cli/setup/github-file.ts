/** The deploy job on GitHub Actions: a workflow of its own, or added to the one that tests. */
import { stringify } from 'yaml';
import type { Answers } from './answers.ts';
import type { CiPart } from './ci-part.ts';
import type { CiFile, RepositoryFacts } from './facts.ts';
import { cancels, eventOf, readWorkflow } from './github-workflow.ts';
import { insert } from './insert.ts';
import {
  advanceCommand,
  installCommand,
  looksLikeDeploy,
  runsLockstep,
  serialName,
  testJobOf,
  variablesOf,
} from './jobs.ts';

const workflowPath = '.github/workflows/deploy.yml';

export function gitHubPart(answers: Answers, facts: RepositoryFacts): CiPart {
  const { workflows } = facts;
  const there = workflows.find(({ text }) => runsLockstep(text));
  if (there !== undefined) return { kind: 'there', path: there.path };
  const onPush = workflows.filter(({ text }) => isOnPush(text));
  const [only] = onPush;
  if (onPush.length === 1 && only !== undefined) return addedTo(only, answers, facts);
  const text = newFile(answers, facts);
  const isTaken = workflows.some(({ path }) => path === workflowPath);
  if (onPush.length === 0 && !isTaken) return { kind: 'new', path: workflowPath, text };
  return {
    kind: 'shown',
    path: isTaken ? workflowPath : (only?.path ?? workflowPath),
    why:
      onPush.length === 0
        ? 'it is there already'
        : `${onPush.map(({ path }) => path).join(' and ')} run at a push: add this to the one that tests what is to be deployed`,
    text: fragment(deployJob(answers, facts, ['test'])),
  };
}

/** As GitHub fills it in when the job runs. */
const filledIn = (expression: string): string => `\${{ ${expression} }}`;

function deployJob(
  { app, branch, tokens, channel }: Answers,
  facts: RepositoryFacts,
  needs: readonly string[],
) {
  const secrets = variablesOf(tokens, channel);
  return {
    needs: [...needs],
    if: `github.event_name == 'push' && github.ref == 'refs/heads/${branch}'`,
    'runs-on': 'ubuntu-latest',
    // Its rules and secrets apply; what is deployed, and what became of it, Lockstep shows.
    environment: { name: 'production', deployment: false },
    concurrency: { group: serialName(app), 'cancel-in-progress': false },
    permissions: {
      contents: 'read',
      actions: 'read',
      deployments: 'write',
      'pull-requests': 'read',
    },
    steps: [
      { uses: 'actions/checkout@v6', with: { 'fetch-depth': 0 } },
      { uses: 'actions/setup-node@v4', with: { 'node-version': 24 } },
      { run: installCommand(facts) },
      {
        name: 'Deploy',
        run: advanceCommand(facts),
        env: {
          ...Object.fromEntries(secrets.map((name) => [name, filledIn(`secrets.${name}`)])),
          PRODUCTION_CD_ENABLED: filledIn('vars.PRODUCTION_CD_ENABLED'),
          GITHUB_TOKEN: filledIn('github.token'),
        },
      },
    ],
  };
}

const comment = [
  'A run that deploys is not cancelled by the next one, which waits; exec lets the cancel button’s signal reach Lockstep.',
  'What a deploy did stands in the summary of its run.',
];

function newFile(answers: Answers, facts: RepositoryFacts): string {
  const { commands, isFound } = testJobOf(facts);
  const setUp =
    facts.language === 'ruby'
      ? [{ uses: 'ruby/setup-ruby@v1', with: { 'bundler-cache': true } }]
      : [{ uses: 'actions/setup-node@v4', with: { 'node-version': 24 } }];
  const run = facts.language === 'ruby' ? commands.slice(1) : commands;
  const test = {
    'runs-on': 'ubuntu-latest',
    steps: [
      { uses: 'actions/checkout@v6' },
      ...(isFound ? setUp : []),
      ...run.map((command) => ({ run: command })),
    ],
  };
  return [
    'name: Deploy',
    ...block({ on: { push: { branches: [answers.branch] }, pull_request: {} } }, 0),
    'permissions: { contents: read }',
    'jobs:',
    ...(isFound ? [] : ['  # Nothing is deployed unless this job passes.']),
    ...block({ test }, 2),
    ...comment.map((line) => `  # ${line}`),
    ...block({ deploy: deployJob(answers, facts, ['test']) }, 2),
    '',
  ].join('\n');
}

function block(value: unknown, indent: number): string[] {
  const text = stringify(value, { lineWidth: 0 }).trimEnd();
  return text.split('\n').map((line) => `${' '.repeat(indent)}${line}`.trimEnd());
}

const fragment = (job: object): string => block({ jobs: { deploy: job } }, 0).join('\n');

const isOnPush = (text: string): boolean => eventOf(readWorkflow(text)?.on, 'push') !== null;

function addedTo(file: CiFile, answers: Answers, facts: RepositoryFacts): CiPart {
  const shown = (why: string, needs: readonly string[] = ['test']): CiPart => ({
    kind: 'shown',
    path: file.path,
    why,
    text: fragment(deployJob(answers, facts, needs)),
  });
  const workflow = readWorkflow(file.text);
  const push = eventOf(workflow?.on, 'push');
  if (workflow === null || push === null) return shown('it cannot be read as a workflow');
  if (push.paths !== undefined || push['paths-ignore'] !== undefined) {
    return shown('it runs for some paths only, and a deploy is of the whole commit');
  }
  const branches = push.branches === undefined ? null : [push.branches].flat().map(String);
  if (
    push['branches-ignore'] !== undefined ||
    (branches !== null && !branches.includes(answers.branch))
  ) {
    return shown(`its pushes are not of ${answers.branch}, or not clearly`);
  }
  if (cancels(workflow.concurrency)) {
    return shown('its concurrency cancels runs that are in progress, and would cancel a deploy');
  }
  const jobs = Object.entries(workflow.jobs ?? {});
  const deploying = jobs.find(([name, job]) =>
    looksLikeDeploy(`${name} ${JSON.stringify(job)}`, answers.deployWords),
  );
  if (deploying !== undefined) {
    return shown(`its job ${deploying[0]} seems to deploy: put this in its place`);
  }
  const needed = jobs.flatMap(([, { needs = [] }]) => [needs].flat());
  const last = jobs.filter(([name, job]) => !needed.includes(name) && job.if === undefined);
  if (last.length === 0) return shown('it has no job that always tests');
  const needs = last.map(([name]) => name);
  const value = deployJob(answers, facts, needs);
  const text = insert(file.text, [{ path: ['jobs'], key: 'deploy', value, comment }]);
  if (text === null) return shown('it is written in a way that is not added to', needs);
  return { kind: 'added', path: file.path, text };
}
