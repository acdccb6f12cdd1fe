/**
 * A stage for the real command: the sandbox over HTTP, a real git repository, a store file outside of
 * it, a checkout a build, and `pipeline` as a process. When it is struck, nothing secret may be found in what was left behind.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import {
  createTokens,
  type RunningSandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/server.ts';
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { CommandHere } from '../cli/command-here.ts';

export const binary = resolve(import.meta.dirname, '../../bin/pipeline.js');

export interface Ended {
  /** The exit code, or the signal's name. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that goes on beside the test. */
export interface Run {
  readonly ended: Promise<Ended>;
  /** Resolves when the output has the text; rejects when the run ends without it. */
  saw(text: string): Promise<void>;
}

export interface Job extends Run {
  readonly process: ChildProcess;
}

export interface StageOptions {
  /** Lines put into pipeline.yml in place of the usual ones. */
  readonly config?: (urls: RunningSandbox['urls']) => string;
  readonly timing?: SandboxOptions['timing'];
  /** Of Heroku's two apps. */
  readonly generations?: SandboxOptions['generations'];
  /** Where the log is kept; in a file beside the repository when left out. */
  readonly store?: string;
  /** The sandbox's first port; any free ones when left out. */
  readonly port?: number;
  /**
   * `run` and `advance` carry a command out within this process, at less than half of the price: for what
   * a command says, decides and refuses. `start` and `startAdvance` are processes all the same.
   */
  readonly within?: boolean;
}

export class Stage {
  readonly sandbox: RunningSandbox;
  /** The repository. */
  readonly folder: string;
  readonly storeUrl: string;
  /** The log, where nothing else was asked for: beside the repository, on a disk that is kept. */
  readonly logFile: string;
  readonly #root: string;
  /** Everything that any job printed. */
  #printed = '';
  readonly #jobs = new Set<ChildProcess>();
  readonly #isWithin: boolean;

  private constructor(sandbox: RunningSandbox, root: string, options: StageOptions) {
    this.sandbox = sandbox;
    this.#root = root;
    this.folder = join(root, 'repository');
    this.logFile = join(root, 'log/log.db');
    this.storeUrl = options.store ?? `sqlite:${this.logFile}`;
    this.#isWithin = options.within ?? false;
  }

