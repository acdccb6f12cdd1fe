/** A git repository on this machine: what its commits say, how two of them are related, a commit as a tarball. */
import { realpathSync } from 'node:fs';
import { createGzip } from 'node:zlib';
import { LockstepError, UsageError } from '../../errors/error.ts';
import type { Relation } from '../../machine/lane.ts';
import { withoutUserInfo } from '../../redaction/redactor.ts';
import type { Echo, GitAccess } from './access.ts';
import { fullSha, reachFurther, relate, relateAll, remoteOf } from './ancestry.ts';
import { contentsOf, TreeToTar } from './archive.ts';
import { changedPaths } from './changed-paths.ts';
import { type Commit, parseBatch, parseCommit } from './commit-object.ts';
import { type Containing, containing } from './containing.ts';
import { echoesOf, samePatch } from './echoes.ts';
import { type Git, type GitRun, gitFailed, runGit, textOf } from './process.ts';
import { hideCredentials, identityOf, readSettings } from './settings.ts';
import { type SourceOddities, surveySource } from './source.ts';
import { listTree } from './tree.ts';

export interface CommitRange {
  /** Oldest first; the newest `limit` of the range. */
  readonly commits: readonly Commit[];
  /** How many the range has; of a shallow clone's first deploy, how many are known here. */
  readonly total: number;
}

