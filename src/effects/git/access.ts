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
  /** What was read of commits, by full ids, which nothing that happens later can change. */
  readonly known: KnownCommits;
}

export interface KnownCommits {
  readonly commits: Map<string, Commit>;
  /** By base and head, with a space between; never `unknown`. */
  readonly relations: Map<string, Relation>;
  /** Of the commit that was looked at and is to be shipped; gone once it was, for a tree may be large. */
  readonly trees: Map<string, readonly TreeEntry[]>;
}
