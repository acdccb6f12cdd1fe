/** When a request is sent again, and how long to wait before: pure rules, no clock. */
import type { HttpRequest, HttpResponse } from './request.ts';
import { untilMs } from './vendor-clock.ts';

const backoffBaseMs = 500;
const backoffCapMs = 20_000;
/** What a vendor may make us wait at a time where no deadline says how long the answer is of use. */
const waitMsMax = 5 * 60_000;

/** A request that changes nothing, and may be repeated freely. */
export function isRead({ method }: Pick<HttpRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The vendor refused for the rate alone: nothing was carried out. */
export function isRateLimited({ vendor }: HttpRequest, response: HttpResponse): boolean {
  if (response.status === 429) return true;
  return vendor !== 'endpoint' && vendor.isRateLimit?.(response) === true;
}

/** How long a wait may be: until the deadline of what the answer is for, or 5 minutes where it has none. */
export function waitLeftMs({ deadlineMs }: HttpRequest, ranMs: number): number {
  return deadlineMs === undefined ? waitMsMax : Math.max(0, deadlineMs - ranMs);
}

/**
 * How long the vendor asks to wait, in milliseconds: `Retry-After` (seconds or a date), or `X-RateLimit-Reset` (epoch
 * seconds) when nothing remains, or what is known of a vendor whose refusals name no time. Null when it does not say.
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
    (request.vendor !== 'endpoint' && isRateLimited(request, response)
      ? (request.vendor.rateLimitWaitMs?.(attempt) ?? null)
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
