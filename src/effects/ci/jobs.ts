/**
 * How a CI's job ended: CircleCI's by its number, GitHub's by its run and attempt (CircleCI API v2
 * reference, Job; GitHub REST API, Workflow runs).
 */

import { z } from 'zod';
import { malformed, sendForJson } from '../http/answers.ts';
import { deadlineOf, type Ports } from '../ports.ts';
import { createCircleCi } from './circleci.ts';
import { github as gitHub, gitHubHeaders } from './github-vendor.ts';

/** A job as its CI's API names it. What is read from a log goes into a URL: its shape is held. */
export const ciJobSchema = z.discriminatedUnion('ci', [
  z.object({
    ci: z.literal('circleci'),
    /** `gh/acme/web`, or `circleci/ORGANIZATION/PROJECT` by their ids */
    project: z.string().regex(/^[\w-]+\/[\w.-]+\/[\w.-]+$/),
    number: z.string().regex(/^\d+$/),
  }),
  z.object({
    ci: z.literal('github'),
    /** `acme/web` */
    repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
    run: z.string().regex(/^\d+$/),
    attempt: z.int().positive(),
  }),
]);
export type CiJob = z.output<typeof ciJobSchema>;

/**
 * In words, how the job ended; null: it has not, or there is no token to ask its CI with. Asks once.
 *
 * @throws VendorUnreachable, VendorRefused, VendorMalformed
 */
export type EndingOf = (job: CiJob, ports: Ports) => Promise<string | null>;

interface Access {
  readonly baseUrl: string;
  /** Null: nothing of this CI is asked. */
  readonly token: string | null;
}

/** Whoever asks is waiting for something else, and asks again by itself. */
const once = { attemptsMax: 1, timeoutMs: 5_000 } as const;

export function createCiJobs({ circleci, github }: { circleci: Access; github: Access }): EndingOf {
  return async (job, ports) => {
    if (job.ci === 'circleci') {
      const { token, baseUrl } = circleci;
      if (token === null) return null;
      const { project: projectSlug, number } = job;
      const ending = await createCircleCi({ baseUrl, token, projectSlug }).ending(
        number,
        ports,
        once,
      );
      return ending === null ? null : `CircleCI says that its job ended (${ending})`;
    }
    const { token, baseUrl } = github;
    if (token === null) return null;
    const attempt = await readAttempt(job, { baseUrl, token }, ports);
    if (attempt.status !== 'completed') return null;
    return `GitHub says that its run ended (${attempt.conclusion ?? 'completed'})`;
  };
}

const attemptSchema = z.object({
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  id: z.number(),
  run_attempt: z.int().optional(),
});

/** One attempt, for a run that is run again keeps its number: the job asked about may be of the one before. */
async function readAttempt(
  { repository, run, attempt }: Extract<CiJob, { ci: 'github' }>,
  { baseUrl, token }: { baseUrl: string; token: string },
  ports: Ports,
): Promise<z.output<typeof attemptSchema>> {
  const url = `${baseUrl}/repos/${repository}/actions/runs/${run}/attempts/${attempt}`;
  const request = { vendor: gitHub, method: 'GET', url } as const;
  const seen = await sendForJson(
    ports.http,
    {
      ...request,
      signal: ports.signal,
      ...deadlineOf(ports),
      headers: gitHubHeaders(token),
      ...once,
    },
    attemptSchema,
  );
  if (String(seen.id) === run && (seen.run_attempt ?? 1) === attempt) return seen;
  throw malformed(request, `it is of run ${seen.id}, attempt ${seen.run_attempt ?? 1}`);
}
