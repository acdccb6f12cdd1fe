/** A repository in memory: commits and their parents, for what the simulation asks of git. */
import { createHash } from 'node:crypto';
import type { QueueHistory } from '../../src/effects/history/history.ts';
import type { ReleaseNotes } from '../../src/machine/events.ts';
import type { Relation } from '../../src/machine/lane.ts';
import type { CommitOrder } from '../../src/runtime/audit/explain-facts.ts';

export class CommitGraph {
  readonly #parents = new Map<string, string | null>();

  /** A commit on top of another one; null begins a history. */
  commit(parent: string | null): string {
    const sha = this.idOf(parent, this.#parents.size);
    this.#parents.set(sha, parent);
    return sha;
  }

  protected idOf(parent: string | null, count: number): string {
    return createHash('sha1').update(`${parent} ${count}`).digest('hex');
  }

  /** What one run asks of it. */
  history(): QueueHistory {
    return {
      relation: async (base, head) => this.relation(base, head),
      relations: async (base, heads) => heads.map((head) => this.relation(base, head)),
      notes: async (base, head) => this.notes(base, head),
      fullId: async (named) => this.fullId(named),
    };
  }

  /** What `explain` asks of it: it has no dates, so every live deploy is looked at. */
  order(): CommitOrder {
    return {
      madeAt: async () => new Date(0).toISOString(),
      containing: async (commit, among) => ({
        having: new Set(among.filter((one) => this.isAncestor(commit, one))),
        lacks: null,
      }),
      echoes: async () => [],
      samePatch: async () => null,
    };
  }

  /** How `head` stands to `base`. */
  relation(base: string, head: string): Relation {
    if (!this.#parents.has(base) || !this.#parents.has(head)) return 'unknown';
    if (base === head) return 'same';
    if (this.isAncestor(base, head)) return 'ahead';
    return this.isAncestor(head, base) ? 'behind' : 'diverged';
  }

  isAncestor(old: string, young: string): boolean {
    for (let at: string | null = young; at !== null; at = this.#parents.get(at) ?? null) {
      if (at === old) return true;
    }
    return false;
  }

  /** Every commit that there is. */
  get all(): readonly string[] {
    return [...this.#parents.keys()];
  }

  /** The commit whose id begins so. */
  fullId(named: string): string | null {
    const found = [...this.#parents.keys()].filter((sha) => sha.startsWith(named));
    return found.length === 1 ? (found[0] ?? null) : null;
  }

  notes(base: string | null, head: string): ReleaseNotes {
    return { base, head, compareUrl: null, commits: [], omitted: 0, bodiesOmitted: false };
  }
}
