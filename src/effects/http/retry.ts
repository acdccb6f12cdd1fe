/** When a request is sent again, and how long to wait before: pure rules, no clock. */
import type { HttpRequest, HttpResponse } from './client.ts';
import { untilMs } from './vendor-clock.ts';

const backoffBaseMs = 500;
const backoffCapMs = 20_000;
/** What a vendor may make us wait at a time where no deadline says how long the answer is of use. */
const waitMsMax = 5 * 60_000;
/** GitHub's secondary limit without a `retry-after`: at least a minute (GitHub's REST best practices). */
const githubSecondaryLimitMs = 60_000;

/** A request that changes nothing, and may be repeated freely. */
export function isRead({ method }: Pick<HttpRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * The vendor refused for the rate alone: nothing was carried out. GitHub says it with 403 as well as 429, and of its
 * secondary limit sometimes in words only.
 */
export function isRateLimited(request: HttpRequest, response: HttpResponse): boolean {
  const { status, headers } = response;
  if (status === 429) return true;
  if (status !== 403 || request.vendor !== 'github') return false;
  const isSaid = headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
  return isSaid || isLimitInWords(response.body);
}

/** GitHub's error body: `message`, and `documentation_url` of the page that explains it. */
function isLimitInWords(body: string): boolean {
  try {
    const { message, documentation_url } = JSON.parse(body) ?? {};
    return /\brate limit\b/i.test(String(message)) || /rate-limit/.test(String(documentation_url));
  } catch {
    return false;
  }
}

/** How long a wait may be: until the deadline of what the answer is for, or 5 minutes where it has none. */
export function waitLeftMs({ deadlineMs }: HttpRequest, nowMs: number): number {
  return deadlineMs === undefined ? waitMsMax : Math.max(0, deadlineMs - nowMs);
}

/**
 * How long the vendor asks to wait, in milliseconds: `Retry-After` (seconds or a date), or GitHub's
 * `x-ratelimit-reset` (epoch seconds) when nothing remains, or a minute for GitHub's secondary limit, twice as long
 * each time (GitHub's REST best practices). Null when it does not say.
 *
 * @param attempt how often the request was sent, from 1
 */
export function askedMs(
  request: HttpRequest,
  response: HttpResponse,
  attempt: number,
): number | null {
  const { headers } = response;
  const wanted =
    retryAfterMs(headers) ??
    resetMs(headers) ??
    (request.vendor === 'github' && isRateLimited(request, response)
      ? Math.min(githubSecondaryLimitMs * 2 ** (attempt - 1), waitMsMax)
      : null);
  return wanted === null ? null : Math.max(0, wanted);
}

/** A time that the vendor names is one of its own clock, which the same answer tells. */
function retryAfterMs(headers: HttpResponse['headers']): number | null {
  const value = headers['retry-after'];
  if (value === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : untilMs(date, headers);
}

function resetMs(headers: HttpResponse['headers']): number | null {
  const reset = headers['x-ratelimit-reset'];
  if (headers['x-ratelimit-remaining'] !== '0' || reset === undefined) return null;
  return /^\d+$/.test(reset) ? untilMs(Number(reset) * 1000, headers) : null;
}

/**
 * Exponential with full jitter: between nothing and 0.5 s, 1 s, 2 s … 20 s after the 1st, 2nd, 3rd … attempt.
 * From the 6th on never less than half a second: an outage may last.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const drawn = Math.round(random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** (attempt - 1)));
  return attempt < 6 ? drawn : Math.max(drawn, backoffBaseMs);
}
