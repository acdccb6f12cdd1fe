/** The lane's builds as the CI lists them, for the locks that go by that list. */
import { createCircleCi } from '../../effects/ci/circleci.ts';
import { type GitHub, parseRepository } from '../../effects/history/github.ts';
import type { Ports } from '../../effects/ports.ts';
import { UsageError } from '../../errors/error.ts';
import type { CiBuild } from '../../machine/ci-queue.ts';
import type { Build } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { CiList, CiLockOptions } from '../../runtime/lock/ci-lock.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { CiFacts } from './ci.ts';

export interface CiBuildsOptions {
  readonly provider: CiLockOptions['provider'];
  readonly config: Config;
  readonly environment: Environment;
  readonly ci: CiFacts;
  readonly github: GitHub | null;
  readonly ports: (signal: AbortSignal, progress: (line: string) => void) => Ports;
}

/**
 * Before anything is opened.
 *
 * @throws UsageError E_LOCK_PROVIDER what the CI's list is read with is not there
 */
export function assertLockProvider(given: Given): void {
  const { provider } = given.config.lock;
  if (provider === 'circleci') circleCiFacts(given);
  if (provider === 'github') gitHubFacts(given);
}

type Given = Pick<CiBuildsOptions, 'config' | 'environment' | 'ci'>;

/** What a CI lists builds by: its word for it, and how it is called. */
const listedBy = {
  circleci: ({ job }: Build) => ['job', job] as const,
  github: ({ workflow }: Build) => ['workflow', workflow] as const,
};

/**
 * Whoever carries a deploy on by a CI's list has to be in the list in which it was asked for: another one shows none of those
 * that have to be waited for.
 *
 * @throws UsageError E_LOCK_PROVIDER
 */
export function assertSameList(
  build: Build,
  deploy: string,
  { config: { lock }, ci }: Pick<Given, 'config' | 'ci'>,
): void {
  if (lock.provider === 'store') return;
  const nameOf = listedBy[lock.provider];
  const [kind, asked] = nameOf(build);
  // As the log would have it.
  const here = ci.build === null ? null : nameOf(redactAll(ci.build))[1];
  if (build.provider === lock.provider && asked === here) return;
  throw new UsageError(
    'E_LOCK_PROVIDER',
    `${deploy} was asked for in ${kind} ${asked ?? 'without a name'}, and this is ${kind} ${here ?? 'without a name'}: its list of builds is another one, and does not show who deploys`,
    {
      hint: `Run it in ${kind} ${asked ?? 'of the deploys'}, let the next build carry the commit, or use lock.provider: store.`,
    },
  );
}

/** @throws UsageError E_LOCK_PROVIDER */
export function createCiBuilds(options: CiBuildsOptions): CiList {
  return options.provider === 'circleci' ? circleCiBuilds(options) : gitHubBuilds(options);
}

function circleCiFacts({ environment, ci }: Given) {
  const { circleToken: token, circleApiUrl: baseUrl } = environment;
  const { projectSlug, runId } = ci;
  const { job = null } = ci.build ?? {};
  if (token === null || projectSlug === null || job === null || runId === null) {
    throw unusable('circleci', 'a CircleCI job with CIRCLE_TOKEN set');
  }
  return { token, baseUrl, projectSlug, runId, job };
}

function circleCiBuilds(options: CiBuildsOptions): CiList {
  const { config, ports } = options;
  const { token, baseUrl, projectSlug, runId, job } = circleCiFacts(options);
  const circleci = createCircleCi({ baseUrl, token, projectSlug });
  return {
    project: projectSlug,
    async builds(signal, progress) {
      const builds = await circleci.builds({ job, branch: config.branch }, ports(signal, progress));
      return { me: mine(builds, runId), builds };
    },
  };
}

const stateOfRun: ReadonlyMap<string, CiBuild['state']> = new Map([
  ['in_progress', 'running'],
  ['completed', 'over'],
  ['waiting', 'held'],
  ['queued', 'pending'],
  ['pending', 'pending'],
  ['requested', 'pending'],
]);

const gitHubNeeds = 'a GitHub Actions job, GITHUB_TOKEN and `repository` in pipeline.yml';

function gitHubFacts({ config, environment, ci }: Given) {
  const { runId, workflowFile } = ci;
  const name = config.repository === undefined ? null : parseRepository(config.repository);
  const isMissing = environment.githubToken === null || workflowFile === null || runId === null;
  if (isMissing || name === null) throw unusable('github', gitHubNeeds);
  return { name, workflowFile, runId };
}

function gitHubBuilds(options: CiBuildsOptions): CiList {
  const { config, github, ports } = options;
  const { name, workflowFile, runId } = gitHubFacts(options);
  if (github === null) throw unusable('github', gitHubNeeds);
  const read: CiList['builds'] = async (signal, progress) => {
    const runs = await github.runs(name, workflowFile, config.branch, ports(signal, progress));
    const builds = runs.map(
      (run): CiBuild => ({
        order: run.number,
        id: String(run.id),
        // A re-run keeps its run's id.
        startedAt: run.startedAt ?? Number.POSITIVE_INFINITY,
        label: String(run.number),
        commit: run.commit,
        state: stateOfRun.get(run.status) ?? 'running',
      }),
    );
    return { me: mine(builds, runId), builds };
  };
  return { project: `${name.owner}/${name.name}`, builds: read };
}

/** The list lags: a build that is not in it yet is not the next, and what else it lacks nobody knows. */
function mine(builds: readonly CiBuild[], id: string): CiBuild | null {
  return builds.find((build) => build.id === id) ?? null;
}

function unusable(provider: string, needs: string): UsageError {
  return new UsageError('E_LOCK_PROVIDER', `lock.provider ${provider} needs ${needs}`, {
    hint: 'Set what is missing, or use lock.provider: store.',
  });
}
