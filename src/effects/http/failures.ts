/** What the HTTP client fails with, in words: a write that came too late, no answer, a wait that is too long. */

import { formatDuration } from '../../format/duration.ts';
import {
  ClearanceExpired,
  type NoAnswer,
  PlainHttp,
  VendorUnreachable,
  VendorWait,
} from './errors.ts';
import type { HttpRequest, HttpResponse } from './request.ts';
import { isRead } from './retry.ts';
import { shownName, shownOrigin, shownPath } from './shown.ts';
import { type VendorFacts, vendorId } from './vendor-facts.ts';

export function clearanceExpired(request: HttpRequest): ClearanceExpired {
  return new ClearanceExpired(
    'E_CLEARANCE_EXPIRED',
    `${request.method} ${shownPath(request)} was held up for so long that what allowed it is too old`,
    { hint: 'Nothing was sent. Run the same command again.' },
  );
}

export function unreachable(
  request: HttpRequest,
  { reason, sent }: NoAnswer,
  attempts: number,
): VendorUnreachable {
  const { vendor, method, url } = request;
  const name = shownName(request);
  const where = vendor === 'endpoint' ? name : `${name} at ${shownOrigin(url)}`;
  const facts = vendor === 'endpoint' ? null : vendor;
  return new VendorUnreachable(`${where} could not be reached: ${reason}`, {
    hint:
      facts === null
        ? 'Check that the app is running and that this machine may reach it.'
        : `Check the network and any proxy (HTTPS_PROXY), ${facts.urlVariable} if it is set, and ${facts.statusPage}.`,
    reason,
    sent: sent && !isRead(request),
    details: { vendor: vendorId(vendor), method, path: shownPath(request), attempts },
  });
}

export function waitTooLong(
  request: HttpRequest,
  { status }: HttpResponse,
  { askedMs, leftMs, nowMs }: { askedMs: number; leftMs: number; nowMs: number },
): VendorWait {
  const { vendor, method } = request;
  return new VendorWait(
    'E_VENDOR_WAIT',
    `${shownName(request)} answered ${status} to ${method} ${shownPath(request)} and asks to wait ` +
      `${formatDuration(askedMs)}; there are ${formatDuration(leftMs)} left for it`,
    {
      hint: `Run the same command again after ${instant(nowMs + askedMs)}.`,
      details: {
        vendor: vendorId(vendor),
        method,
        path: shownPath(request),
        status,
        askedMs,
        leftMs,
      },
    },
  );
}

/** To the second; what a vendor asks for may be past the end of time. */
function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'that time' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The user's own endpoints are given no token; a vendor is, or its URL is signed. */
export function readable(request: HttpRequest, { id, urlVariable }: VendorFacts): PlainHttp {
  return new PlainHttp(
    'E_PLAIN_HTTP',
    `${shownName(request)} at ${shownOrigin(request.url)} would be sent a token over plain http`,
    {
      hint: `Nothing was sent. Only https, or this machine, is private: see ${urlVariable}.`,
      details: {
        vendor: id,
        method: request.method,
        path: shownPath(request),
      },
    },
  );
}
