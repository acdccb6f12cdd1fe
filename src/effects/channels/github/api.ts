/**
 * GitHub's REST API as far as people are told something there: deployments and their statuses, the pull requests of a
 * commit, comments, and where artifacts run.
 */
import { z } from 'zod';
import { gitHubHeaders } from '../../ci/github-vendor.ts';
import type { RepositoryName } from '../../history/github.ts';
import { ensureOk, readJson } from '../../http/answers.ts';
import type { HttpRequest } from '../../http/request.ts';
import type { Delivery } from '../channel.ts';
import { messages } from './vendor.ts';

type ApiPorts = Pick<Delivery['ports'], 'http' | 'signal'>;

export type DeploymentState = 'in_progress' | 'success' | 'failure' | 'inactive';

export interface NewDeployment {
  readonly sha: string;
  readonly environment: string;
  /** Tells the deployment of a deploy's own commit from those of the pull requests that it carries. */
  readonly task: string;
  readonly description: string;
  /** By which it is known again. */
  readonly payload: Readonly<Record<string, string>>;
  readonly isProduction: boolean;
}

export interface NewStatus {
  readonly state: DeploymentState;
  /** 140 characters at most. */
  readonly description: string;
  readonly logUrl: string | null;
  readonly environmentUrl: string | null;
}

export interface PullRequest {
  readonly number: number;
  /** The last commit of its own branch. */
  readonly sha: string;
}

export interface DeploymentRecord {
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly version: string;
  readonly environment: string;
  readonly deployment: string;
}

/** Each call throws VendorUnreachable, VendorRefused or VendorMalformed; a write is sent once. */
export interface GitHubApi {
  /** By its payload; null where there is none. */
  findDeployment(deployment: NewDeployment, ports: ApiPorts): Promise<number | null>;
  createDeployment(deployment: NewDeployment, ports: ApiPorts): Promise<number>;
  /** The newest; null where it has none. */
  statusOf(
    deployment: number,
    ports: ApiPorts,
  ): Promise<Pick<NewStatus, 'state' | 'description'> | null>;
  setStatus(deployment: number, status: NewStatus, ports: ApiPorts): Promise<void>;
  /** The merged pull requests that brought the commit in. */
  mergedPulls(commit: string, ports: ApiPorts): Promise<readonly PullRequest[]>;
  /** Whether one of a pull request's comments has the text in it. */
  hasComment(number: number, text: string, ports: ApiPorts): Promise<boolean>;
  comment(number: number, body: string, ports: ApiPorts): Promise<void>;
  /** Replaces what the same deployment's record says. */
  record(record: DeploymentRecord, ports: ApiPorts): Promise<void>;
}

const deploymentSchema = z.object({ id: z.number(), payload: z.unknown() });
const statusesSchema = z.array(z.object({ state: z.string(), description: z.string().nullable() }));
const pullsSchema = z.array(
  z.object({
    number: z.number(),
    merged_at: z.string().nullable(),
    head: z.object({ sha: z.string() }),
  }),
);
const commentsSchema = z.array(z.object({ body: z.string().nullish() }));
const madeSchema = z.object({ id: z.number() });

/** For one attempt: what is said of a deploy is not worth the HTTP client's usual patience. */
const patience = { timeoutMs: 10_000, attemptsMax: 2 } as const;
const pageSize = 100;
/** Of a pull request that has more comments, the first ones are looked at. */
const commentPagesMax = 10;

export function createGitHubApi(options: {
  readonly baseUrl: string;
  readonly token: string;
  readonly of: RepositoryName;
}): GitHubApi {
  const { baseUrl, token, of } = options;
  const root = `/repos/${encodeURIComponent(of.owner)}/${encodeURIComponent(of.name)}`;
  async function ask<T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
    { http, signal }: ApiPorts,
    body?: object,
  ): Promise<T> {
    const request: HttpRequest = {
      vendor: messages,
      method,
      url: baseUrl + path,
      headers: { ...gitHubHeaders(token), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
      ...patience,
    };
    return readJson(request, ensureOk(request, await http.send(request)), schema);
  }
  const statuses = (deployment: number) => `${root}/deployments/${deployment}/statuses`;
  const comments = (number: number) => `${root}/issues/${number}/comments`;

  return {
    async findDeployment({ sha, environment, task, payload }, ports) {
      const query = new URLSearchParams({ sha, environment, task, per_page: String(pageSize) });
      const path = `${root}/deployments?${query}`;
      const found = await ask('GET', path, z.array(deploymentSchema), ports);
      return found.find((one) => isSame(one.payload, payload))?.id ?? null;
    },
    async createDeployment(deployment, ports) {
      const { sha, environment, task, description, payload, isProduction } = deployment;
      const body = {
        ...{ ref: sha, environment, task, description, payload },
        production_environment: isProduction,
        // GitHub would merge the default branch into this one and deploy that, or wait for every check.
        ...{ auto_merge: false, required_contexts: [] },
      };
      return (await ask('POST', `${root}/deployments`, madeSchema, ports, body)).id;
    },
    async statusOf(deployment, ports) {
      const path = `${statuses(deployment)}?per_page=1`;
      const [newest] = await ask('GET', path, statusesSchema, ports);
      if (newest === undefined) return null;
      const { state, description } = newest;
      return { state: state as DeploymentState, description: description ?? '' };
    },
    async setStatus(deployment, { state, description, logUrl, environmentUrl }, ports) {
      const body = {
        ...{ state, description },
        ...(logUrl === null ? {} : { log_url: logUrl }),
        ...(environmentUrl === null ? {} : { environment_url: environmentUrl }),
      };
      await ask('POST', statuses(deployment), madeSchema, ports, body);
    },
    async mergedPulls(commit, ports) {
      const path = `${root}/commits/${commit}/pulls?per_page=${pageSize}`;
      const pulls = await ask('GET', path, pullsSchema, ports);
      return pulls
        .filter((pull) => pull.merged_at !== null)
        .map(({ number, head }) => ({ number, sha: head.sha }));
    },
    async hasComment(number, text, ports) {
      for (let page = 1; page <= commentPagesMax; page++) {
        const path = `${comments(number)}?per_page=${pageSize}&page=${page}`;
        const found = await ask('GET', path, commentsSchema, ports);
        if (found.some(({ body }) => body?.includes(text) === true)) return true;
        if (found.length < pageSize) return false;
      }
      return true;
    },
    async comment(number, body, ports) {
      await ask('POST', comments(number), madeSchema, ports, { body });
    },
    async record({ name, digest, version, environment, deployment }, ports) {
      const path = `/orgs/${encodeURIComponent(of.owner)}/artifacts/metadata/deployment-record`;
      const body = {
        ...{ name, digest, version, status: 'deployed', logical_environment: environment },
        ...{ deployment_name: deployment, github_repository: of.name, return_records: false },
      };
      await ask('POST', path, z.object({ total_count: z.number() }), ports, body);
    },
  };
}

/** GitHub gives a payload back as an object, or as the text of one. */
function isSame(given: unknown, wanted: Readonly<Record<string, string>>): boolean {
  const payload = typeof given === 'string' ? parsed(given) : given;
  if (typeof payload !== 'object' || payload === null) return false;
  const fields = payload as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([name, value]) => fields[name] === value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
