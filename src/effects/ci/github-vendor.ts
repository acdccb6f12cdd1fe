/** GitHub's REST API as the HTTP client has to know it. */
import type { RefusedAnswer, VendorFacts } from '../http/vendor-facts.ts';

export const github = {
  id: 'github',
  name: 'GitHub',
  tokenVariable: 'GITHUB_TOKEN',
  urlVariable: 'GITHUB_API_URL',
  statusPage: 'https://www.githubstatus.com',
  isFenced: true,
  requestIdHeader: 'x-github-request-id',
  isRateLimit,
  rateLimitWaitMs,
  movedHint:
    'Was the repository renamed or moved? Set `repository` in pipeline.yml to what it is called now.',
} as const satisfies VendorFacts;

/** GitHub says it with 403 as well as 429, and of its secondary limit sometimes in words only. */
function isRateLimit({ status, headers, body }: RefusedAnswer): boolean {
  if (status !== 403) return false;
  const isSaid = headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
  return isSaid || isLimitInWords(body);
}

/** The body of a refusal: `message`, and `documentation_url` of the page that explains it. */
function isLimitInWords(body: string): boolean {
  try {
    const { message, documentation_url } = JSON.parse(body) ?? {};
    return /\brate limit\b/i.test(String(message)) || /rate-limit/.test(String(documentation_url));
  } catch {
    return false;
  }
}

const waitMsMax = 5 * 60_000;

/** The secondary limit without a `retry-after`: at least a minute, twice as long each time (REST best practices). */
function rateLimitWaitMs(attempt: number): number {
  return Math.min(60_000 * 2 ** (attempt - 1), waitMsMax);
}

/** The API's version that our schemas are of (GitHub REST API, API versions). */
const apiVersion = '2022-11-28';

/** What every request carries, whatever it asks for. */
export const gitHubHeaders = (token: string): Readonly<Record<string, string>> => ({
  accept: 'application/vnd.github+json',
  authorization: `Bearer ${token}`,
  'x-github-api-version': apiVersion,
});
