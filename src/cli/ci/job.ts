/** The job that this process is in, as its CI's API names it. */
import { type CiJob, ciJobSchema } from '../../effects/ci/jobs.ts';
import type { CiFacts } from './ci.ts';

/** Null outside of CircleCI and GitHub Actions, and where one of them does not say enough. */
export function ciJobOf({ build, projectSlug, runId }: CiFacts): CiJob | null {
  const found =
    build?.provider === 'circleci'
      ? { ci: 'circleci', project: projectSlug, number: runId }
      : {
          ci: 'github',
          repository: /([^/]+\/[^/]+)\/actions\/runs\/\d+$/.exec(build?.url ?? '')?.[1],
          run: runId,
          attempt: build?.attempt,
        };
  return ciJobSchema.safeParse(found).data ?? null;
}