export interface Repository {
  /** The top of the working tree, without symbolic links. */
  readonly root: string;
  /** The full id of the commit that is checked out. */
  head(signal?: AbortSignal): Promise<string>;
  /** Null where no branch is checked out, as in most CI jobs. */
  branch(signal?: AbortSignal): Promise<string | null>;
  /** `user.name <user.email>` as git was set up here, or the one of both that there is; null without either. */
  readonly identity: string | null;
  /** Where `origin` is read from, without credentials; null without a remote. */
  remoteUrl(signal?: AbortSignal): Promise<string | null>;
  /**
   * The commit that a full or short id, a branch or a tag names; a full id is fetched if need be.
   *
   * @throws UsageError E_COMMIT_UNKNOWN
   */
  commit(ref: string, signal?: AbortSignal): Promise<Commit>;
  /**
   * A file of a commit, byte for byte, through symbolic links inside of its tree; null where it has none.
   *
   * @param path from the top of the tree
   */
  file(sha: string, path: string, signal?: AbortSignal): Promise<Buffer | null>;
  /** Takes full ids. Fetches what is missing, within bounds; without a remote it does with what is there. */
  relation(base: string, head: string, signal?: AbortSignal): Promise<Relation>;
  /** Which of these commits have this one; see `containing`. Takes full ids. */
  containing(commit: string, among: readonly string[], signal?: AbortSignal): Promise<Containing>;
  /** Commits among what `head` has that say they undo this one or repeat it, the newest first. Takes full ids; nothing is fetched. */
  echoes(commit: string, head: string, signal?: AbortSignal): Promise<readonly Echo[]>;
  /** A commit among what `head` has with this one's patch, where the two are near. Takes full ids; nothing is fetched. */
  samePatch(commit: string, head: string, signal?: AbortSignal): Promise<Echo | null>;
  /** The same of several heads, in their order: what one look at the newest history tells is asked once. */
  relations(
    base: string,
    heads: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Relation[]>;
  /**
   * What is reachable from `head` and not from `base` (merge commits too); all of `head`'s history
   * when `base` is null. Takes full ids.
   *
   * @throws UsageError E_COMMIT_UNKNOWN
   */
  commits(
    range: { readonly base: string | null; readonly head: string; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<CommitRange>;
  /** When each was committed (ISO 8601, UTC), of those that this clone has; nothing is fetched. Takes full ids. */
  committedAt(shas: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** The paths that differ between two commits; null where this clone cannot tell. Takes full ids. */
  changedPaths(base: string, head: string, signal?: AbortSignal): Promise<readonly string[] | null>;
  /**
   * The commit's tree as it is committed, whatever attributes, filters and configuration say: a gzipped
   * tar with the files at its top, the same bytes every time. Submodules are not in it, and of Git LFS
   * the pointers are; `oddities` tells of both.
   *
   * @throws LockstepError E_GIT_CORRUPT, E_GIT_OUTPUT_TOO_LARGE
   */
  archive(sha: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** What of a commit its archive does not carry as somebody may expect. Takes a full id. */
  oddities(sha: string, signal?: AbortSignal): Promise<SourceOddities>;
}

export interface RepositoryOptions {
  /** Default: this process's. Credentials for the remote come from here or from git's own helpers. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For one command on this machine; default 60,000. */
  readonly timeoutMs?: number;
  /** For one fetch; default 60,000. */
  readonly fetchTimeoutMs?: number;
  /** The tarball's limit; default 1 GiB. */
  readonly archiveMaxBytes?: number;
  /** Told before each fetch. */
  readonly progress?: (line: string) => void;
}

const maxBytes = 64 * 1024 * 1024;
const archiveTimeoutMs = 10 * 60_000;

/**
 * The repository that `dir` is in.
 *
 * @throws UsageError E_NOT_A_REPOSITORY, E_REPOSITORY_NOT_TRUSTED, E_GIT_MISSING
 */
export async function openRepository(
  dir: string,
  options: RepositoryOptions = {},
): Promise<Repository> {
  const { env = process.env, timeoutMs = 60_000, fetchTimeoutMs = 60_000 } = options;
  const found = await runGit(['rev-parse', '--show-cdup'], { dir, env, timeoutMs, maxBytes });
  if (found.code !== 0) throw notOpened(dir, found);
  const root = `${dir}/${textOf(found)}`;
  const git: Git = (args, more = {}) =>
    runGit(args, { dir: root, env, timeoutMs, maxBytes, ...more });
  const settings = await readSettings(git);
  hideCredentials(settings);
  const known = {
    ...{ commits: new Map(), echoes: new Map() },
    ...{ relations: new Map(), trees: new Map() },
  };
  const access = { git, fetchTimeoutMs, progress: options.progress ?? (() => {}), known };
  const here = (shas: readonly string[], signal: AbortSignal | undefined) =>
    commitsHere(access, shas, signal);

  return {
    root: realpathSync(root),
    file: (sha, path, signal) => readFile(git, sha, path, signal),
    changedPaths: (base, head, signal) => changedPaths(git, base, head, signal),
    head: (signal) => resolveHead(access, signal),
    branch: async (signal) => {
      const run = await git(['symbolic-ref', '--short', '--quiet', 'HEAD'], { signal });
      return run.code === 0 ? textOf(run) : null;
    },
    identity: identityOf(settings),
    remoteUrl: async (signal) => {
      const remote = await remoteOf(git, signal);
      if (remote === null) return null;
      const run = await git(['remote', 'get-url', '--', remote], { signal });
      return run.code === 0 ? withoutUserInfo(textOf(run)) : null;
    },
    commit: (ref, signal) => findCommit(access, ref, signal),
    relation: (base, head, signal) => relate(access, base, head, signal),
    containing: (commit, among, signal) => containing(access, commit, among, signal),
    echoes: (commit, head, signal) => echoesOf(access, commit, head, here, signal),
    samePatch: (commit, head, signal) => samePatch(access, commit, head, here, signal),
    relations: (base, heads, signal) => relateAll(access, base, heads, signal),
    commits: (range, signal) => listCommits(access, range, signal),
    committedAt: async (shas, signal) =>
      new Map((await here(shas, signal)).map(({ sha, date }) => [sha, date])),
    oddities: (sha, signal) => surveySource(access, sha, signal),
    archive: (sha, signal) => archive(access, sha, options.archiveMaxBytes ?? 1024 ** 3, signal),
  };
}

function notOpened(dir: string, run: GitRun): UsageError {
  if (run.stderr.includes('dubious ownership')) {
    return new UsageError('E_REPOSITORY_NOT_TRUSTED', `git refuses ${dir}: somebody else owns it`, {
      hint: `If that is meant: git config --global --add safe.directory '${dir}'`,
    });
  }
  return new UsageError('E_NOT_A_REPOSITORY', `${dir} is not in a git repository`, {
    hint: 'Run this in a checkout of the repository that is deployed: its history decides what may ship.',
  });
}

/** The commit is read along with its id: it is mostly the one that is asked for next. */
async function resolveHead(
  { git, known }: GitAccess,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [commit = null] = await readCommits(git, ['HEAD'], signal);
  if (commit !== null) {
    known.commits.set(commit.sha, commit);
    return commit.sha;
  }
  throw new UsageError('E_COMMIT_UNKNOWN', 'Nothing is checked out here: HEAD names no commit', {
    hint: 'Check out the commit to deploy, or name it with --commit.',
  });
}

async function readCommits(
  git: Git,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(Commit | null)[]> {
  if (names.length === 0) return [];
  const input = names.map((name) => `${name}^{commit}\n`).join('');
  const run = await git(['cat-file', '--batch'], { signal, input });
  if (run.code !== 0) throw gitFailed('cat-file', run);
  return parseBatch(run.stdout).map((object) =>
    object?.type === 'commit' ? parseCommit(object.sha, object.content) : null,
  );
}

async function readFile(
  git: Git,
  sha: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Buffer | null> {
  // A name is a line, which no path with a line end can be.
  if (/[\n\0]/.test(path)) return null;
  const batch = ['cat-file', '--batch', '--follow-symlinks'];
  const run = await git(batch, { signal, input: `${sha}:${path}\n` });
  if (run.code !== 0) throw gitFailed('cat-file', run);
  const object = parseBatch(run.stdout)[0] ?? null;
  return object?.type === 'blob' ? object.content : null;
}

async function findCommit(
  access: GitAccess,
  ref: string,
  signal: AbortSignal | undefined,
): Promise<Commit> {
  const known = access.known.commits.get(ref);
  if (known !== undefined) return known;
  // Names go in on stdin, a line each: no name can be an option, and none may be two lines.
  const readable = ref !== '' && !/[\n\0]/.test(ref);
  const read = async () =>
    readable
      ? ((await readCommits(access.git, [ref], signal).catch(unlessOfClone(ref)))[0] ?? null)
      : null;
  let commit = await read();
  if (commit === null && /^[0-9a-f]{7,40}$/.test(ref)) {
    // A server is asked for full ids only; a short one may be of the history that was cut off.
    const head = fullSha.test(ref) ? ref : await resolveHead(access, signal);
    for await (const _ of reachFurther(access, { head, base: null }, signal)) {
      commit = await read();
      if (commit !== null) break;
    }
  }
  if (commit === null) throw commitUnknown(ref);
  access.known.commits.set(commit.sha, commit);
  return commit;
}

/** Of the upstream or the reflog, git ends over one that the clone does not have, rather than call it missing. */
const unlessOfClone =
  (ref: string) =>
  (error: unknown): [] => {
    const isMissing = error instanceof LockstepError && error.code === 'E_GIT_FAILED';
    if (isMissing && ref.includes('@{')) return [];
    throw error;
  };

/** Those of the commits that are here, in their order. */
async function commitsHere(
  { git, known }: GitAccess,
  shas: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Commit[]> {
  const unread = shas.filter((sha) => !known.commits.has(sha));
  for (const commit of await readCommits(git, unread, signal)) {
    if (commit !== null) known.commits.set(commit.sha, commit);
  }
  return shas.flatMap((sha) => known.commits.get(sha) ?? []);
}

function commitUnknown(ref: string): UsageError {
  return new UsageError(
    'E_COMMIT_UNKNOWN',
    `This repository has no commit ${JSON.stringify(ref)}`,
    {
      hint: 'Push the commit, or give the job a clone with history (fetch-depth: 0).',
      details: { ref },
    },
  );
}

async function listCommits(
  access: GitAccess,
  named: { readonly base: string | null; readonly head: string; readonly limit: number },
  signal: AbortSignal | undefined,
): Promise<CommitRange> {
  const { git } = access;
  const idOf = async (name: string) => (await findCommit(access, name, signal)).sha;
  const head = await idOf(named.head);
  // What git related to the head was found there.
  const isRelated = access.known.relations.has(`${named.base} ${head}`);
  const base = named.base === null || isRelated ? named.base : await idOf(named.base);
  // From here on by full ids, which are no options whatever the names were.
  const range = { head, base, limit: named.limit };
  const revisions = range.base === null ? [range.head] : [range.head, `^${range.base}`];
  const revList = async (...options: string[]) => {
    const run = await git(['rev-list', ...options, ...revisions, '--'], { signal });
    if (run.code !== 0) throw gitFailed('rev-list', run);
    return textOf(run);
  };
  const count = async (...options: string[]) => Number(await revList('--count', ...options));
  let newest: readonly (readonly string[])[] = [];
  // In a shallow clone a range that reaches a commit without parents was cut off there.
  for await (const _ of reachFurther(access, range, signal)) {
    // A commit a line, and its parents.
    const lines = await revList('--topo-order', '--parents', `--max-count=${range.limit}`);
    newest = lines === '' ? [] : lines.split('\n').map((line) => line.split(' '));
    const isWhole = newest.length < range.limit;
    const isCut = isWhole
      ? newest.some(([, ...parents]) => parents.length === 0)
      : range.base !== null && (await count('--max-parents=0')) > 0;
    if (!isCut) break;
  }
  const total = newest.length < range.limit ? newest.length : await count();
  // What was read before is not read again: of a deploy of one commit that is all of them.
  const commits = new Map(access.known.commits);
  const shas = newest.map(([sha = '']) => sha).reverse();
  const unread = shas.filter((sha) => !commits.has(sha));
  for (const commit of await readCommits(git, unread, signal)) {
    if (commit !== null) commits.set(commit.sha, commit);
  }
  return { total, commits: shas.flatMap((sha) => commits.get(sha) ?? []) };
}

async function archive(
  access: GitAccess,
  sha: string,
  archiveMaxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const commit = await findCommit(access, sha, signal);
  const entries = await listTree(access, commit.sha, signal);
  access.known.trees.delete(commit.sha);
  const modified = Math.floor(Date.parse(commit.date) / 1000);
  const run = await access.git(['cat-file', '--batch'], {
    signal,
    input: contentsOf(entries),
    timeoutMs: archiveTimeoutMs,
    maxBytes: archiveMaxBytes,
    through: [new TreeToTar(entries, modified), createGzip()],
  });
  if (run.code !== 0) throw gitFailed('cat-file', run);
  return run.stdout;
}
