/** How two commits are related, and fetching the history that it takes to tell: a CI's clone is often cut short. */
import type { Relation } from '../../machine/lane.ts';
import type { GitAccess } from './access.ts';
import { type Git, textOf } from './process.ts';

export const fullSha = /^[0-9a-f]{40}$/;

/** How far a shallow clone is deepened before all of its history is asked for. */
const deepenBy = [50, 500];

/** See `Relation`; takes full ids, and fetches what is missing, within bounds. */
export async function relate(
  access: GitAccess,
  base: string,
  head: string,
  signal: AbortSignal | undefined,
): Promise<Relation> {
  if (!fullSha.test(base) || !fullSha.test(head)) return 'unknown';
  if (base === head) return 'same';
  const { relations } = access.known;
  const known = relations.get(`${base} ${head}`);
  if (known !== undefined) return known;
  for await (const _ of reachFurther(access, { base, head }, signal)) {
    const relation = await relationHere(access, base, head, signal);
    if (relation === 'unknown') continue;
    relations.set(`${base} ${head}`, relation);
    return relation;
  }
  return 'unknown';
}

/** So many commits are read to see how those of a queue stand to each other: they are recent ones. */
const walkMax = 2_000;

/**
 * How each of these commits stands to the base, in their order: what is seen in one walk through the newest history is
 * asked of git once for all of them, and the others one by one.
 */
export async function relateAll(
  access: GitAccess,
  base: string,
  heads: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Relation[]> {
  const { relations } = access.known;
  const isNew = (head: string) =>
    fullSha.test(head) && head !== base && !relations.has(`${base} ${head}`);
  const unseen = fullSha.test(base) ? heads.filter(isNew) : [];
  if (unseen.length > 1) {
    const parents = await newestOf(access, [base, ...unseen], walkMax, signal);
    const below = ancestorsOf(base, parents);
    for (const head of unseen) {
      // A path that is found is there; that there is none, such a walk cannot say.
      if (below.has(head)) relations.set(`${base} ${head}`, 'behind');
      else if (ancestorsOf(head, parents).has(base)) relations.set(`${base} ${head}`, 'ahead');
    }
  }
  const all: Relation[] = [];
  for (const head of heads) all.push(await relate(access, base, head, signal));
  return all;
}

/** The newest commits that any of these has, each with its parents: git stops after so many, however long the history is. */
export async function newestOf(
  { git }: GitAccess,
  heads: readonly string[],
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const walk = ['rev-list', '--ignore-missing', '--parents', `--max-count=${limit}`];
  const run = await git([...walk, ...heads, '--'], { signal });
  const lines = textOf(run).split('\n');
  return new Map(
    lines.map((line) => line.split(' ')).map(([sha = '', ...parents]) => [sha, parents]),
  );
}

/** Those that a walk found a way to. */
export function ancestorsOf(
  sha: string,
  parents: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const found = new Set<string>();
  for (let left = [sha]; left.length > 0; ) {
    const next = left.flatMap((one) => parents.get(one) ?? []).filter((one) => !found.has(one));
    for (const one of next) found.add(one);
    left = [...new Set(next)];
  }
  return found;
}

async function relationHere(
  access: GitAccess,
  base: string,
  head: string,
  signal: AbortSignal | undefined,
): Promise<Relation> {
  // Null where git cannot say, as of a commit that is not there.
  const descends = async (older: string, newer: string) => {
    const run = await access.git(['merge-base', '--is-ancestor', older, newer], { signal });
    return run.code === 0 ? true : run.code === 1 ? false : null;
  };
  // A path that is found is there whatever is cut off; that there is none, only whole history can say.
  const ahead = await descends(base, head);
  if (ahead === true) return 'ahead';
  const behind = await descends(head, base);
  if (behind === true) return 'behind';
  if (ahead === null || behind === null) return 'unknown';
  return (await isShallow(access, signal)) ? 'unknown' : 'diverged';
}

/**
 * Yields at once, and again after each fetch that may have brought more of the history of these
 * commits, until nothing more can be had. Whoever has enough stops asking.
 */
export async function* reachFurther(
  access: GitAccess,
  range: { readonly base: string | null; readonly head: string },
  signal: AbortSignal | undefined,
): AsyncGenerator<void, void, void> {
  yield;
  const remote = await remoteOf(access.git, signal);
  if (remote === null) return;
  // A server may refuse a commit by its id, and then has to be asked for its branches.
  let answers = { byId: true, atAll: true };
  const fetch = async (why: string, how: readonly string[], sha: string | null) => {
    if (!answers.atAll || (sha !== null && !answers.byId)) return false;
    access.progress(`git fetch: ${why}`);
    const ids = sha === null ? [] : [sha];
    // A remote may be called anything, and is no option.
    const done = await fetched(access, [...how, '--', remote, ...ids], signal);
    if (!done) answers = { byId: false, atAll: sha !== null };
    return done;
  };
  const fetchCommit = async (sha: string | null) => {
    if (sha === null || (await absent(access, [sha], signal)).length === 0) return false;
    return fetch(`commit ${sha.slice(0, 8)}`, [], sha);
  };
  const widen = async (why: string, how: string) => {
    if (!(await isShallow(access, signal))) return false;
    return (await fetch(why, [how], range.head)) || (await fetch(why, [how], null));
  };

  if (await fetchCommit(range.head)) yield;
  for (const count of deepenBy) {
    if (await widen(`${count} more commits of the history`, `--deepen=${count}`)) yield;
  }
  if (await fetchCommit(range.base)) yield;
  if (await widen('all of the history', '--unshallow')) yield;
  const shas = [range.head, range.base].filter((sha) => sha !== null);
  const stillAbsent = (await absent(access, shas, signal)).length > 0;
  if (stillAbsent && (await fetch('all branches', [], null))) yield;
}

/** `origin`, or the one remote that there is under another name. */
export async function remoteOf(git: Git, signal: AbortSignal | undefined): Promise<string | null> {
  const names = textOf(await git(['remote'], { signal }))
    .split('\n')
    .filter((name) => name !== '');
  if (names.includes('origin')) return 'origin';
  return names.length === 1 ? (names[0] ?? null) : null;
}

async function fetched(
  access: GitAccess,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const quiet = ['--quiet', '--no-tags', '--no-prune', '--no-recurse-submodules'];
  const command = ['fetch', ...quiet, '--no-write-fetch-head', ...args];
  try {
    const run = await access.git(command, { signal, timeoutMs: access.fetchTimeoutMs });
    access.known.echoes.clear();
    return run.code === 0;
  } catch (error) {
    if (signal?.aborted) throw error;
    // Out of time: as little use as a refusal.
    return false;
  }
}

/** Those of the commits that are not in the repository. */
export async function absent(
  { git }: GitAccess,
  shas: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const input = shas.map((sha) => `${sha}^{commit}\n`).join('');
  const run = await git(['cat-file', '--batch-check'], { signal, input });
  const answers = textOf(run).split('\n');
  return shas.filter((_, index) => !/^[0-9a-f]{40} commit /.test(answers[index] ?? ''));
}

export async function isShallow(
  { git }: GitAccess,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const run = await git(['rev-parse', '--is-shallow-repository'], { signal });
  // Whole only if git says so.
  return textOf(run) !== 'false';
}
