/** CircleCI's API v2: which builds of a job run on a branch (CircleCI API v2 reference, Pipeline, Workflow, Job). */

import { z } from 'zod';
import type { CiBuild } from '../../machine/ci-queue.ts';
import { malformed, readJson, sendForJson } from '../http/answers.ts';
import { ReadBudget, readPages, tooLarge } from '../http/pages.ts';
import type { HttpRequest } from '../http/request.ts';
import { deadlineOf, type Ports } from '../ports.ts';
import { circleCiApi, circleci } from './circleci-vendor.ts';

/** One question, however many lists answer it. */
interface Read {
  readonly ports: Ports;
  readonly budget: ReadBudget;
  readonly request: (path: string, ports: Ports) => HttpRequest;
}

type Patience = Pick<HttpRequest, 'attemptsMax' | 'timeoutMs'>;

export interface CircleCi {
  /**
   * The builds of a job on a branch among the newest pipelines, ended ones included. A pipeline's
   * number orders them; a re-run workflow keeps its pipeline's.
   *
   * @throws VendorUnreachable, VendorRefused, VendorMalformed, VendorTooLarge
   */
  builds(of: { job: string; branch: string }, ports: Ports): Promise<readonly CiBuild[]>;
  /**
   * How the job of that number ended, in CircleCI's own word; null: it runs, or will.
   *
   * @throws VendorUnreachable, VendorRefused, VendorMalformed
   */
  ending(number: string, ports: Ports, patience?: Patience): Promise<string | null>;
}

interface List<T> {
  readonly items: T[];
  readonly next_page_token: string | null;
}
type ListSchema<T> = z.ZodType<List<T>>;

const list = <T>(item: z.ZodType<T>) =>
  z.object({ items: z.array(item), next_page_token: z.string().nullable() });
const pipelines = list(
  z.object({
    id: z.string(),
    number: z.int(),
    vcs: z.object({ branch: z.string().optional(), revision: z.string() }).optional(),
  }),
);
const workflows = list(
  z.object({
    id: z.string(),
    status: z.string(),
    created_at: z.string(),
    pipeline_id: z.string(),
  }),
);
const jobs = list(
  z.object({ name: z.string(), status: z.string(), job_number: z.int().optional() }),
);

const jobDetails = z.object({ status: z.string(), number: z.int() });

type Pipeline = z.output<typeof pipelines>['items'][number];
type Job = z.output<typeof jobs>['items'][number];

/** Of twenty each: a lane has fewer builds than that at a time, a workflow fewer jobs. */
const pagesMax = 5;
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
  /** `gh/acme/web`, or `circleci/ORGANIZATION/PROJECT` by their ids */
  readonly projectSlug: string;
}): CircleCi {
  const base = circleCiApi(options.baseUrl);

  const request = (path: string, ports: Ports, patience: Patience = {}): HttpRequest => ({
    vendor: circleci,
    method: 'GET',
    url: base + path,
    signal: ports.signal,
    headers: { accept: 'application/json', 'circle-token': options.token },
    ...deadlineOf(ports),
    ...patience,
  });

  return {
    async builds({ job, branch }, ports) {
      const found: CiBuild[] = [];
      const read = { ports, budget: new ReadBudget(), request };
      const path = `/project/${options.projectSlug}/pipeline?branch=${encodeURIComponent(branch)}`;
      for await (const page of pages(path, pipelines, read)) {
        for (const { number, vcs } of page) {
          // A pipeline of GitHub's app need not name its branch; it counts, so at worst it is waited for.
          if (vcs?.branch === undefined || vcs.branch === branch) continue;
          throw malformed(request(path, ports), `pipeline ${number} is of ${vcs.branch}`);
        }
        const builds = await Promise.all(page.map((pipeline) => buildsOf(pipeline, job, read)));
        const known = builds.flat();
        for (const build of known) found.push(build);
        // Newest first: past a whole page of builds that are over there is nothing to wait for. One that
        // waits for an approval is not under way either, and may be left so for ever.
        if (known.every(({ state }) => state === 'over' || state === 'held')) break;
      }
      return found;
    },

    async ending(number, ports, patience) {
      const path = `/project/${options.projectSlug}/job/${number}`;
      const asked = request(path, ports, patience);
      const { status, number: seen } = await sendForJson(ports.http, asked, jobDetails);
      if (String(seen) !== number) throw malformed(asked, `it is of job ${seen}`);
      return stateOf(status) === 'over' ? status : null;
    },
  };
}

/** A list's items, page by page. @throws VendorTooLarge it goes on after five pages: what is there is unknown */
function pages<T>(path: string, schema: ListSchema<T>, { ports, budget, request }: Read) {
  const separator = path.includes('?') ? '&' : '?';
  let page = 1;
  return readPages(
    ports.http,
    request(path, ports),
    (asked, response) => {
      const { items, next_page_token: token } = readJson(asked, response, schema);
      const next = () => {
        if (token === null) return null;
        if (page++ === pagesMax) throw tooLarge(asked, `more than ${pagesMax} pages`);
        return request(`${path}${separator}page-token=${encodeURIComponent(token)}`, ports);
      };
      return { items, next };
    },
    budget,
  );
}

async function all<T>(path: string, schema: ListSchema<T>, read: Read): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages(path, schema, read)) for (const item of page) items.push(item);
  return items;
}

/** Its other jobs are not asked for. Null: the workflow has none of that name. @throws VendorTooLarge */
async function jobOf(workflow: string, job: string, read: Read): Promise<Job | null> {
  for await (const page of pages(`/workflow/${workflow}/job`, jobs, read)) {
    const found = page.find(({ name }) => name === job);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * The job in the newest workflow of the pipeline that has it, and in older ones where it is not
 * over: a re-run of the pipeline does not end what it was begun with.
 */
async function buildsOf(pipeline: Pipeline, job: string, read: Read): Promise<CiBuild[]> {
  const path = `/pipeline/${pipeline.id}/workflow`;
  const found = await all(path, workflows, read);
  const stranger = found.find(({ pipeline_id }) => pipeline_id !== pipeline.id);
  if (stranger !== undefined) {
    throw malformed(read.request(path, read.ports), `it is of pipeline ${stranger.pipeline_id}`);
  }
  const newestFirst = [...found].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const builds: CiBuild[] = [];
  for (const workflow of newestFirst) {
    const isOver = over.has(workflow.status);
    if (isOver && builds.length > 0) continue;
    const one = await jobOf(workflow.id, job, read);
    if (one === null) continue;
    const state = isOver ? 'over' : stateOf(one.status, workflow.status);
    if (state === 'over' && builds.length > 0) continue;
    const id = one.job_number === undefined ? null : String(one.job_number);
    builds.push({
      order: pipeline.number,
      id,
      label: id ?? `pipeline ${pipeline.number}`,
      commit: pipeline.vcs?.revision ?? '',
      state,
    });
  }
  return builds;
}

/** A job's status; one that is not known yet counts as running: unknown never means free. */
function stateOf(status: string, workflow?: string): CiBuild['state'] {
  if (status === 'on_hold') return 'held';
  // A workflow is on hold once nothing but an approval is left to wait for.
  if (status === 'blocked' && workflow === 'on_hold') return 'held';
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
