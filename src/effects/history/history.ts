/** What ships and in which order: the clone at hand first, GitHub where that does not reach. */
import type { ReleaseNotes } from '../../machine/events.ts';
import type { Relation } from '../../machine/lane.ts';
import { fullSha } from '../git/ancestry.ts';
import type { Repository } from '../git/repository.ts';
import type { Ports } from '../ports.ts';
import type { GitHub, RepositoryName } from './github.ts';
import { commitsMax, toReleaseNotes } from './release-notes.ts';

export interface History {
  /** How `head` stands to `base`; `unknown` where neither git nor GitHub can tell. */
  relation(base: string, head: string, ports: Ports): Promise<Relation>;
  /** The full id of the one commit whose id is this, or begins so; null where none or several do. */
  fullId(named: string, ports: Ports): Promise<string | null>;
  /** What `head` has and `base` has not. Notes that cannot be had are short ones, never a failure. */
  notes(base: string | null, head: string, ports: Ports): Promise<ReleaseNotes>;
}

/** What a queue of commits asks of it besides. */
export interface QueueHistory extends History {
  /** How each of the heads stands to `base`, in their order. */
  relations(base: string, heads: readonly string[], ports: Ports): Promise<readonly Relation[]>;
}

export interface HistoryOptions {
  readonly repository: Repository;
  /** Null where there is no token, or the repository is not on GitHub. */
  readonly github: GitHub | null;
  readonly name: RepositoryName | null;
  /** Where people read the repository; for links. */
  readonly webUrl: string | null;
}

export function createHistory({ repository, github, name, webUrl }: HistoryOptions): QueueHistory {
  const ask = async (base: string, head: string, ports: Ports) => {
    if (github === null || name === null) return null;
    try {
      return await github.compare(name, base, head, ports);
    } catch (error) {
      ports.signal.throwIfAborted();
      ports.progress(`GitHub cannot compare the commits: ${messageOf(error)}`);
      return null;
    }
  };

  const known = async (base: string, heads: readonly string[], ports: Ports) => {
    try {
      return await repository.relations(base, heads, ports.signal);
    } catch (error) {
      ports.signal.throwIfAborted();
      ports.progress(`git cannot tell the commits’ order: ${messageOf(error)}`);
      return [];
    }
  };

  const relations = async (base: string, heads: readonly string[], ports: Ports) => {
    const local = await known(base, heads, ports);
    const all: Relation[] = [];
    for (const [place, head] of heads.entries()) {
      const here = local[place] ?? 'unknown';
      const there = here === 'unknown' ? (await ask(base, head, ports))?.relation : null;
      all.push(there ?? here);
    }
    return all;
  };

  return {
    relations,
    relation: async (base, head, ports) => (await relations(base, [head], ports))[0] ?? 'unknown',

    async fullId(named, ports) {
      if (fullSha.test(named)) return named;
      if (!/^[0-9a-f]{7,39}$/.test(named)) return null;
      try {
        const { sha } = await repository.commit(named, ports.signal);
        // A branch or a tag may be called like an id.
        return sha.startsWith(named) ? sha : null;
      } catch {
        ports.signal.throwIfAborted();
        return null;
      }
    },

    async notes(base, head, ports) {
      try {
        const range = { base, head, limit: commitsMax };
        const { commits, total } = await repository.commits(range, ports.signal);
        return toReleaseNotes({ base, head, commits, total, webUrl });
      } catch (error) {
        ports.signal.throwIfAborted();
        ports.progress(`this clone cannot list what ships: ${messageOf(error)}`);
      }
      const compared = base === null ? null : await ask(base, head, ports);
      const { commits, total } = compared ?? { commits: await headAlone(head, ports), total: 1 };
      return toReleaseNotes({ base, head, commits, total, webUrl });
    },
  };

  async function headAlone(head: string, ports: Ports) {
    try {
      return [await repository.commit(head, ports.signal)];
    } catch {
      ports.signal.throwIfAborted();
      return [];
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