  static async set(options: StageOptions = {}): Promise<Stage> {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'lockstep-stage-')));
    mkdirSync(join(root, 'repository'));
    const sandbox = await startSandbox({
      repositoryPath: join(root, 'repository'),
      tokens,
      ...(options.port === undefined ? {} : { port: options.port }),
      generations: options.generations ?? {},
      timing: {
        buildMs: 150,
        releasePhaseMs: 50,
        promotionMs: 50,
        dynoBootMs: 50,
        ...options.timing,
      },
    });
    const stage = new Stage(sandbox, root, options);
    stage.git('init', '--quiet', '--template=', '--initial-branch=master');
    stage.write('.gitignore', '.pipeline/\n');
    stage.write('pipeline.yml', options.config?.(sandbox.urls) ?? defaultConfig(sandbox.urls));
    return stage;
  }

  git(...args: string[]): string {
    return execFileSync('git', [...gitSettings, '-C', this.folder, ...args], {
      encoding: 'utf8',
    }).trim();
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Commits a change with this message, byte for byte. */
  commit(message: string | Uint8Array): string {
    this.write('app.txt', `${Math.random()}\n`);
    // Through a shell: each process that is started from here is a copy of all that a worker has in memory.
    const both = 'git "$@" add . && exec git "$@" commit --quiet --cleanup=verbatim -F -';
    execFileSync('sh', ['-c', both, 'sh', ...gitSettings, '-C', this.folder], { input: message });
    return this.#head();
  }

  /** What is checked out in the repository's own folder. */
  #head(): string {
    const read = (name: string) => readFileSync(join(this.folder, '.git', name), 'utf8').trim();
    const head = read('HEAD');
    return head.startsWith('ref: ') ? read(head.slice('ref: '.length)) : head;
  }

  /** A folder of its own in which the commit is checked out, as a CI makes one for each build. */
  checkout(commit: string): string {
    const folder = this.#checkoutOf(commit);
    if (!existsSync(folder)) {
      this.git('worktree', 'add', '--quiet', '--force', '--detach', folder, commit);
    }
    return folder;
  }

  #checkoutOf(commit: string): string {
    return join(this.#root, 'checkouts', commit.slice(0, 12));
  }

  /** Where the commit is checked out, for a command that is waited for: nothing is checked out meanwhile. */
  #placeOf(commit: string): string {
    const isHere = !existsSync(this.#checkoutOf(commit)) && this.#head() === commit;
    return isHere ? this.folder : this.checkout(commit);
  }

  /** Starts `pipeline` with these arguments, as CI would. A variable of `undefined` is not set. */
  start(
    args: readonly string[],
    env: Record<string, string | undefined> = {},
    folder = this.folder,
  ): Job {
    return this.startProgram(
      [process.execPath, binary, ...args, ...branchOf(args, env)],
      env,
      folder,
    );
  }

  /** Starts any program in the environment that `pipeline` has. */
  startProgram(
    [program = '', ...args]: readonly string[],
    env: Record<string, string | undefined>,
    folder = this.folder,
  ): Job {
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...this.#environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#jobs.add(child);
    let stdout = '';
    let stderr = '';
    let onPrint = (): void => {};
    const onText = (keep: (text: string) => void) => (chunk: Buffer) => {
      keep(chunk.toString());
      this.#printed += chunk.toString();
      onPrint();
    };
    child.stdout.on(
      'data',
      onText((text) => (stdout += text)),
    );
    child.stderr.on(
      'data',
      onText((text) => (stderr += text)),
    );
    const ended = new Promise<Ended>((done) => {
      child.on('close', (code, signal) => {
        this.#jobs.delete(child);
        done({ exit: signal ?? code ?? -1, stdout, stderr });
      });
    });
    const watched = watching(ended, () => stdout + stderr);
    onPrint = watched.look;
    return { process: child, ended, saw: watched.saw };
  }

  run(
    args: readonly string[],
    env: Record<string, string | undefined> = {},
    folder = this.folder,
  ): Promise<Ended> {
    return this.#isWithin ? this.runHere(args, env, folder) : this.start(args, env, folder).ended;
  }

  /** The same command within this process: where the process itself is not what is tested. */
  runHere(
    args: readonly string[],
    env: Record<string, string | undefined> = {},
    folder = this.folder,
  ): Promise<Ended> {
    return this.startHere(args, env, folder).ended;
  }

  /** The same, for a run that other processes are beside. */
  startHere(
    args: readonly string[],
    env: Record<string, string | undefined> = {},
    folder = this.folder,
  ): Run {
    const here = this.here();
    const ended = here.run([...args, ...branchOf(args, env)], env, folder).then((end) => {
      this.#printed += end.stdout + end.stderr;
      return end;
    });
    const { saw, look } = watching(ended, () => here.printed());
    here.onPrint = look;
    return { ended, saw };
  }

  here(): CommandHere {
    return new CommandHere(this.folder, this.#environment());
  }

  #environment(): Record<string, string> {
    return {
      HOME: this.#root,
      CI: 'true',
      ...this.sandbox.environment,
      PIPELINE_STORE: this.storeUrl,
    };
  }

  startAdvance(build: number, commit: string, env: Record<string, string | undefined> = {}): Job {
    return this.start(advanceOf(build, commit), env, this.checkout(commit));
  }

  startAdvanceHere(
    build: number,
    commit: string,
    env: Record<string, string | undefined> = {},
  ): Run {
    return this.startHere(advanceOf(build, commit), env, this.checkout(commit));
  }

  advance(
    build: number,
    commit: string,
    env: Record<string, string | undefined> = {},
  ): Promise<Ended> {
    return this.run(advanceOf(build, commit), env, this.#placeOf(commit));
  }

  advanceHere(
    build: number,
    commit: string,
    env: Record<string, string | undefined> = {},
  ): Promise<Ended> {
    return this.runHere(advanceOf(build, commit), env, this.#placeOf(commit));
  }

  /**
   * Stops a job, but not in the middle of a write: while SQLite's lock is a stopped process's, no
   * other can write at all (docs/guarantees.md), and nothing could be overtaken.
   */
  async stop({ process }: Job): Promise<void> {
    for (;;) {
      process.kill('SIGSTOP');
      if (isWritable(this.logFile)) return;
      process.kill('SIGCONT');
      await new Promise((later) => setTimeout(later, 10));
    }
  }

  /** An empty log, as an earlier `advance` leaves one: orders make none. */
  async makeLog(): Promise<void> {
    await (await openLog(this.storeUrl)).close();
  }

  /** A deploy's events, read by this process. */
  async events(build: number, commit: string): Promise<readonly RecordedEvent[]> {
    return this.read((log) => log.readStream(`deploy/${deployId(build, commit)}`));
  }

  async read<T>(look: (log: EventLog) => Promise<T>): Promise<T> {
    const log = await openLog(this.storeUrl, { readOnly: true });
    try {
      return await look(log);
    } finally {
      await log.close();
    }
  }

  /** How many events a deploy has so far; 0 while there is no log file. By a bare query: this is asked all the time. */
  eventCount(build: number, commit: string): number {
    let database: Database.Database | null = null;
    try {
      database = new Database(this.logFile, { readonly: true, fileMustExist: true });
      const count = database.prepare('select count(*) from events where stream = ?').pluck();
      return count.get(`deploy/${deployId(build, commit)}`) as number;
    } catch {
      return 0;
    } finally {
      database?.close();
    }
  }

  /** Whoever holds the lane stays in `verifying.settling` until it is let go. */
  hold(): void {
    this.sandbox.control.endpointDown({ app: 'acme-staging' });
  }

  letGo(): void {
    this.sandbox.control.endpointUp({ app: 'acme-staging' });
  }

  /** The vendors' side. */
  state(): ReturnType<RunningSandbox['state']> {
    return this.sandbox.state();
  }

  /** Every text that Slack was given, in order. */
  slackTexts(): string {
    return JSON.stringify(this.sandbox.slackMessages());
  }

  /** Ends what still runs, looks for secrets in all that is left, and clears the folder. */
  async strike(): Promise<void> {
    for (const job of this.#jobs) job.kill('SIGKILL');
    const traces = [this.#printed, this.slackTexts(), ...filesIn(this.#root)];
    for (const [name, secret] of Object.entries(secretsOf(this.sandbox.environment))) {
      for (const trace of traces)
        expect(trace.includes(secret), `${name} is in a trace`).toBe(false);
    }
    await this.sandbox.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** @returns `look`, for whenever more was printed */
function watching(
  ended: Promise<Ended>,
  printed: () => string,
): Pick<Run, 'saw'> & { look: () => void } {
  const watchers = new Set<() => void>();
  const saw = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const watch = (): void => {
        if (!printed().includes(text)) return;
        watchers.delete(watch);
        done();
      };
      watchers.add(watch);
      watch();
      const over = () => fail(new Error(`ended without “${text}”:\n${printed()}`));
      void ended.then(over, fail);
    });
  const look = () => {
    for (const watch of watchers) watch();
  };
  return { saw, look };
}

function advanceOf(build: number, commit: string): string[] {
  return ['advance', '--build', String(build), '--commit', commit, '--branch', 'master'];
}

/** The stage's CI is one that nobody knows: whoever orders something there says of which branch it is. */
function branchOf(args: readonly string[], env: Record<string, string | undefined>): string[] {
  const isOrder = ['resume', 'disable', 'enable', 'unlock', 'rollback'].includes(args[0] ?? '');
  const knows = 'CI' in env || 'CIRCLECI' in env || 'GITHUB_ACTIONS' in env;
  return isOrder && !knows && !args.includes('--branch') ? ['--branch', 'master'] : [];
}

/** Of all stages: a gate that had met those of many would have many to look for in every text. */
const tokens = createTokens();

/** Who commits, and nothing that git would do on the side. */
const gitSettings = [
  'user.name=Ana Lima',
  'user.email=ana@acme.test',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.fsync=none',
].flatMap((setting) => ['-c', setting]);

export const deployId = (build: number, commit: string): string => `${build}-${commit.slice(0, 8)}`;

/** @param timeout how long endpoints may take to be right */
export function defaultConfig(urls: RunningSandbox['urls'], timeout = '30s'): string {
  return `app: acme-web
branch: master
repository: https://github.com/acme/web
staging:
  heroku: { app: acme-staging }
  verify:
    dynos: { timeout: 20s, settle: 50ms }
    endpoints:
      - { url: "${urls.staging}/", timeout: ${timeout}, revision: { header: x-revision } }
production:
  heroku: { app: acme-production }
  verify:
    dynos: { timeout: 20s, settle: 50ms }
    endpoints:
      - { url: "${urls.production}/", timeout: ${timeout}, revision: { header: x-revision } }
notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;
}

/** For a deploy that only has to have been: without messages and endpoints, at two thirds of the price. */
export function quietConfig(urls: RunningSandbox['urls']): string {
  return defaultConfig(urls)
    .replace(/^notify:[\s\S]*/m, '')
    .replaceAll(/^ {4}endpoints:\n.*\n/gm, '');
}

function isWritable(file: string): boolean {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec('begin immediate; rollback');
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

function secretsOf(environment: Record<string, string>): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (/KEY|TOKEN/.test(name)) secrets[name] = value;
    if (name === 'SLACK_WEBHOOK_URL') secrets[name] = new URL(value).pathname;
  }
  expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(4);
  return secrets;
}

/** What every file below holds, but git's own. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === '.git' ? [] : filesIn(path);
    return entry.isFile() ? [readFileSync(path, 'latin1')] : [];
  });
}
