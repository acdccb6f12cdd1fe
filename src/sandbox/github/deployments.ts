/**
 * GitHub's deployments and their statuses (GitHub REST API, Deployments and Deployment statuses). Nothing
 * here writes to the repository.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { type InputFault, jsonOf } from './answers.ts';
import type { GitHubBackend } from './backend.ts';
import { actor, nodeId, type Place, userBody } from './bodies.ts';
import { isoSeconds } from './git.ts';

const states = [
  'error',
  'failure',
  'inactive',
  'in_progress',
  'queued',
  'pending',
  'success',
] as const;
const text = z.string().nullish();

const wanted = z.object({
  ref: z.string().min(1),
  task: z.string().min(1).default('deploy'),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).nullish(),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
  environment: z.string().min(1).default('production'),
  description: z.string().max(140).nullish(),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});
const wantedStatus = z.object({
  state: z.enum(states),
  target_url: text,
  log_url: text,
  description: z.string().max(140).nullish(),
  environment: z.string().min(1).optional(),
  environment_url: text,
  auto_inactive: z.boolean().default(true),
});

type WantedStatus = Omit<z.output<typeof wantedStatus>, 'auto_inactive'>;

export interface Deployment
  extends Omit<z.output<typeof wanted>, 'auto_merge' | 'required_contexts'> {
  readonly id: number;
  readonly sha: string;
  readonly production_environment: boolean;
  /** Milliseconds since the epoch, as the other. */
  readonly createdAt: number;
  updatedAt: number;
  /** Oldest first. */
  readonly statuses: DeploymentStatus[];
}

export interface DeploymentStatus extends WantedStatus {
  readonly id: number;
  readonly environment: string;
  readonly createdAt: number;
}

export class GitHubDeployments {
  /** Oldest first. */
  readonly all: Deployment[] = [];
  #lastId = 0;

  /** The next id of a deployment or a status. */
  newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  find(id: string | undefined): Deployment | undefined {
    return this.all.find((one) => String(one.id) === id);
  }

  reset(): void {
    this.all.splice(0);
  }
}

const root = '/repos/:owner/:repo/deployments';

export function serveDeployments(backend: GitHubBackend, deployments: GitHubDeployments): void {
  serveCreation(backend, deployments);
  serveReading(backend, deployments);
  serveStatuses(backend, deployments);
}

function serveCreation(
  { hono, answers, now, place, repository }: GitHubBackend,
  deployments: GitHubDeployments,
): void {
  hono.post(root, async (c) => {
    const body = await jsonOf(c);
    const input = wanted.safeParse(body ?? {});
    if (!input.success) return answers.invalid(c, ...faultsOf('Deployment', body, input.error));
    const { auto_merge, required_contexts, ...asked } = input.data;
    const git = repository();
    const sha = (await git?.resolve(asked.ref)) ?? null;
    if (git === null || sha === null) {
      return answers.refuse(c, 422, `No ref found for: ${asked.ref}`);
    }
    const missing = required_contexts ?? [];
    if (missing.length > 0) {
      // No commit has a status here, so that whatever is required is not there.
      return answers.refuse(c, 409, `Conflict: Commit status checks failed for ${asked.ref}.`, [
        { contexts: missing, resource: 'Deployment', field: 'required_contexts', code: 'invalid' },
      ]);
    }
    const main = (await git.resolve('HEAD')) ?? sha;
    const isBranch = (await git.resolve(`refs/heads/${asked.ref}`)) !== null;
    if (auto_merge && isBranch && (await git.between(sha, main)).length > 0) {
      const message = `Auto-merged the default branch into ${asked.ref} on deployment.`;
      return answers.answer(c, { message }, 202);
    }
    const made: Deployment = {
      ...asked,
      id: deployments.newId(),
      sha,
      production_environment: asked.production_environment ?? asked.environment === 'production',
      createdAt: now(),
      updatedAt: now(),
      statuses: [],
    };
    deployments.all.push(made);
    return answers.answer(c, deploymentBody(place(c), made), 201);
  });
}

function serveReading(
  { hono, answers, place }: GitHubBackend,
  deployments: GitHubDeployments,
): void {
  hono.get(root, (c) => {
    const filters = Object.entries(c.req.query()).filter(
      (entry): entry is ['sha' | 'ref' | 'task' | 'environment', string] =>
        ['sha', 'ref', 'task', 'environment'].includes(entry[0]) && entry[1] !== 'none',
    );
    const found = deployments.all
      .filter((one) => filters.every(([name, value]) => one[name] === value))
      .toReversed();
    const here = place(c);
    const { items, headers } = answers.page(c, found, `/repositories/${here.id}/deployments`);
    const bodies = items.map((one) => deploymentBody(here, one));
    return answers.answer(c, bodies, 200, headers);
  });
  hono.get(`${root}/:id`, (c) => {
    const found = deployments.find(c.req.param('id'));
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    return answers.answer(c, deploymentBody(place(c), found));
  });
  hono.delete(`${root}/:id`, (c) => {
    const found = deployments.find(c.req.param('id'));
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const isInactive = found.statuses.at(-1)?.state === 'inactive';
    if (!isInactive && deployments.all.length > 1) {
      const why = 'We cannot delete an active deployment unless it is the only deployment.';
      return answers.refuse(c, 422, why);
    }
    deployments.all.splice(deployments.all.indexOf(found), 1);
    return answers.empty();
  });
}

