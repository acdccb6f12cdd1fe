/** GitHub's REST API as far as it is needed: how commits are related, which workflow runs are under way. */

import { z } from 'zod';
import { gitHubHeaders, github } from '../ci/github-vendor.ts';
import { fullSha } from '../git/ancestry.ts';
import { splitMessage } from '../git/commit-message.ts';
import type { Commit } from '../git/commit-object.ts';
import { malformed, sendForJson } from '../http/answers.ts';
import { VendorRefused } from '../http/errors.ts';
import { tooLarge } from '../http/pages.ts';
import { deadlineOf, type Ports } from '../ports.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

export interface Comparison {
  /** How `head` stands to `base`. */
  readonly relation: 'same' | 'ahead' | 'behind' | 'diverged';
  /** What `head` has and `base` has not, oldest first; the newest of them where there are many. */
  readonly commits: readonly Commit[];
  readonly total: number;
}

/** A run of a workflow (GitHub REST API, Workflow runs). */
export interface WorkflowRun {
  readonly id: number;
  readonly number: number;
  readonly attempt: number;
  /** When this attempt began, in milliseconds since the epoch; null where GitHub does not say. */
  readonly startedAt: number | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly commit: string;
  readonly url: string;
}

/** Each call throws VendorUnreachable, VendorRefused or VendorMalformed. */
export interface GitHub {
  /** Null: GitHub does not know one of the commits, or they share no history. */
  compare(of: RepositoryName, base: string, head: string, ports: Ports): Promise<Comparison | null>;
  /** Of a pull request the commit that it became on its branch; `none`: there is no such pull request. */
  mergeCommit(
    of: RepositoryName,
    number: number,
    ports: Ports,
  ): Promise<{ kind: 'merged'; commit: string } | { kind: 'open' } | { kind: 'none' }>;
  /**
   * Of the newest hundred runs of a workflow (its file's name or id) on a branch those that may deploy:
   * the pull requests of a fork are listed too, where the fork's branch has the same name.
   */
  runs(
    of: RepositoryName,
    workflow: string,
    branch: string,
    ports: Ports,
  ): Promise<readonly WorkflowRun[]>;
}

const commitSchema = z.object({
  sha: z.string(),
  commit: z.object({
    message: z.string(),
    author: z.object({ name: z.string().nullish(), email: z.string().nullish() }).nullish(),
    committer: z.object({ date: z.string().nullish() }).nullish(),
  }),
});

export const comparisonSchema = z.object({
  status: z.enum(['identical', 'ahead', 'behind', 'diverged']),
  ahead_by: z.int().nonnegative(),
  behind_by: z.int().nonnegative(),
  total_commits: z.int().nonnegative(),
  base_commit: z.object({ sha: z.string() }),
  merge_base_commit: z.object({ sha: z.string() }),
  commits: z.array(commitSchema),
});

export const runsSchema = z.object({
  total_count: z.int().nonnegative(),
  workflow_runs: z.array(
    z.object({
      id: z.number(),
      run_number: z.number(),
      run_attempt: z.number().optional(),
      run_started_at: z.iso.datetime({ offset: true }).nullish(),
      event: z.string(),
      status: z.string().nullable(),
      conclusion: z.string().nullable(),
      head_sha: z.string(),
      head_branch: z.string().nullable(),
      html_url: z.string(),
    }),
  ),
});

/** GitHub REST API, Pulls: a merged one's `merge_commit_sha` is the merge, the squash, or the last of the rebased commits. */
const pullSchema = z.object({
  number: z.int(),
  merged_at: z.string().nullable(),
  merge_commit_sha: z.string().nullable(),
});

const notThere = [404, 422];
const pageMax = 100;
/** The newest of a comparison's commits, where no pages are asked for. */
const compareMax = 250;

