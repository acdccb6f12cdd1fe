/**
 * The install page, by a script that does only what it says: in an empty repository, against a fresh sandbox, as
 * CircleCI and as GitHub Actions. What needs a vendor's own command, a registry or a remote stands in a list here.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { binary, Stage } from './stage.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/install.md'), 'utf8');

type Ci = 'circleci' | 'github';

/** The page's command lines for that CI, in their order; those without a name are for both. */
const commandsFor = (ci: Ci): string[] =>
  [...page.matchAll(/^```sh ?(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === '' || name === ci)
    .flatMap(([, , lines = '']) => lines.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');

/** Done by others: a registry, Heroku, the CIs, a remote. What they lead to, the stage has. */
const elsewhere = [
  /^npm install --save-dev \.\/lockstep-0\.1\.0\.tgz$/,
  /^mkdir \.lockstep && mv lockstep-0\.1\.0\.tgz \.lockstep\/$/,
  /^npm install --prefix \.lockstep \.lockstep\/lockstep-0\.1\.0\.tgz$/,
  /^export HEROKU_API_KEY=\$\(heroku authorizations:create .*\)$/,
  /^circleci context (create|store-secret) lockstep\b/,
  /^gh (secret|variable) set --env production [A-Z_]+( --body true)?$/,
];

async function emptyRepository(): Promise<Stage> {
  const stage = await Stage.set({ within: true });
  for (const name of ['pipeline.yml', '.gitignore']) rmSync(join(stage.folder, name));
  stage.git('remote', 'add', 'origin', 'git@github.com:acme/web.git');
  // As npm installs it into the folder of its own.
  mkdirSync(join(stage.folder, '.lockstep/node_modules/.bin'), { recursive: true });
  stage.write('.lockstep/package.json', '{"dependencies":{"lockstep":"file:lockstep-0.1.0.tgz"}}');
  symlinkSync(binary, join(stage.folder, '.lockstep/node_modules/.bin/lockstep'));
  return stage;
}

/** A person's shell: no CI. */
const shell = { CI: undefined };

/** The deploy job as the CI's configuration has it: its last command, and the variables that it is handed. */
function jobOf(stage: Stage, ci: Ci): { command: string; env: Record<string, string> } {
  const file = { circleci: '.circleci/config.yml', github: '.github/workflows/deploy.yml' }[ci];
  const { jobs } = parse(readFileSync(join(stage.folder, file), 'utf8'));
  const { run, env = {} } = jobs.deploy.steps.at(-1);
  const secrets: Record<string, string> = {
    ...stage.sandbox.environment,
    PIPELINE_STORE: stage.storeUrl,
  };
  const filled = Object.entries<string>(env).map(([name, value]) => {
    const [, by = ''] = /^\$\{\{ (?:secrets|vars)\.(\w+) \}\}$/.exec(value) ?? [];
    return [name, secrets[by === '' ? name : by] ?? ''];
  });
  return { command: run.command ?? run, env: Object.fromEntries(filled) };
}

/** What the CIs set by themselves (their documentation of the environment). */
const variablesOf = (ci: Ci, sha: string): Record<string, string> =>
  ci === 'circleci'
    ? {
        ...{ CI: 'true', CIRCLECI: 'true', CIRCLE_BRANCH: 'master', CIRCLE_SHA1: sha },
        ...{ CIRCLE_BUILD_NUM: '502', CIRCLE_JOB: 'deploy', CIRCLE_WORKFLOW_ID: 'w-1' },
      }
    : {
        ...{ CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_SHA: sha, GITHUB_REF: 'refs/heads/master' },
        ...{ GITHUB_REF_NAME: 'master', GITHUB_EVENT_NAME: 'push', GITHUB_RUN_NUMBER: '88' },
        ...{ GITHUB_RUN_ID: '7', GITHUB_REPOSITORY: 'acme/web', GITHUB_JOB: 'deploy' },
        ...{ GITHUB_SERVER_URL: 'https://github.com', GITHUB_WORKFLOW: 'Deploy' },
      };

/** The CI takes the job up: its command, in a shell as the CI starts one, in a checkout of the commit. */
async function pushed(stage: Stage, ci: Ci): Promise<string> {
  const sha = stage.git('rev-parse', 'HEAD');
  const { command, env } = jobOf(stage, ci);
  const checkout = stage.checkout(sha);
  mkdirSync(join(checkout, '.lockstep/node_modules/.bin'), { recursive: true });
  symlinkSync(binary, join(checkout, '.lockstep/node_modules/.bin/lockstep'));
  const handed = ci === 'circleci' ? {} : { PIPELINE_STORE: undefined, ...env };
  const job = stage.startProgram(
    ['bash', '-eo', 'pipefail', '-c', command],
    { ...variablesOf(ci, sha), ...handed },
    checkout,
  );
  const { exit, stdout, stderr } = await job.ended;
  expect(exit, stdout + stderr).toBe(0);
  return stdout;
}

/** One line of the page. @returns what it printed */
async function typed(stage: Stage, line: string, ci: Ci): Promise<string> {
  if (elsewhere.some((one) => one.test(line))) return '';
  if (line === 'git push') return pushed(stage, ci);
  const [, message] = /^git add \. && git commit -m "(.*)"$/.exec(line) ?? [];
  if (message !== undefined) {
    stage.git('add', '.');
    stage.git('commit', '--quiet', '-m', message);
    return '';
  }
  const [program, ...args] = line.split(' ');
  expect(program, `${line} is no command that this test knows`).toBe('lockstep');
  const { exit, stdout, stderr } = await stage.run(args, shell);
  expect(exit, `${line}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** Both at once: what each waits for is that its instances stay up, as the file that `init` writes says. */
describe('the install page', { timeout: 120_000 }, () => {
  it.concurrent.each(['circleci', 'github'] as const)('leads to production, on %s', async (ci) => {
    const stage = await emptyRepository();
    try {
      const lines = commandsFor(ci);
      const ours = lines.filter((line) => line.startsWith('lockstep'));
      expect(ours.map((line) => line.split(' ')[1])).toEqual([
        ...['init', 'doctor', 'advance', 'status'],
      ]);
      const printed: string[] = [];
      for (const line of lines) printed.push(`$ ${line}\n${await typed(stage, line, ci)}`);
      const sha = stage.git('rev-parse', 'HEAD');
      for (const app of ['acme-staging', 'acme-production']) {
        const current = stage.state().apps[app]?.releases.find((one) => one.current);
        expect(current?.commit, printed.join('\n')).toBe(sha);
      }
      // Nothing was edited by hand: the working tree is as the page's commands left it.
      expect(stage.git('status', '--porcelain')).toBe('');
      if (process.env.LOCKSTEP_TRANSCRIPT !== undefined) process.stdout.write(printed.join('\n'));
    } finally {
      await stage.strike();
    }
  });
});
