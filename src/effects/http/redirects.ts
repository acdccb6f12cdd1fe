/** Where a read goes on when its answer is a redirect: on the same server only, for the token goes along. */

import { VendorRefused } from './errors.ts';
import type { HttpRequest, HttpResponse } from './request.ts';
import { isRead } from './retry.ts';
import { shownName, shownOrigin, shownPath } from './shown.ts';
import { vendorId } from './vendor-facts.ts';

const redirects: readonly number[] = [301, 302, 303, 307, 308];
/** A renamed repository takes one; nothing that is read here takes more than two. */
const hopsMax = 5;

export function isRedirect({ status }: Pick<HttpResponse, 'status'>): boolean {
  return redirects.includes(status);
}

/**
 * The request to send in place of this one; null where the answer is none that is followed: of an endpoint every
 * answer counts, and a write is for whoever asked for it to decide about. What was renamed answers so.
 *
 * @param visited the URLs that were asked for on the way here, this request's included
 * @throws VendorRefused `E_VENDOR_MOVED` it leads to another server, in a circle, too far, or nowhere
 */
export function followed(
  request: HttpRequest,
  response: HttpResponse,
  visited: readonly string[],
): HttpRequest | null {
  if (!isRedirect(response) || !isRead(request) || request.vendor === 'endpoint') return null;
  const { location } = response.headers;
  if (location === undefined || !URL.canParse(location, request.url)) {
    throw moved(request, response, 'without saying where it is now');
  }
  const to = new URL(location, request.url);
  to.hash = '';
  if (to.origin !== new URL(request.url).origin || to.username !== '' || to.password !== '') {
    throw moved(request, response, `to ${shownOrigin(to.href)}, which is not asked with its token`);
  }
  if (visited.includes(to.href)) throw moved(request, response, 'in a circle');
  if (visited.length > hopsMax)
    throw moved(request, response, `more than ${hopsMax} times in a row`);
  return { ...request, url: to.href };
}

/** @param where how it was redirected, in words */
export function moved(
  request: HttpRequest,
  { status }: HttpResponse,
  where: string,
): VendorRefused {
  const { vendor, method } = request;
  return new VendorRefused(
    'E_VENDOR_MOVED',
    `${shownName(request)} answered ${status} to ${method} ${shownPath(request)}: it has moved, ${where}`,
    {
      method,
      status,
      id: null,
      hint:
        (vendor === 'endpoint' ? undefined : vendor.movedHint) ??
        'Check the names in pipeline.yml and the base URL in the environment.',
      details: { vendor: vendorId(vendor), path: shownPath(request) },
    },
  );
}
