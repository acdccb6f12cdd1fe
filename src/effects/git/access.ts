/** What the parts of a repository share: git itself, and what it said already. */
import type { Relation } from '../../machine/lane.ts';
import type { Commit } from './commit-object.ts';
import type { Git } from './process.ts';
import type { TreeEntry } from './tree.ts';

/** What the parts of a repository share. */
export interface GitAccess {
  readonly git: Git;
  readonly fetchTimeoutMs: number;
  readonly progress: (line: string) => void;
  /** What was read of commits, by full ids. */
  readonly known: KnownCommits;
}

/** A commit that undoes another one, or repeats it. */
export interface Echo {
  readonly kind: 'revert' | 'pick';
  readonly sha: string;
  readonly title: string;
}

export interface KnownCommits {
  readonly commits: Map<string, Commit>;
  /** What says that it undoes or repeats a commit, by that one and the head, with a space between; gone once more was fetched. */
  readonly echoes: Map<string, Promise<readonly Echo[]>>;
  /** By base and head, with a space between; never `unknown`. */
  readonly relations: Map<string, Relation>;
  /** Of the commit that was looked at and is to be shipped; gone once it was, for a tree may be large. */
  readonly trees: Map<string, readonly TreeEntry[]>;
}
