/** GitHub's calls about deployments and their statuses (GitHub REST API, Deployments and Deployment statuses). */
import type { Context } from 'hono';
import { z } from 'zod';
import type { InputFault } from './answers.ts';
import type { GitHubBackend } from './backend.ts';
import { actor, nodeId, type Place, userBody } from './bodies.ts';
import { isoSeconds } from './git.ts';
import { needs } from './permissions.ts';

const states = [
  'error',
  'failure',
  'inactive',
  'in_progress',
  'queued',
  'pending',
  'success',
] as const;
const descriptionMax = 140;

interface DeploymentStatus {
  readonly id: number;
  readonly state: (typeof states)[number];
  readonly description: string;
  readonly environment: string;
  readonly log_url: string;
  readonly environment_url: string;
  readonly at: number;
}

interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly environment: string;
  readonly description: string | null;
  readonly payload: unknown;
  readonly isTransient: boolean;
  readonly isProduction: boolean;
  readonly at: number;
  /** Oldest first. */
  readonly statuses: DeploymentStatus[];
}

/** What may be left out has the default that GitHub has; more fields than these are looked over. */
const deploymentInput = z.object({
  ref: z.string(),
  task: z.string().default('deploy'),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
  payload: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
  environment: z.string().default('production'),
  description: z.string().nullable().default(null),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});

const statusInput = z.object({
  state: z.enum(states),
  log_url: z.string().default(''),
  target_url: z.string().default(''),
  environment_url: z.string().default(''),
  environment: z.string().optional(),
  description: z.string().max(descriptionMax).default(''),
  auto_inactive: z.boolean().default(true),
});

export class GitHubDeployments {
  readonly #now: () => number;
  readonly #all: Deployment[] = [];
  #lastId = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  reset(): void {
    this.#all.splice(0);
  }

  /** Newest first. */
  get all(): readonly Deployment[] {
    return this.#all.toReversed();
  }

  get(id: number): Deployment | undefined {
    return this.#all.find((one) => one.id === id);
  }

  make(input: z.output<typeof deploymentInput>, sha: string): Deployment {
    const { ref, task, environment, description, payload } = input;
    const made: Deployment = {
      id: ++this.#lastId,
      ...{ sha, ref, task, environment, description, payload },
      isTransient: input.transient_environment,
      isProduction: input.production_environment ?? environment === 'production',
      at: this.#now(),
      statuses: [],
    };
    this.#all.push(made);
    return made;
  }

  /** On success, what succeeded before in that environment turns inactive, unless it is production or transient. */
  setStatus(of: Deployment, input: z.output<typeof statusInput>): DeploymentStatus {
    if (input.state === 'success' && input.auto_inactive) {
      const isBefore = (one: Deployment) =>
        one.id !== of.id && one.environment === of.environment && !one.isProduction;
      for (const one of this.#all.filter(isBefore)) {
        if (!one.isTransient && one.statuses.at(-1)?.state === 'success') {
          this.#push(one, { ...input, state: 'inactive', description: '' });
        }
      }
    }
    return this.#push(of, input);
  }

  #push(of: Deployment, input: z.output<typeof statusInput>): DeploymentStatus {
    const { state, description, environment_url } = input;
    const status: DeploymentStatus = {
      id: ++this.#lastId,
      ...{ state, description, environment_url },
      environment: input.environment ?? of.environment,
      log_url: input.log_url === '' ? input.target_url : input.log_url,
      at: this.#now(),
    };
    of.statuses.push(status);
    return status;
  }
}

const path = '/repos/:owner/:repo/deployments';

