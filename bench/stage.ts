/** A sandbox, a repository and a log for benches, with the real command as a process. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type RunningSandbox, type ServerOptions, startSandbox } from '../src/sandbox/server.ts';
import { type Measured, measured } from './process.ts';

export const binary = resolve(import.meta.dirname, '../bin/pipeline.js');
const atOnce = { buildMs: 0, releasePhaseMs: 0, promotionMs: 0, dynoBootMs: 0 };

export class BenchStage {
  readonly repository: string;
  readonly sandbox: RunningSandbox;
  readonly #root: string;

  private constructor(root: string, sandbox: RunningSandbox) {
    this.#root = root;
    this.repository = join(root, 'repository');
    this.sandbox = sandbox;
  }

  /** @param settleMs for how long the configuration wants dynos to stay up */
  static async set(options: ServerOptions = { timing: atOnce }, settleMs = 1): Promise<BenchStage> {
    const root = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
    mkdirSync(join(root, 'repository'));
    const repositoryPath = join(root, 'repository');
    const stage = new BenchStage(root, await startSandbox({ ...options, repositoryPath }));
    stage.#git('init', '--quiet', '--initial-branch=master');
    writeFileSync(
      join(stage.repository, 'pipeline.yml'),
      configuration(stage.sandbox.urls, settleMs),
    );
    return stage;
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.#root,
      CI: 'true',
      ...this.sandbox.environment,
      PIPELINE_STORE: this.store,
    };
  }

  get store(): string {
    return `sqlite:${join(this.#root, 'log.db')}`;
  }

  /** @returns the new commit's id */
  commit(title: string): string {
    writeFileSync(join(this.repository, 'app.txt'), `${title}\n`);
    this.#git('add', '.');
    this.#git('commit', '--quiet', '--message', title);
    return this.#git('rev-parse', 'HEAD');
  }

  /** So many commits more, at a pace, up to now. @returns their ids, the oldest first */
  grow(count: number, apartMs: number): string[] {
    const from = this.commit('Start');
    const at = (n: number) => Math.floor((Date.now() - (count - n) * apartMs) / 1_000);
    const commits = Array.from(
      { length: count },
      (_, n) =>
        `commit refs/heads/master\ncommitter Ana Lima <ana@acme.test> ${at(n)} +0000\ndata 6\nChange\n${n === 0 ? `from ${from}\n` : ''}M 100644 inline app.txt\ndata ${`${n}`.length}\n${n}\n`,
    );
    execFileSync('git', ['-C', this.repository, 'fast-import', '--quiet'], {
      input: commits.join('\n'),
    });
    this.#git('reset', '--quiet', '--hard');
    return this.#git('rev-list', '--reverse', `${from}..`).split('\n');
  }

  /** One that no branch has, upon another. @returns its id */
  commitBeside(parent: string): string {
    return this.#git('commit-tree', '-p', parent, '-m', 'Beside', `${parent}^{tree}`);
  }

  /** As `git gc` and `git maintenance` do from time to time. */
  writeCommitGraph(): void {
    this.#git('commit-graph', 'write', '--reachable');
  }

  /** @throws Error with what was printed when the deploy does not go live */
  advance(build: number, commit: string): Promise<Measured> {
    const deploy = ['--build', `${build}`, '--commit', commit, '--branch', 'master'];
    return this.pipeline('advance', ...deploy);
  }

  /** @throws Error with what was printed when it does not end with 0 */
  pipeline(...args: readonly string[]): Promise<Measured> {
    return this.pipelineWith({}, ...args);
  }

  /** The same, with more in its environment. */
  pipelineWith(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Measured> {
    const place = { cwd: this.repository, env: { ...this.environment, ...env } };
    return measured([binary, ...args], place);
  }

  async strike(): Promise<void> {
    await this.sandbox.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ana Lima', '-c', 'user.email=ana@acme.test'];
    return execFileSync('git', [...identity, '-C', this.repository, ...args], {
      encoding: 'utf8',
      maxBuffer: 1_000_000_000,
    }).trim();
  }
}

function configuration(urls: RunningSandbox['urls'], settleMs: number): string {
  const environment = (app: string, url: string) =>
    `  heroku: { app: ${app} }
  verify:
    dynos: { settle: ${settleMs}ms }
    endpoints: [{ url: "${url}/", revision: { header: x-revision } }]
`;
  return `app: acme-web
branch: master
repository: https://github.com/acme/web
staging:
${environment('acme-staging', urls.staging)}production:
${environment('acme-production', urls.production)}notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;
}
