/**
 * Four short stories on the sandbox, told by the real binary, as CI would run it:
 * a commit goes live; of three stacked builds the middle one is superseded; a rollback holds the
 * next deploy until a person lifts it; a killed run is finished by the same command.
 *
 * Leaves the log and the repository in a temporary folder for the reader to explore.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type RunningSandbox, startSandbox } from '../src/sandbox/server.ts';

const binary = resolve(import.meta.dirname, '../bin/pipeline.js');
const root = mkdtempSync(join(tmpdir(), 'lockstep-demo-'));
const folder = join(root, 'repository');
/** Outside of the checkout, as on a disk that CI keeps. */
const store = `sqlite:${join(root, 'log.db')}`;
const say = (text = ''): void => void process.stdout.write(`${text}\n`);

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@acme.test'];
  return execFileSync('git', [...identity, '-C', folder, ...args], { encoding: 'utf8' }).trim();
}

function commit(title: string): string {
  writeFileSync(join(folder, 'app.txt'), `${title}\n`);
  git('add', '.');
  git('commit', '--quiet', '-m', title);
  return git('rev-parse', 'HEAD');
}

/** As CI does: each build's commit in a checkout of its own. */
function checkout(sha: string): string {
  const place = join(root, 'checkouts', sha.slice(0, 8));
  if (!existsSync(place)) git('worktree', 'add', '--quiet', '--detach', place, sha);
  return place;
}

interface Job {
  readonly process: ChildProcess;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<string>;
  /** Resolves when a line of the job's output contains the text. */
  saw(text: string): Promise<void>;
}

/** One CI job: `pipeline advance` for a build and its commit. */
function job(sandbox: RunningSandbox, args: readonly string[], label = '', cwd = folder): Job {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd,
    env: {
      ...process.env,
      ...sandbox.environment,
      PIPELINE_STORE: store,
      CI: 'true',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      say(`   ${label}${line}`);
      for (const watch of watchers) watch();
    });
  }
  const ended = new Promise<string>((done) => {
    child.on('close', (code, signal) => done(signal ?? String(code)));
  });
  const saw = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const watch = (): void => {
        if (!lines.some((line) => line.includes(text))) return;
        watchers.delete(watch);
        done();
      };
      watchers.add(watch);
      watch();
      void ended.then(() => fail(new Error(`the job ended without saying “${text}”`))).catch(fail);
    });
  return { process: child, ended, saw };
}

const advance = (sandbox: RunningSandbox, build: number, sha: string, label = ''): Job =>
  job(
    sandbox,
    ['advance', '--build', String(build), '--commit', sha, '--branch', 'master'],
    label,
    checkout(sha),
  );

async function expectExit(run: Job, code: string): Promise<void> {
  const ended = await run.ended;
  if (ended !== code)
    throw new Error(`expected the job to end with ${code}, it ended with ${ended}`);
}

async function tell(sandbox: RunningSandbox): Promise<void> {
  say('1. A commit goes live');
  const first = commit('Greet people by name');
  await expectExit(advance(sandbox, 501, first), '0');

  say('\n2. Of three stacked builds the middle one is superseded');
  const [a, b, c] = [commit('Sort the list'), commit('Fix a typo'), commit('Show the total')];
  const running = advance(sandbox, 502, a, '502 | ');
  await running.saw('took lane');
  const middle = advance(sandbox, 503, b, '503 | ');
  await middle.saw('waiting');
  const newest = advance(sandbox, 504, c, '504 | ');
  for (const run of [running, middle, newest]) await expectExit(run, '0');

  say('\n3. Production was rolled back: the next deploy is held until a person lifts it');
  sandbox.control.rollback({ app: 'acme-production', byUser: 'ana@acme.test' });
  const held = commit('Try again');
  await expectExit(advance(sandbox, 505, held), '0');
  const id = `505-${held.slice(0, 8)}`;
  await expectExit(
    job(sandbox, ['resume', id, '--branch', 'master', '--reason', 'the cause is fixed']),
    '0',
  );

  say('\n4. A run is killed in the middle; the same command finishes it');
  const killed = commit('Speed up search');
  const doomed = advance(sandbox, 506, killed);
  await doomed.saw('staging build');
  doomed.process.kill('SIGKILL');
  await doomed.ended;
  say('   (killed)');
  await expectExit(advance(sandbox, 506, killed), '0');

  say('\nWhere things stand');
  await expectExit(job(sandbox, ['status']), '0');
  say('\nThe first deploy, replayed from the log');
  await expectExit(job(sandbox, ['replay', `501-${first.slice(0, 8)}`]), '0');
}

const sandbox = await startSandbox({
  repositoryPath: folder,
  timing: { buildMs: 1_200, promotionMs: 300, dynoBootMs: 300 },
});
try {
  execFileSync('git', ['init', '--quiet', '--initial-branch=master', folder]);
  writeFileSync(
    join(folder, 'pipeline.yml'),
    `app: acme-web
branch: master
repository: https://github.com/acme/web
staging:
  heroku: { app: acme-staging }
  verify:
    dynos: { settle: 500ms }
    endpoints:
      - { url: "${sandbox.urls.staging}/", revision: { header: x-revision } }
production:
  heroku: { app: acme-production }
  verify:
    dynos: { settle: 500ms }
    endpoints:
      - { url: "${sandbox.urls.production}/", revision: { header: x-revision } }
notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`,
  );
  await tell(sandbox);
  say(`
The log is yours to explore:
  cd ${folder}
  export PIPELINE_STORE='${store}'
  node ${binary} status
  node ${binary} log 505
  node ${binary} replay 506`);
} finally {
  await sandbox.close();
}
