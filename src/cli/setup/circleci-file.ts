/** The deploy job on CircleCI: a configuration of its own, or added to the one that is there. */
import { parse, stringify } from 'yaml';
import type { Answers } from './answers.ts';
import type { CiPart } from './ci-part.ts';
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

interface Invoked {
  readonly name: string;
  readonly requires: readonly string[];
  readonly isApproval: boolean;
  readonly runsOnBranch: boolean;
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
  if (runsLockstep.test(file.text)) return { kind: 'there', path: file.path };
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
  const last = lastOf(list.map((one) => invoked(one, answers.branch)));
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

function invoked(entry: unknown, branch: string): Invoked {
  if (typeof entry === 'string') {
    return { name: entry, requires: [], isApproval: false, runsOnBranch: true };
  }
  const [job = '', settings] = Object.entries((entry ?? {}) as Record<string, unknown>)[0] ?? [];
  const { name, requires, type, filters, matrix } = (settings ?? {}) as {
    name?: string;
    requires?: readonly (string | object)[];
    type?: string;
    filters?: unknown;
    matrix?: { alias?: string };
  };
  return {
    name: matrix?.alias ?? name ?? job,
    requires: (requires ?? []).map((one) =>
      typeof one === 'string' ? one : (Object.keys(one)[0] ?? ''),
    ),
    isApproval: type === 'approval',
    runsOnBranch: matches(filters, branch),
  };
}

/** A filter that is not understood leaves the job out: nothing is taken for tested by it. */
function matches(filters: unknown, branch: string): boolean {
  if (filters === undefined || filters === null) return true;
  if (typeof filters !== 'object') return false;
  const { branches } = filters as { branches?: { only?: unknown; ignore?: unknown } };
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]).map(String);
  if (branches?.only !== undefined) return list(branches.only).some((one) => isOf(one, branch));
  if (branches?.ignore !== undefined)
    return !list(branches.ignore).some((one) => isOf(one, branch));
  return true;
}

/** A name, or a regular expression between slashes (circleci.com/docs, configuration reference, `branches`). */
function isOf(pattern: string, branch: string): boolean {
  const inner = /^\/(.*)\/$/.exec(pattern)?.[1];
  if (inner === undefined) return pattern === branch;
  try {
    return new RegExp(`^(?:${inner})$`).test(branch);
  } catch {
    return false;
  }
}

/** Those that run on the branch, and that no other of them waits for. */
function lastOf(all: readonly Invoked[]): Invoked[] {
  const here = all.filter(({ runsOnBranch }) => runsOnBranch);
  return here.filter(({ name }) => !here.some(({ requires }) => requires.includes(name)));
}
