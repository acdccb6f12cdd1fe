/** The deploy job on CircleCI: a configuration of its own, or added to the one that is there. */
import { parse, stringify } from 'yaml';
import type { Answers } from './answers.ts';
import type { CiPart } from './ci-part.ts';
import { entriesOf, type Invoked, isOfBranch } from './circleci-workflow.ts';
import type { CiFile, RepositoryFacts } from './facts.ts';
import { insert } from './insert.ts';
import {
  advanceCommand,
  installCommand,
  looksLikeDeploy,
  nodeImage,
  rubyImage,
  runsLockstep,
  serialName,
  testJobOf,
} from './jobs.ts';

const circleCiPath = '.circleci/config.yml';
export const contextName = 'lockstep';

export function circleCiPart(answers: Answers, facts: RepositoryFacts): CiPart {
  const existing = facts.circleci;
  if (existing === null) return { kind: 'new', path: circleCiPath, text: newFile(answers, facts) };
  return addedTo(existing, answers, facts);
}

const deployJob = (facts: RepositoryFacts) => ({
  docker: [{ image: nodeImage }],
  steps: [
    'checkout',
    { run: installCommand(facts) },
    { run: { name: 'Deploy', command: advanceCommand(facts) } },
  ],
});

const invocation = ({ app, branch }: Answers, requires: readonly string[]) => ({
  deploy: {
    requires: [...requires],
    context: [contextName],
    filters: { branches: { only: branch } },
    'serial-group': serialName(app),
  },
});

const jobComment = ['exec: so that the signal of a cancelled job reaches Lockstep.'];
const invocationComment = [
  `The context ${contextName} holds the variables. One deploy at a time: the others wait without a runner.`,
];

function newFile(answers: Answers, facts: RepositoryFacts): string {
  const { commands, isFound } = testJobOf(facts);
  const test = {
    docker: [{ image: facts.language === 'ruby' ? rubyImage : nodeImage }],
    steps: ['checkout', ...commands.map((command) => ({ run: command }))],
  };
  const jobs = [
    'jobs:',
    ...(isFound ? [] : ['  # Nothing is deployed unless this job passes.']),
    ...block({ test }, 2),
    ...jobComment.map((line) => `  # ${line}`),
    ...block({ deploy: deployJob(facts) }, 2),
  ];
  const workflow = [
    'workflows:',
    '  main:',
    '    jobs:',
    '      - test',
    ...invocationComment.map((line) => `      # ${line}`),
    ...block([invocation(answers, ['test'])], 6),
  ];
  return `${['version: 2.1', '', ...jobs, '', ...workflow].join('\n')}\n`;
}

function block(value: unknown, indent: number): string[] {
  const text = stringify(value, { lineWidth: 0 }).trimEnd();
  return text.split('\n').map((line) => `${' '.repeat(indent)}${line}`);
}

interface Configuration {
  readonly version?: unknown;
  readonly setup?: unknown;
  readonly jobs?: Readonly<Record<string, unknown>>;
  readonly workflows?: Readonly<Record<string, unknown>>;
}

function addedTo(file: CiFile, answers: Answers, facts: RepositoryFacts): CiPart {
  const shown = (why: string, requires: readonly string[] = ['test']): CiPart => ({
    kind: 'shown',
    path: file.path,
    why,
    text: [
      ...block({ jobs: { deploy: deployJob(facts) } }, 0),
      '# and in the workflow that tests:',
      ...block([invocation(answers, requires)], 0),
    ].join('\n'),
  });
  if (runsLockstep(file.text)) return { kind: 'there', path: file.path };
  let config: Configuration;
  try {
    config = (parse(file.text) ?? {}) as Configuration;
  } catch {
    return shown('it cannot be read as YAML');
  }
  const { jobs = {}, workflows = {}, setup } = config;
  if (setup === true) return shown('it is a setup configuration, which makes another one');
  const deploying = Object.entries(jobs).find(([name, job]) =>
    looksLikeDeploy(`${name} ${JSON.stringify(job)}`, answers.deployWords),
  );
  if (deploying !== undefined) {
    return shown(`its job ${deploying[0]} seems to deploy: put this in its place`);
  }
  const named = Object.entries(workflows).filter(([name]) => name !== 'version');
  const [only] = named;
  if (named.length !== 1 || only === undefined) {
    return shown(`it has ${named.length} workflows, of which one tests what is to be deployed`);
  }
  const [name, workflow] = only;
  const { jobs: list, ...conditions } = workflow as { jobs?: unknown };
  if (!Array.isArray(list)) return shown(`its workflow ${name} has no list of jobs`);
  if (Object.keys(conditions).length > 0) {
    return shown(
      `its workflow ${name} runs under conditions (${Object.keys(conditions).join(', ')})`,
    );
  }
  const last = lastOf(entriesOf(list), answers.branch);
  if (last.length === 0)
    return shown(`its workflow ${name} has no job that tests ${answers.branch}`);
  if (last.some(({ isApproval }) => isApproval)) {
    return shown(`its workflow ${name} ends with an approval`);
  }
  const requires = last.map((one) => one.name);
  const text = insert(file.text, [
    { path: ['jobs'], key: 'deploy', value: deployJob(facts), comment: jobComment },
    {
      path: ['workflows', name, 'jobs'],
      key: null,
      value: invocation(answers, requires),
      comment: invocationComment,
    },
  ]);
  if (text === null) return shown('it is written in a way that is not added to', requires);
  return { kind: 'added', path: file.path, text };
}

/** Those that run on the branch, and that no other of them waits for. */
function lastOf(all: readonly Invoked[], branch: string): Invoked[] {
  const here = all.filter(({ filters }) => isOfBranch(filters, branch));
  return here.filter(({ name }) => !here.some(({ requires }) => requires.includes(name)));
}