function serveStatuses(
  { hono, answers, now, place }: GitHubBackend,
  deployments: GitHubDeployments,
): void {
  hono.post(`${root}/:id/statuses`, async (c) => {
    const found = deployments.find(c.req.param('id'));
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const body = await jsonOf(c);
    const input = wantedStatus.safeParse(body ?? {});
    if (!input.success)
      return answers.invalid(c, ...faultsOf('DeploymentStatus', body, input.error));
    const { auto_inactive, ...asked } = input.data;
    const add = (to: Deployment, status: WantedStatus): DeploymentStatus => {
      const environment = status.environment ?? to.environment;
      const made = { ...status, id: deployments.newId(), environment, createdAt: now() };
      to.statuses.push(made);
      to.updatedAt = now();
      return made;
    };
    const made = add(found, asked);
    if (asked.state === 'success' && auto_inactive) {
      for (const one of deployments.all.filter((other) => isSuperseded(other, found))) {
        add(one, { state: 'inactive' });
      }
    }
    return answers.answer(c, statusBody(place(c), found, made), 201);
  });
  hono.get(`${root}/:id/statuses`, (c) => {
    const found = deployments.find(c.req.param('id'));
    if (found === undefined) return answers.refuse(c, 404, 'Not Found');
    const here = place(c);
    const path = `/repositories/${here.id}/deployments/${found.id}/statuses`;
    const { items, headers } = answers.page(c, found.statuses.toReversed(), path);
    const bodies = items.map((one) => statusBody(here, found, one));
    return answers.answer(c, bodies, 200, headers);
  });
  hono.get(`${root}/:id/statuses/:status`, (c: Context) => {
    const found = deployments.find(c.req.param('id'));
    const status = found?.statuses.find(({ id }) => String(id) === c.req.param('status'));
    if (found === undefined || status === undefined) return answers.refuse(c, 404, 'Not Found');
    return answers.answer(c, statusBody(place(c), found, status));
  });
}

/** By a success in the same environment; production keeps its own. */
function isSuperseded(one: Deployment, by: Deployment): boolean {
  return (
    one.id < by.id &&
    one.environment === by.environment &&
    !one.transient_environment &&
    !one.production_environment &&
    one.statuses.at(-1)?.state === 'success'
  );
}

function faultsOf(
  resource: string,
  body: Readonly<Record<string, unknown>> | null,
  { issues }: z.ZodError,
): InputFault[] {
  return issues.map(({ path, message }) => {
    const field = String(path[0]);
    if (body?.[field] === undefined) return { resource, field, code: 'missing_field' };
    return { resource, field, code: 'custom', message: `${field}: ${message}` };
  });
}

function deploymentBody({ api }: Place, one: Deployment) {
  const url = `${api}/deployments/${one.id}`;
  return {
    url,
    id: one.id,
    node_id: nodeId('Deployment', one.id),
    sha: one.sha,
    ref: one.ref,
    task: one.task,
    payload: one.payload,
    original_environment: one.environment,
    environment: one.environment,
    description: one.description ?? null,
    creator: userBody(actor, api),
    created_at: isoSeconds(one.createdAt),
    updated_at: isoSeconds(one.updatedAt),
    statuses_url: `${url}/statuses`,
    repository_url: api,
    transient_environment: one.transient_environment,
    production_environment: one.production_environment,
  };
}

function statusBody({ api }: Place, { id }: Deployment, one: DeploymentStatus) {
  const url = `${api}/deployments/${id}`;
  const log = one.log_url ?? one.target_url ?? '';
  return {
    url: `${url}/statuses/${one.id}`,
    id: one.id,
    node_id: nodeId('DeploymentStatus', one.id),
    state: one.state,
    creator: userBody(actor, api),
    description: one.description ?? '',
    environment: one.environment,
    target_url: log,
    created_at: isoSeconds(one.createdAt),
    updated_at: isoSeconds(one.createdAt),
    deployment_url: url,
    repository_url: api,
    environment_url: one.environment_url ?? '',
    log_url: log,
  };
}