export function serveDeployments(backend: GitHubBackend, deployments: GitHubDeployments): void {
  const { hono, answers, place, repository } = backend;
  const may = needs('deployments', backend);
  const find = (c: Context) => deployments.get(Number(c.req.param('id')));
  hono.get(path, may, (c) => {
    const { sha, ref, task, environment } = c.req.query();
    const is = (wanted: string | undefined, one: string) => wanted === undefined || wanted === one;
    const all = deployments.all.filter(
      (one) =>
        is(sha, one.sha) &&
        is(ref, one.ref) &&
        is(task, one.task) &&
        is(environment, one.environment),
    );
    const here = place(c);
    const { items, headers } = answers.page(c, all, `/repositories/${here.id}/deployments`);
    return answers.answer(
      c,
      items.map((one) => deploymentBody(here, one)),
      200,
      headers,
    );
  });
  hono.post(path, may, async (c) => {
    const input = deploymentInput.safeParse(await jsonOf(c));
    if (!input.success) return answers.invalid(c, ...faultsOf('Deployment', input.error));
    const { ref, auto_merge: autoMerge } = input.data;
    const git = repository();
    const sha = git === null ? asFullId(ref) : await git.resolve(ref);
    if (sha === null) return answers.refuse(c, 422, `No ref found for: ${ref}`);
    const head = (await git?.resolve('HEAD')) ?? null;
    // GitHub merges the default branch into a branch that is behind it, and deploys nothing.
    if (autoMerge && git !== null && head !== null && (await git.between(sha, head)).length > 0) {
      return answers.answer(c, { message: `Auto-merged HEAD into ${ref} on deployment.` }, 202);
    }
    const made = deployments.make(input.data, sha);
    return answers.answer(c, deploymentBody(place(c), made), 201);
  });
  hono.get(`${path}/:id`, may, (c) => {
    const found = find(c);
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    return answers.answer(c, deploymentBody(place(c), found));
  });
  hono.get(`${path}/:id/statuses`, may, (c) => {
    const found = find(c);
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const here = place(c);
    const path = `/repositories/${here.id}/deployments/${found.id}/statuses`;
    const { items, headers } = answers.page(c, found.statuses.toReversed(), path);
    const bodies = items.map((one) => statusBody(here, found, one));
    return answers.answer(c, bodies, 200, headers);
  });
  hono.post(`${path}/:id/statuses`, may, async (c) => {
    const found = find(c);
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const input = statusInput.safeParse(await jsonOf(c));
    if (!input.success) return answers.invalid(c, ...faultsOf('DeploymentStatus', input.error));
    return answers.answer(
      c,
      statusBody(place(c), found, deployments.setStatus(found, input.data)),
      201,
    );
  });
}

const asFullId = (ref: string): string | null => (/^[0-9a-f]{40}$/.test(ref) ? ref : null);

/** Null where there is none. */
export async function jsonOf(c: Context): Promise<unknown> {
  return c.req.json().catch(() => null);
}

export function faultsOf(resource: string, { issues }: z.ZodError): InputFault[] {
  return issues.map(({ path, message }) => ({
    resource,
    field: String(path[0] ?? ''),
    code: 'custom',
    message,
  }));
}

function deploymentBody({ api }: Place, one: Deployment) {
  const { id, sha, ref, task, environment, description, payload, at } = one;
  const url = `${api}/deployments/${id}`;
  return {
    ...{ url, id, node_id: nodeId('Deployment', id) },
    ...{ task, ref, sha, environment, original_environment: environment, description, payload },
    creator: userBody(actor, api),
    created_at: isoSeconds(at),
    updated_at: isoSeconds(one.statuses.at(-1)?.at ?? at),
    statuses_url: `${url}/statuses`,
    repository_url: api,
    transient_environment: one.isTransient,
    production_environment: one.isProduction,
  };
}

function statusBody({ api }: Place, of: Deployment, one: DeploymentStatus) {
  const { id, state, description, environment, log_url, environment_url, at } = one;
  const deployment = `${api}/deployments/${of.id}`;
  return {
    ...{ url: `${deployment}/statuses/${id}`, id, node_id: nodeId('DeploymentStatus', id) },
    ...{ state, description, environment, log_url, target_url: log_url, environment_url },
    creator: userBody(actor, api),
    created_at: isoSeconds(at),
    updated_at: isoSeconds(at),
    deployment_url: deployment,
    repository_url: api,
  };
}
