/** Where artifacts of an organization are deployed to (GitHub REST API, Artifact metadata). */
import { z } from 'zod';
import type { GitHubBackend } from './backend.ts';
import { faultsOf, jsonOf } from './deployments.ts';
import { isoSeconds } from './git.ts';
import { needs } from './permissions.ts';

const name = z.string().min(1).max(256);

const recordInput = z.object({
  name,
  digest: z.string().regex(/^sha256:[a-f0-9]{64}$/),
  version: z.string().min(1).max(100).optional(),
  status: z.enum(['deployed', 'decommissioned']),
  logical_environment: z.string().min(1).max(128),
  physical_environment: z.string().max(128).optional(),
  cluster: z.string().max(128).optional(),
  deployment_name: name,
  github_repository: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9.\-_]+$/)
    .optional(),
  return_records: z.boolean().default(true),
});

interface DeploymentRecord extends z.output<typeof recordInput> {
  readonly id: number;
  readonly at: number;
}

/** One for each place: a deployment's name in its environment and cluster. */
export class GitHubRecords {
  readonly #now: () => number;
  readonly #records = new Map<string, DeploymentRecord>();

  constructor(now: () => number) {
    this.#now = now;
  }

  reset(): void {
    this.#records.clear();
  }

  get all(): readonly DeploymentRecord[] {
    return [...this.#records.values()];
  }

  set(input: z.output<typeof recordInput>): DeploymentRecord {
    const { logical_environment, physical_environment, cluster, deployment_name } = input;
    const key = [logical_environment, physical_environment, cluster, deployment_name].join('\n');
    const id = this.#records.get(key)?.id ?? this.#records.size + 1;
    const record = { ...input, id, at: this.#now() };
    this.#records.set(key, record);
    return record;
  }
}

export function serveRecords(backend: GitHubBackend, records: GitHubRecords): void {
  const { hono, answers } = backend;
  const path = '/orgs/:org/artifacts/metadata/deployment-record';
  hono.post(path, needs('artifact-metadata', backend), async (c) => {
    const input = recordInput.safeParse(await jsonOf(c));
    if (!input.success) return answers.invalid(c, ...faultsOf('DeploymentRecord', input.error));
    const { id, at, digest, logical_environment, deployment_name } = records.set(input.data);
    const time = isoSeconds(at);
    const record = {
      ...{ id, digest, logical_environment, deployment_name },
      physical_environment: input.data.physical_environment ?? '',
      cluster: input.data.cluster ?? '',
      ...{ tags: {}, created_at: time, updated_at: time, attestation_id: null },
    };
    const all = input.data.return_records ? { deployment_records: [record] } : {};
    return answers.answer(c, { total_count: 1, ...all });
  });
}
