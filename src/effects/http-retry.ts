/** When a request is sent again, and how long to wait before: pure rules, no clock. */
import type { HttpRequest, HttpResponse } from './http.ts';

const backoffBaseMs = 500;
const backoffCapMs = 20_000;
/** No vendor's word makes us wait longer than this at a time. */
const askedMsMax = 5 * 60_000;
/** GitHub's secondary limit without a `retry-after`: at least a minute (GitHub's REST best practices). */
const githubSecondaryLimitMs = 60_000;

/** A request that changes nothing, and may be repeated freely. */
export function isRead({ method }: Pick<HttpRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The vendor refused for the rate alone: nothing was carried out. GitHub says it with 403 as well as 429. */
export function isRateLimited(request: HttpRequest, { status, headers }: HttpResponse): boolean {
  if (status === 429) return true;
  if (status !== 403 || request.vendor !== 'github') return false;
  return headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
}

/**
 * How long the vendor asks to wait, in milliseconds: `Retry-After` (seconds or a date), or GitHub's
 * `x-ratelimit-reset` (epoch seconds) when nothing remains; at most 5 minutes. Null when it does not say.
 */
export function askedMs(
  request: HttpRequest,
  response: HttpResponse,
  nowMs: number,
): number | null {
  const { headers } = response;
  const wanted =
    retryAfterMs(headers['retry-after'], nowMs) ??
    resetMs(headers, nowMs) ??
    (request.vendor === 'github' && isRateLimited(request, response)
      ? githubSecondaryLimitMs
      : null);
  return wanted === null ? null : Math.min(Math.max(0, wanted), askedMsMax);
}

function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : date - nowMs;
}

function resetMs(headers: HttpResponse['headers'], nowMs: number): number | null {
  const reset = headers['x-ratelimit-reset'];
  if (headers['x-ratelimit-remaining'] !== '0' || reset === undefined) return null;
  return /^\d+$/.test(reset) ? Number(reset) * 1000 - nowMs : null;
}

/** Exponential with full jitter: between nothing and 0.5 s, 1 s, 2 s … 20 s after the 1st, 2nd, 3rd … attempt. */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** (attempt - 1)));
}
