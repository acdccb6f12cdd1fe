/** Remembers answers by their ETag, so that what did not change is not sent twice. */

import type { HttpRequest, HttpResponse } from './request.ts';
import { isRead } from './retry.ts';

const entriesMax = 200;
const bodyLengthMax = 1_000_000;

export class EtagCache {
  readonly #answers = new Map<string, { etag: string; response: HttpResponse }>();

  /** The request with `If-None-Match`, when its answer is known from before. */
  conditional(request: HttpRequest): HttpRequest {
    const known = cacheable(request) ? this.#answers.get(keyOf(request)) : undefined;
    if (known === undefined) return request;
    return { ...request, headers: { ...request.headers, 'if-none-match': known.etag } };
  }

  /** The answer, or for 304 the one from before; keeps it for the next time. */
  settle(request: HttpRequest, response: HttpResponse): HttpResponse {
    if (!cacheable(request)) return response;
    const key = keyOf(request);
    const known = this.#answers.get(key);
    if (response.status === 304 && known !== undefined) {
      return { ...known.response, headers: { ...known.response.headers, ...response.headers } };
    }
    this.#answers.delete(key);
    const { etag } = response.headers;
    const whole = response.status === 200 || response.status === 206;
    if (etag === undefined || !whole || response.body.length > bodyLengthMax) return response;
    this.#answers.set(key, { etag, response });
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > entriesMax && oldest !== undefined) this.#answers.delete(oldest);
    return response;
  }
}

/** Not an endpoint, whose every answer counts; not a log that is read on from a byte. */
function cacheable(request: HttpRequest): boolean {
  const { vendor, headers = {} } = request;
  if (vendor === 'endpoint' || !isRead(request)) return false;
  return headers['if-none-match'] === undefined && headers.range?.startsWith('bytes=') !== true;
}

/** Any header that a request was given may tell answers of one URL apart: the range, the token. */
function keyOf({ method, url, headers = {} }: HttpRequest): string {
  const given = Object.keys(headers).filter((name) => name !== 'user-agent');
  // No header has a line's end in it.
  return [`${method} ${url}`, ...given.sort().map((name) => `${name}: ${headers[name]}`)].join(
    '\n',
  );
}