export function createGitHub(options: { baseUrl: string; token: string }): GitHub {
  const get = <T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T> =>
    sendForJson(
      ports.http,
      {
        vendor: github,
        method: 'GET',
        url: options.baseUrl + path,
        signal: ports.signal,
        ...deadlineOf(ports),
        headers: gitHubHeaders(options.token),
      },
      schema,
    );
  const asked = (path: string, why: string) =>
    malformed({ vendor: github, method: 'GET', url: options.baseUrl + path }, why);
  const root = ({ owner, name }: RepositoryName): string =>
    `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;

  return {
    async compare(of, base, head, ports) {
      const range = `${encodeURIComponent(base)}...${encodeURIComponent(head)}`;
      try {
        const path = `${root(of)}/compare/${range}`;
        const seen = await get(path, comparisonSchema, ports);
        const contradiction = contradictionIn(seen, base, head);
        if (contradiction !== null) throw asked(path, contradiction);
        const relation = seen.status === 'identical' ? 'same' : seen.status;
        return { relation, total: seen.total_commits, commits: seen.commits.map(toCommit) };
      } catch (error) {
        if (error instanceof VendorRefused && notThere.includes(error.status)) return null;
        throw error;
      }
    },
    async mergeCommit(of, number, ports) {
      const path = `${root(of)}/pulls/${number}`;
      try {
        const pull = await get(path, pullSchema, ports);
        if (pull.number !== number) throw asked(path, `it is pull request ${pull.number}`);
        const { merged_at, merge_commit_sha: commit } = pull;
        if (merged_at === null || commit === null) return { kind: 'open' };
        if (!fullSha.test(commit)) throw asked(path, `its merge commit is ${commit}`);
        return { kind: 'merged', commit };
      } catch (error) {
        if (error instanceof VendorRefused && error.status === 404) return { kind: 'none' };
        throw error;
      }
    },
    async runs(of, workflow, branch, ports) {
      const query = `branch=${encodeURIComponent(branch)}&per_page=${pageMax}`;
      const path = `${root(of)}/actions/workflows/${encodeURIComponent(workflow)}/runs?${query}`;
      const { workflow_runs, total_count } = await get(path, runsSchema, ports);
      for (const { id, head_branch } of workflow_runs) {
        if (head_branch === branch) continue;
        throw asked(path, `run ${id} is of ${head_branch ?? 'no branch'}`);
      }
      if (workflow_runs.length < Math.min(total_count, pageMax)) {
        throw asked(path, `it has ${workflow_runs.length} of ${total_count} runs`);
      }
      // Newest first: behind one that is over, whoever is under way is waited for by others already.
      const isCut = workflow_runs.length < total_count;
      if (isCut && workflow_runs.every(({ status }) => status !== 'completed')) {
        const request = { vendor: github, method: 'GET', url: options.baseUrl + path } as const;
        throw tooLarge({ ...request, signal: ports.signal }, `${pageMax} runs under way, and more`);
      }
      return workflow_runs.filter(mayDeploy).map((run) => ({
        id: run.id,
        number: run.run_number,
        attempt: run.run_attempt ?? 1,
        startedAt: run.run_started_at == null ? null : Date.parse(run.run_started_at),
        status: run.status ?? 'unknown',
        conclusion: run.conclusion,
        commit: run.head_sha,
        url: run.html_url,
      }));
    },
  };
}

const mayDeploy = ({ event }: { event: string }): boolean =>
  !/^(pull_request|merge_group)/.test(event);

type Compared = z.output<typeof comparisonSchema>;

/** In words, how a comparison contradicts itself or what was asked; null when it does not. */
function contradictionIn(seen: Compared, base: string, head: string): string | null {
  const { status, ahead_by: ahead, behind_by: behind, total_commits: total, commits } = seen;
  const counts = `${ahead} ahead, ${behind} behind`;
  const merge = seen.merge_base_commit.sha;
  const isFull = fullSha.test(base) && fullSha.test(head);
  const known = {
    identical: ahead === 0 && behind === 0 && (!isFull || (base === head && merge === base)),
    ahead: ahead > 0 && behind === 0 && (!isFull || merge === base),
    behind: ahead === 0 && behind > 0 && (!isFull || merge === head),
    diverged: ahead > 0 && behind > 0 && (!isFull || (merge !== base && merge !== head)),
  };
  if (isFull && seen.base_commit.sha !== base) return `it is of ${seen.base_commit.sha}`;
  if (!known[status]) return `it says ${status}, but ${counts}, from ${merge}`;
  if (total !== ahead || commits.length !== Math.min(total, compareMax)) {
    return `it says ${counts}, but has ${commits.length} of ${total} commits`;
  }
  const last = commits.at(-1)?.sha;
  if (isFull && last !== undefined && last !== head) return `it ends at ${last}`;
  if (new Set(commits.map(({ sha }) => sha)).size < commits.length) return 'it has a commit twice';
  return null;
}

function toCommit({ sha, commit }: z.output<typeof commitSchema>): Commit {
  const { author, committer, message } = commit;
  return {
    sha,
    ...splitMessage(message),
    author: author?.name ?? author?.email ?? 'unknown',
    email: author?.email ?? '',
    date: committer?.date ?? '',
  };
}

/** From a repository's URL, https or ssh, of github.com or an enterprise host; null where it names none. */
export function parseRepository(url: string): RepositoryName | null {
  const [, owner, name] =
    /^(?:https?:\/\/[^/]+\/|ssh:\/\/[^/]+\/|[^@/]+@[^:/]+:)([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(
      url,
    ) ?? [];
  return owner === undefined || name === undefined ? null : { owner, name };
}
