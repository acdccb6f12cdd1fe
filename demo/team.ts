/** A team with a repository: its commits, and runs of the real command as the jobs of its CI. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const binary = resolve(import.meta.dirname, '../bin/pipeline.js');
/** By its path: the `node` of the reader's shell may be too old. */
export const node = process.execPath;
export const say = (text = ''): void => void process.stdout.write(`${text}\n`);

/** Who is on call, as git on their machine knows them: it is their checkout. */
export const person = { name: 'Bo Berg', email: 'bo@acme.test' };

export interface Job {
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

export class Team {
  readonly folder: string;
  readonly #checkouts: string;
  readonly #env: Readonly<Record<string, string>>;

  /** @param env what its jobs are given, besides what the reader's shell has */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#checkouts = `${folder}-checkouts`;
    this.#env = env;
    execFileSync('git', ['init', '--quiet', '--initial-branch=master', folder]);
    this.#git('config', 'user.name', person.name);
    this.#git('config', 'user.email', person.email);
  }

  #git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@acme.test'];
    return execFileSync('git', [...identity, '-C', this.folder, ...args], {
      encoding: 'utf8',
    }).trim();
  }

  write(name: string, text: string): void {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Commits what was written. */
  commit(title: string): string {
    this.#git('add', '.');
    this.#git('commit', '--quiet', '-m', title);
    return this.#git('rev-parse', 'HEAD');
  }

  /** As CI does: each build's commit in a checkout of its own. */
  #checkout(commit: string): string {
    const place = join(this.#checkouts, commit.slice(0, 8));
    if (!existsSync(place)) this.#git('worktree', 'add', '--quiet', '--detach', place, commit);
    return place;
  }

  advance(build: number, commit: string, label = ''): Job {
    const args = ['--build', String(build), '--commit', commit, '--branch', 'master'];
    return this.job(['advance', ...args], { label, cwd: this.#checkout(commit) });
  }

  /** What a person types, on their own terminal where there is one: as wide and as coloured as that is. */
  async show(args: readonly string[]): Promise<void> {
    if (process.stdout.isTTY !== true) return expectExit(this.job(args, { ci: false }), '0');
    const { CI: _, ...shell } = process.env;
    const child = spawn(node, [binary, ...args], {
      cwd: this.folder,
      env: { ...shell, ...this.#env },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`pipeline ${args.join(' ')} ended with ${code}`);
  }

  /** One run of `pipeline`, as a job of a CI unless that is said. */
  job(args: readonly string[], { label = '', cwd = this.folder, ci = true }: JobOptions = {}): Job {
    const { CI: _, ...shell } = process.env;
    const child = spawn(node, [binary, ...args], {
      cwd,
      env: { ...shell, ...this.#env, ...(ci ? { CI: 'true' } : {}), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return watched(child, label);
  }
}

/** Shows what the job prints, and remembers it. */
function watched(child: ChildProcess, label: string): Job {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
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

export async function expectExit(run: Job, code: string): Promise<void> {
  const ended = await run.ended;
  if (ended !== code)
    throw new Error(`expected the job to end with ${code}, it ended with ${ended}`);
}
