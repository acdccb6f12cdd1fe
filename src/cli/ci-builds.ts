/** The lane's builds as the CI lists them, for the locks that go by that list. */
import { createCircleCi } from '../effects/circleci.ts';
import type { GitHub, RepositoryName } from '../effects/github.ts';
import type { Ports } from '../effects/ports.ts';
import { UsageError } from '../errors.ts';
import type { CiBuild } from '../machine/ci-queue.ts';
import type { CiLockOptions } from '../runtime/ci-lock.ts';
import type { CiFacts } from './ci.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';

export interface CiBuildsOptions {
  readonly provider: CiLockOptions['provider'];
  readonly config: Config;
  readonly environment: Environment;
  readonly ci: CiFacts;
  readonly github: GitHub | null;
  readonly slug: RepositoryName | null;
  readonly ports: (signal: AbortSignal, progress: (line: string) => void) => Ports;
}

/** @throws UsageError E_LOCK_PROVIDER what that list is read with is not there */
export function createCiBuilds(options: CiBuildsOptions): CiLockOptions['builds'] {
  return options.provider === 'circleci' ? circleCiBuilds(options) : gitHubBuilds(options);
}

function circleCiBuilds({
  config,
  environment,
  ci,
  ports,
}: CiBuildsOptions): CiLockOptions['builds'] {
  const { circleToken: token, circleApiUrl: baseUrl } = environment;
  const { projectSlug, runId } = ci;
  const { job = null, label = '' } = ci.build ?? {};
  if (token === null || projectSlug === null || job === null || runId === null) {
    throw unusable('circleci', 'a CircleCI job with CIRCLE_TOKEN set');
  }
  const circleci = createCircleCi({ baseUrl, token, projectSlug });
  return async (signal, progress) => {
    const builds = await circleci.builds({ job, branch: config.branch }, ports(signal, progress));
    return { me: mine(builds, runId, label), builds };
  };
}

const stateOfRun: Readonly<Record<string, CiBuild['state']>> = {
  in_progress: 'running',
  completed: 'over',
  waiting: 'held',
  queued: 'pending',
  pending: 'pending',
  requested: 'pending',
};

function gitHubBuilds({
  config,
  ci,
  github,
  slug,
  ports,
}: CiBuildsOptions): CiLockOptions['builds'] {
  const { runId, workflowFile } = ci;
  const { label = '' } = ci.build ?? {};
  if (github === null || slug === null || workflowFile === null || runId === null) {
    throw unusable('github', 'a GitHub Actions job, GITHUB_TOKEN and `repository` in pipeline.yml');
  }
  return async (signal, progress) => {
    const runs = await github.runs(slug, workflowFile, config.branch, ports(signal, progress));
    const builds = runs.map(
      (run): CiBuild => ({
        order: run.number,
        id: String(run.id),
        // A re-run keeps its run's id.
        startedAt: run.startedAt ?? Number.POSITIVE_INFINITY,
        label: String(run.number),
        commit: run.commit,
        state: stateOfRun[run.status] ?? 'running',
      }),
    );
    return { me: mine(builds, runId, label), builds };
  };
}

/** The list lags: a build that is not in it yet is not the next. */
function mine(builds: readonly CiBuild[], id: string, label: string): CiBuild {
  const found = builds.find((build) => build.id === id);
  if (found !== undefined) return found;
  const last = builds.reduce((most, { order }) => Math.max(most, order), 0);
  const startedAt = Number.POSITIVE_INFINITY;
  return { order: last + 1, id, startedAt, label, commit: '', state: 'running' };
}

function unusable(provider: string, needs: string): UsageError {
  return new UsageError('E_LOCK_PROVIDER', `lock.provider ${provider} needs ${needs}`, {
    hint: 'Set what is missing, or use lock.provider: store.',
  });
}
