/** CircleCI's API v2: which builds of a job run on a branch (VENDORS.md 2.2). */
import { z } from 'zod';
import type { CiBuild } from '../machine/ci-queue.ts';
import { sendForJson } from './http-answers.ts';
import type { Ports } from './ports.ts';

export interface CircleCi {
  /**
   * The builds of a job on a branch among the newest pipelines, ended ones included. A pipeline's
   * number orders them; a re-run workflow keeps its pipeline's.
   *
   * @throws VendorUnreachable, VendorRefused, VendorMalformed
   */
  builds(of: { job: string; branch: string }, ports: Ports): Promise<readonly CiBuild[]>;
}

const list = <T>(item: z.ZodType<T>) =>
  z.object({ items: z.array(item), next_page_token: z.string().nullable() });
const pipelines = list(
  z.object({
    id: z.string(),
    number: z.int(),
    vcs: z.object({ branch: z.string().optional(), revision: z.string() }).optional(),
  }),
);
const workflows = list(z.object({ id: z.string(), status: z.string(), created_at: z.string() }));
const jobs = list(
  z.object({ name: z.string(), status: z.string(), job_number: z.int().optional() }),
);

/** A lane has fewer builds than that at a time. */
const pagesMax = 3;
const over: ReadonlySet<string> = new Set([
  'success',
  'not_run',
  'failed',
  'error',
  'canceled',
  'unauthorized',
]);

export function createCircleCi(options: {
  /** `https://circleci.com/api/v2`; of a bare host, `/api/v2` is meant. */
  readonly baseUrl: string;
  readonly token: string;
  /** `gh/acme/web` */
  readonly projectSlug: string;
}): CircleCi {
  const bare = new URL(options.baseUrl).pathname === '/';
  const base = options.baseUrl.replace(/\/+$/, '') + (bare ? '/api/v2' : '');

  const get = <T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T> =>
    sendForJson(
      ports.http,
      {
        vendor: 'circleci',
        method: 'GET',
        url: base + path,
        signal: ports.signal,
        headers: { accept: 'application/json', 'circle-token': options.token },
      },
      schema,
    );

  return {
    async builds({ job, branch }, ports) {
      const found: CiBuild[] = [];
      const query = `branch=${encodeURIComponent(branch)}`;
      let token: string | null = null;
      for (let page = 0; page < pagesMax; page++) {
        const next: string = token === null ? '' : `&page-token=${encodeURIComponent(token)}`;
        const path = `/project/${options.projectSlug}/pipeline?${query}${next}`;
        const seen: z.output<typeof pipelines> = await get(path, pipelines, ports);
        for (const pipeline of seen.items) {
          const build = await buildOf(pipeline, job, ports);
          if (build !== null) found.push(build);
        }
        token = seen.next_page_token;
        if (token === null) break;
      }
      return found;
    },
  };

  /** The job's state in the newest workflow of the pipeline that has it. */
  async function buildOf(
    pipeline: z.output<typeof pipelines>['items'][number],
    job: string,
    ports: Ports,
  ): Promise<CiBuild | null> {
    const { items } = await get(`/pipeline/${pipeline.id}/workflow`, workflows, ports);
    const newestFirst = [...items].sort((a, b) => b.created_at.localeCompare(a.created_at));
    for (const workflow of newestFirst) {
      const { items: all } = await get(`/workflow/${workflow.id}/job`, jobs, ports);
      const one = all.find(({ name }) => name === job);
      if (one === undefined) continue;
      return {
        order: pipeline.number,
        label: String(one.job_number ?? pipeline.number),
        commit: pipeline.vcs?.revision ?? '',
        state: over.has(workflow.status) ? 'over' : stateOf(one.status),
      };
    }
    return null;
  }
}

/** A job's status; one that is not known yet counts as running: unknown never means free. */
function stateOf(status: string): CiBuild['state'] {
  if (status === 'on_hold') return 'held';
  if (['queued', 'not_running', 'blocked'].includes(status)) return 'pending';
  const ended = [
    'success',
    'not_run',
    'failed',
    'retried',
    'infrastructure_fail',
    'timedout',
    'terminated-unknown',
    'canceled',
    'unauthorized',
  ];
  return ended.includes(status) ? 'over' : 'running';
}
