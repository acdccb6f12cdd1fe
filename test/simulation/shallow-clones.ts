/** Commits in a real repository, of which each run has a real clone that is cut short, as a CI makes it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openRepository } from '../../src/effects/git/repository.ts';
import { createHistory, type QueueHistory } from '../../src/effects/history/history.ts';
import { CommitGraph } from './commit-graph.ts';
import type { VirtualTime } from './virtual-time.ts';

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const someone = { name: 'Ana', email: 'ana@acme.test', date: '2026-01-05T09:00:00Z' };
const env = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: someone.name,
  GIT_AUTHOR_EMAIL: someone.email,
  GIT_AUTHOR_DATE: someone.date,
  GIT_COMMITTER_NAME: someone.name,
  GIT_COMMITTER_EMAIL: someone.email,
  GIT_COMMITTER_DATE: someone.date,
};

export class ShallowClones extends CommitGraph {
  /** How many clones were made. */
  made = 0;
  readonly #dir: string;
  readonly #origin: string;
  readonly #time: VirtualTime;

  /** @param dir an empty folder of its own, which somebody removes after it */
  constructor(dir: string, time: VirtualTime) {
    super();
    this.#dir = dir;
    this.#origin = join(dir, 'origin.git');
    this.#time = time;
    mkdirSync(dir, { recursive: true });
    this.#git('init', '--quiet', '--bare', '--initial-branch=master', this.#origin);
    // As the hosts of code answer.
    this.#git('-C', this.#origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    this.#git('-C', this.#origin, 'hash-object', '-t', 'tree', '-w', '/dev/null');
  }

  #git(...args: readonly string[]): string {
    return execFileSync('git', args, { env, encoding: 'utf8' }).trim();
  }

  protected override idOf(parent: string | null, count: number): string {
    const parents = parent === null ? [] : ['-p', parent];
    const words = ['commit-tree', emptyTree, ...parents, '-m', `Commit ${count}`];
    const sha = this.#git('-C', this.#origin, ...words);
    // What was pushed over stays as long as somebody's branch has it.
    this.#git('-C', this.#origin, 'update-ref', `refs/heads/b${count}`, sha);
    this.#git('-C', this.#origin, 'update-ref', 'refs/heads/master', sha);
    return sha;
  }

  /** Of a clone that has only the newest commit so far. The world's time stands still while git works. */
  override history(): QueueHistory {
    this.made += 1;
    const clone = join(this.#dir, `clone-${this.made}`);
    let opened: Promise<QueueHistory> | null = null;
    const open = async (): Promise<QueueHistory> => {
      this.#git('clone', '--quiet', '--depth=1', '--no-tags', `file://${this.#origin}`, clone);
      const repository = await openRepository(clone, { env });
      return createHistory({ repository, github: null, name: null, webUrl: null });
    };
    const ask = <T>(question: (history: QueueHistory) => Promise<T>): Promise<T> => {
      opened ??= open();
      return this.#time.during(opened.then(question));
    };
    return {
      relation: (...of) => ask((history) => history.relation(...of)),
      relations: (...of) => ask((history) => history.relations(...of)),
      notes: (...of) => ask((history) => history.notes(...of)),
      fullId: (...of) => ask((history) => history.fullId(...of)),
    };
  }
}
