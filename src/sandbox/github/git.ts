/** What GitHub's stand-in reads from a real repository: git without a shell, and without anybody's `GIT_*`. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const outputMax = 64 * 1024 * 1024;

export interface GitCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 in UTC, whole seconds. */
  readonly date: string;
}

export interface ChangedFile {
  readonly sha: string;
  readonly filename: string;
  readonly status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed';
  readonly additions: number;
  readonly deletions: number;
  /** Where it was, of one that moved. */
  readonly from?: string;
}

export interface CommitQuery {
  readonly from: string;
  readonly path?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly author?: string | undefined;
}

/** The fields of one commit, in the order in which `fieldsOf` reads them; `-z` ends each commit with a NUL too. */
const format = ['%H', '%T', '%P', '%an', '%ae', '%at', '%cn', '%ce', '%ct', '%B'].join('%x00');
const fieldCount = format.split('%x00').length;

/** Names that mean something else to git than a branch, a tag or a commit. */
const noRef = /^-|^$|\.\.|@\{|[\s~^:?*[\\]/;

export class GitRepository {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of a branch, a tag or a commit's id, whole or begun; null where there is none. */
  async resolve(ref: string): Promise<string | null> {
    if (noRef.test(ref)) return null;
    const names = [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/remotes/origin/${ref}`];
    if (ref === 'HEAD' || ref.startsWith('refs/')) names.push(ref);
    if (/^[0-9a-f]{4,40}$/.test(ref)) names.unshift(ref);
    for (const name of names) {
      const sha = await this.#try(['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
      if (sha !== null) return sha.trim();
    }
    return null;
  }

  /** Null where two commits share no history. */
  async mergeBase(a: string, b: string): Promise<string | null> {
    return (await this.#try(['merge-base', a, b]))?.trim() || null;
  }

  /** What `head` has and `base` has not: ids, oldest first. */
  async between(base: string, head: string): Promise<string[]> {
    return lines(await this.#git(['rev-list', '--reverse', '--topo-order', `${base}..${head}`]));
  }

  /** Ids, newest first. */
  async list({ from, path, since, until, author }: CommitQuery): Promise<string[]> {
    const seconds = (ms: number): string => String(Math.floor(ms / 1000));
    return lines(
      await this.#git([
        'rev-list',
        ...(since === undefined ? [] : [`--since=${seconds(since)}`]),
        ...(until === undefined ? [] : [`--until=${seconds(until)}`]),
        ...(author === undefined ? [] : ['--fixed-strings', `--author=${author}`]),
        from,
        '--',
        ...(path === undefined ? [] : [path]),
      ]),
    );
  }

  /** In the order of the ids, however often one comes. */
  async commits(shas: readonly string[]): Promise<GitCommit[]> {
    if (shas.length === 0) return [];
    const args = ['log', '--no-walk=unsorted', '-z', `--format=tformat:${format}`, ...shas];
    const fields = (await this.#git(args)).split('\0');
    const found = new Map<string, GitCommit>();
    // git shows a commit once, and ends the last one with a NUL too.
    for (let place = 0; place + fieldCount <= fields.length; place += fieldCount) {
      const one = commitOf(fields.slice(place, place + fieldCount));
      found.set(one.sha, one);
    }
    return shas.flatMap((sha) => found.get(sha) ?? []);
  }

  /** Those of the ids that the repository has, by id. */
  async known(shas: readonly string[]): Promise<ReadonlyMap<string, GitCommit>> {
    const wanted = [...new Set(shas)];
    const args = ['rev-list', '--no-walk=unsorted', '--ignore-missing', ...wanted];
    const here = wanted.length === 0 ? '' : ((await this.#try(args)) ?? '');
    return new Map((await this.commits(lines(here))).map((one) => [one.sha, one]));
  }

  async commit(sha: string): Promise<GitCommit> {
    const [found] = await this.commits([sha]);
    if (found === undefined) throw new Error(`git does not show commit ${sha}`);
    return found;
  }

  /** What a commit changed, against its first parent. */
  changedBy({ sha, parents }: GitCommit): Promise<ChangedFile[]> {
    return this.#changes(parents[0] === undefined ? ['--root', sha] : [parents[0], sha]);
  }

  changedBetween(from: string, to: string): Promise<ChangedFile[]> {
    return this.#changes([from, to]);
  }

  async #changes(range: readonly string[]): Promise<ChangedFile[]> {
    const args = [
      'diff-tree',
      '-r',
      '-z',
      '-M',
      '--no-commit-id',
      '--no-ext-diff',
      '--no-textconv',
    ];
    const raw = await this.#git([...args, '--raw', '--no-abbrev', '--numstat', ...range]);
    return changesOf(raw.split('\0'));
  }

  async #git(args: readonly string[]): Promise<string> {
    const env: NodeJS.ProcessEnv = {
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
    };
    for (const [name, value] of Object.entries(process.env)) {
      // GIT_DIR of a hook, for one, would lead to another repository.
      if (!name.startsWith('GIT_')) env[name] ??= value;
    }
    const options = ['--literal-pathspecs', '-c', 'log.showSignature=false', '-C', this.#folder];
    const { stdout } = await run('git', [...options, ...args], { env, maxBuffer: outputMax });
    return stdout;
  }

  /** Null where git refuses: that is how it says no. */
  async #try(args: readonly string[]): Promise<string | null> {
    try {
      return await this.#git(args);
    } catch {
      return null;
    }
  }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Whole seconds, as GitHub writes times. */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function commitOf(fields: readonly string[]): GitCommit {
  const [sha = '', tree = '', parents = '', ...rest] = fields;
  const [name = '', email = '', at = '0', byName = '', byEmail = '', byAt = '0', body = ''] = rest;
  return {
    sha,
    tree,
    parents: parents.split(' ').filter((parent) => parent !== ''),
    message: body.replace(/\n+$/, ''),
    author: { name, email, date: isoSeconds(Number(at) * 1000) },
    committer: { name: byName, email: byEmail, date: isoSeconds(Number(byAt) * 1000) },
  };
}

const statusOf: Readonly<Record<string, ChangedFile['status']>> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
};

/** From `--raw --numstat -z`: first every file's state, then every file's count of lines, in the same order. */
function changesOf(tokens: readonly string[]): ChangedFile[] {
  const files: Omit<ChangedFile, 'additions' | 'deletions'>[] = [];
  let place = 0;
  const next = (): string => tokens[place++] ?? '';
  while (tokens[place]?.startsWith(':')) {
    const [, , before = '', after = '', letters = ''] = next().split(' ');
    const letter = letters.slice(0, 1);
    const moved = letter === 'R' || letter === 'C' ? { from: next() } : {};
    const sha = letter === 'D' ? before : after;
    files.push({ sha, filename: next(), status: statusOf[letter] ?? 'changed', ...moved });
  }
  return files.map((file) => {
    const [additions = '', deletions = ''] = next().split('\t');
    if (file.from !== undefined) place += 2;
    // Of binary files git counts nothing and says so with a dash.
    return { ...file, additions: Number(additions) || 0, deletions: Number(deletions) || 0 };
  });
}
