/** What a set-up would write, what it leaves as it is, and what is left to a person: pure. */
import type { Answers } from './answers.ts';
import type { CiPart } from './ci-part.ts';
import { circleCiPart, contextName } from './circleci-file.ts';
import { ownFolder, type RepositoryFacts } from './facts.ts';
import { gitHubPart } from './github-file.ts';
import { programOf, variablesOf } from './jobs.ts';
import { pipelineFile } from './pipeline-file.ts';

export interface PlannedFile {
  readonly path: string;
  /** `differs`: it is there and says something else. Only a person may have it overwritten. */
  readonly action: 'write' | 'add' | 'keep' | 'differs';
  readonly before: string | null;
  /** As it is to be; for what is kept, as it is. */
  readonly text: string;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  readonly byHand: readonly Extract<CiPart, { kind: 'shown' }>[];
  /** What is left to do, in order, a line each. */
  readonly todo: readonly string[];
}

export function plan(answers: Answers, facts: RepositoryFacts): Plan {
  const part = ciPart(answers, facts);
  const files = [
    pipeline(pipelineFile(answers, facts), facts.pipelineFile),
    ...fileOf(part, facts),
    ...ignored(facts),
  ];
  const byHand = part?.kind === 'shown' ? [part] : [];
  return { files, byHand, todo: todo(answers, facts, { files, byHand }) };
}

function ciPart(answers: Answers, facts: RepositoryFacts): CiPart | null {
  if (answers.ci === null) return null;
  return answers.ci === 'circleci' ? circleCiPart(answers, facts) : gitHubPart(answers, facts);
}

function pipeline(text: string, before: string | null): PlannedFile {
  const path = 'pipeline.yml';
  if (before === null) return { path, action: 'write', before, text };
  return { path, action: before === text ? 'keep' : 'differs', before, text };
}

function fileOf(part: CiPart | null, { circleci, workflows }: RepositoryFacts): PlannedFile[] {
  if (part === null || part.kind === 'shown') return [];
  const files = [...(circleci === null ? [] : [circleci]), ...workflows];
  const before = files.find(({ path }) => path === part.path)?.text ?? null;
  if (part.kind === 'there') {
    return [{ path: part.path, action: 'keep', before, text: before ?? '' }];
  }
  return [
    { path: part.path, action: part.kind === 'new' ? 'write' : 'add', before, text: part.text },
  ];
}

/** A log that somebody keeps on this machine, and Lockstep's own packages, are no part of the app. */
function ignored({ gitignore, installed }: RepositoryFacts): PlannedFile[] {
  const lines = (gitignore ?? '').split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, ''));
  const wanted = [
    ...(lines.includes('.pipeline') ? [] : ['.pipeline/']),
    ...(installed !== 'folder' ||
    lines.includes('node_modules') ||
    lines.includes(`${ownFolder}/node_modules`)
      ? []
      : [`${ownFolder}/node_modules/`]),
  ];
  if (wanted.length === 0) return [];
  const path = '.gitignore';
  const text = `${gitignore ?? ''}${gitignore === null || gitignore.endsWith('\n') || gitignore === '' ? '' : '\n'}${wanted.join('\n')}\n`;
  return [{ path, action: gitignore === null ? 'write' : 'add', before: gitignore, text }];
}

function todo(
  answers: Answers,
  facts: RepositoryFacts,
  { files, byHand }: Pick<Plan, 'files' | 'byHand'>,
): string[] {
  const { tokens, channel, staging, production, ci, branch } = answers;
  const changed = files.filter(({ action }) => action === 'write' || action === 'add');
  const secrets = variablesOf(tokens, channel);
  const where =
    ci === 'circleci'
      ? `In CircleCI, make the context ${contextName}, restricted to pipeline.git.branch == "${branch}" and not job.ssh.enabled, with`
      : ci === 'github'
        ? `On GitHub, make the environment production, which only ${branch} may deploy, with the secrets`
        : 'Where your CI keeps secrets, set';
  const also =
    ci === 'github'
      ? 'and the variable PRODUCTION_CD_ENABLED=true'
      : 'and PRODUCTION_CD_ENABLED=true';
  return [
    ...(facts.installed === null
      ? [
          'Install Lockstep in the repository: docs/install.md shows how, with and without packages of Node.',
        ]
      : []),
    ...byHand.map(({ path }) => `Add the deploy job to ${path}, as shown above.`),
    ...(ci === null
      ? [
          'Run `advance` after the tests, in builds of the branch only: init --ci circleci or github writes that job.',
        ]
      : []),
    `${where} ${secrets.join(', ')} ${also}. PIPELINE_STORE=postgres://… is the log: a PostgreSQL database that every job reaches.`,
    ...([staging, production].some(({ endpoint }) => endpoint === null)
      ? ['Give pipeline.yml endpoints that tell whether the app is well.']
      : []),
    ...answers.todo,
    ...(changed.length === 0
      ? []
      : [
          `Commit, with Lockstep’s own package where it is new${facts.installed === 'folder' ? ' (.lockstep)' : ' (package.json, the lock file, the .tgz)'}: git add ${changed.map(({ path }) => path).join(' ')} && git commit -m "Deploy with Lockstep"`,
        ]),
    `Check all of it before the first deploy: ${programOf(facts)} doctor`,
  ];
}
