/** One real repository for all of the fuzzer's worlds, and GitHub's answers on it, each asked for once. */
import type { HttpResponse } from '../../../src/effects/http/request.ts';
import type { Relation } from '../../../src/machine/lane.ts';
import { commitTree, createRepository, TemporaryFolder } from '../../effects/git/git-repository.ts';

/**
 * ```
 * first ── older ── running ── ours ── newer
 *                      └────── other
 * ```
 */
export interface Commits {
  readonly repositoryPath: string;
  readonly first: string;
  readonly older: string;
  readonly running: string;
  readonly ours: string;
  readonly newer: string;
  readonly other: string;
  /** How `head` truly stands to `base`. */
  relation(base: string, head: string): Relation;
  /** What GitHub's stand-in answered to a URL before. */
  readonly answers: Map<string, HttpResponse>;
  remove(): void;
}

export function createCommits(): Commits {
  const folder = new TemporaryFolder();
  const repositoryPath = createRepository(folder.folder('repository'));
  const parents = new Map<string, string | null>();
  const commit = (message: string, parent: string | null): string => {
    const sha = commitTree(repositoryPath, `${message}\n`, parent === null ? [] : [parent]);
    parents.set(sha, parent);
    return sha;
  };
  const first = commit('first', null);
  const older = commit('older', first);
  const running = commit('running', older);
  const ours = commit('ours', running);
  const newer = commit('newer', ours);
  const other = commit('other', running);
  const contains = (young: string | null, old: string): boolean =>
    young !== null && (young === old || contains(parents.get(young) ?? null, old));
  return {
    ...{ repositoryPath, first, older, running, ours, newer, other },
    relation(base, head) {
      if (base === head) return 'same';
      if (contains(head, base)) return 'ahead';
      return contains(base, head) ? 'behind' : 'diverged';
    },
    answers: new Map(),
    remove: () => folder.remove(),
  };
}
