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
/** By its path: the `node` of the reader's shell may be too old. */
const node = process.execPath;
const root = mkdtempSync(join(tmpdir(), 'lockstep-demo-'));
const folder = join(root, 'repository');
/** Outside of the checkout, as on a disk that CI keeps. */
const store = `sqlite:${join(root, 'log.db')}`;
const say = (text = ''): void => void process.stdout.write(`${text}\n`);

/** Who is on call, as git on their machine knows them: it is their checkout. */
const person = { name: 'Bo Berg', email: 'bo@acme.test' };

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

interface JobOptions {
  /** Before each line of its output. */
  readonly label?: string;
  readonly cwd?: string;
  /** False: a person runs it in a shell. */
  readonly ci?: boolean;
}

/** One run of `pipeline`, as a job of a CI unless that is said. */
function job(
  sandbox: RunningSandbox,
  args: readonly string[],
  { label = '', cwd = folder, ci = true }: JobOptions = {},
): Job {
  const { CI: _, ...shell } = process.env;
  const child = spawn(process.execPath, [binary, ...args], {
    cwd,
    env: {
      ...shell,
      ...sandbox.environment,
      ...(ci ? { CI: 'true' } : {}),
      PIPELINE_STORE: store,
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
  job(sandbox, ['advance', '--build', String(build), '--commit', sha, '--branch', 'master'], {
    label,
    cwd: checkout(sha),
  });

async function expectExit(run: Job, code: string): Promise<void> {
  const ended = await run.ended;
  if (ended !== code)
    throw new Error(`expected the job to end with ${code}, it ended with ${ended}`);
}

/** The newest message of these words, as Slack was sent it. */
function showSlackMessage(sandbox: RunningSandbox, words: string): void {
  const messages = sandbox.slackMessages() as { text: string; blocks: unknown }[];
  const message = messages.findLast(({ text }) => text.includes(words));
  if (message === undefined) throw new Error(`Slack was sent no message with “${words}”`);
  const { text, blocks } = message;
  say('\n   What Slack was sent of that, as it was sent:');
  for (const line of JSON.stringify({ text, blocks }, null, 2).split('\n')) say(`   ${line}`);
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
  say(`   (${person.name} lifts it, in a shell)`);
  await expectExit(
    job(sandbox, ['resume', id, '--reason', 'the cause is fixed'], { ci: false }),
    '0',
  );
  showSlackMessage(sandbox, `resumed by ${person.name}`);

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
  git('config', 'user.name', person.name);
  git('config', 'user.email', person.email);
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
  ${node} ${binary} status
  ${node} ${binary} log 505
  ${node} ${binary} replay 506`);
} finally {
  await sandbox.close();
}
