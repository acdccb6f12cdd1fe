/** Reads a vendor's answer: what says no becomes VendorRefused, what cannot be understood VendorMalformed. */

import type { z } from 'zod';
import type { CoreCode } from '../../errors/catalogue.ts';
import { asOftenAs } from '../../format/uncompiled.ts';
import { VendorMalformed, VendorRefused } from './errors.ts';
import { isRedirect, moved } from './redirects.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './request.ts';
import { isRateLimited } from './retry.ts';
import { type Shown, shownName, shownPath, shownText } from './shown.ts';
import { vendorId } from './vendor-facts.ts';

type Asked = Shown & Pick<HttpRequest, 'method'>;

/**
 * Sends the request and gives its JSON, checked.
 *
 * @throws VendorUnreachable, VendorRefused, VendorMalformed
 */
export async function sendForJson<T>(
  http: HttpClient,
  request: HttpRequest,
  schema: z.ZodType<T>,
): Promise<T> {
  return readJson(request, ensureOk(request, await http.send(request)), schema);
}

/**
 * The answer, if its status is one of 200–299.
 *
 * @throws VendorRefused with a code by its kind: `E_VENDOR_AUTH`, `E_VENDOR_NOT_FOUND`,
 *   `E_VENDOR_CONFLICT`, `E_VENDOR_INVALID`, `E_VENDOR_RATE_LIMIT`, `E_VENDOR_MOVED`, else `E_VENDOR_FAILED`
 */
export function ensureOk(request: HttpRequest, response: HttpResponse): HttpResponse {
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  if (isRedirect(response)) throw moved(request, response, 'and a write is not sent elsewhere');
  const code = isRateLimited(request, response) ? 'E_VENDOR_RATE_LIMIT' : codeOf(status);
  const { id, message } = explanation(request, response);
  const hint = hintFor(code, request);
  throw new VendorRefused(
    code,
    `${shownName(request)} answered ${status} to ${asked(request)}${message === '' ? '' : `: ${message}`}`,
    {
      method: request.method,
      status,
      id,
      ...(hint === null ? {} : { hint }),
      details: {
        vendor: vendorId(request.vendor),
        path: shownPath(request),
        requestId: requestIdOf(request, response),
      },
    },
  );
}

/** The body as JSON of that shape. @throws VendorMalformed */
export function readJson<T>(request: HttpRequest, response: HttpResponse, schema: z.ZodType<T>): T {
  if (response.body.trim() === '') throw malformed(request, 'it is empty', response);
  let json: unknown;
  try {
    json = JSON.parse(response.body);
  } catch {
    throw malformed(request, 'it is not JSON', response);
  }
  const read = schema.safeParse(json, asOftenAs(schema));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw malformed(request, `${where === '' ? '' : `${where}: `}${issue?.message ?? ''}`, response);
}

/** An answer of that request that cannot be understood; `why` in words, without secrets. */
export function malformed(request: Asked, why: string, response?: HttpResponse): VendorMalformed {
  const { vendor, method } = request;
  return new VendorMalformed(
    'E_VENDOR_MALFORMED',
    `${shownName(request)}’s answer to ${asked(request)} cannot be understood: ${shownText(why, request)}`,
    {
      hint: 'Nothing is assumed from such an answer. Run the same command again; if it stays so, report it with the request id.',
      details: {
        vendor: vendorId(vendor),
        method,
        path: shownPath(request),
        status: response?.status ?? null,
        requestId: response === undefined ? null : requestIdOf(request, response),
      },
    },
  );
}

/** `GET /apps/acme`; of an endpoint only the method, for its URL is its name. */
function asked(request: Asked): string {
  return request.vendor === 'endpoint' ? request.method : `${request.method} ${shownPath(request)}`;
}

function codeOf(status: number): CoreCode {
  if (status === 401 || status === 403) return 'E_VENDOR_AUTH';
  if (status === 404 || status === 410) return 'E_VENDOR_NOT_FOUND';
  if (status === 409 || status === 412) return 'E_VENDOR_CONFLICT';
  if (status === 400 || status === 406 || status === 416 || status === 422) {
    return 'E_VENDOR_INVALID';
  }
  return 'E_VENDOR_FAILED';
}

function hintFor(code: string, { vendor }: HttpRequest): string | null {
  if (vendor === 'endpoint') return null;
  const { name, tokenVariable, statusPage } = vendor;
  switch (code) {
    case 'E_VENDOR_AUTH':
      return `Check ${tokenVariable}: it is missing, wrong or expired, or its account may not do this.`;
    case 'E_VENDOR_NOT_FOUND':
      return `Check the name in pipeline.yml, and that the account of ${tokenVariable} may see it.`;
    case 'E_VENDOR_RATE_LIMIT':
      return `Others share the account of ${tokenVariable}; run the same command again in a few minutes.`;
    case 'E_VENDOR_FAILED':
      return `See ${statusPage}; when ${name} is well again, run the same command again.`;
    default:
      return null;
  }
}

/** The vendor's own id and words. They come as JSON, as plain text, or as a page of HTML that says nothing. */
function explanation(
  request: HttpRequest,
  { body, headers }: HttpResponse,
): { id: string | null; message: string } {
  const text = body.trim();
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) {
      const fields = json as Readonly<Record<string, unknown>>;
      const message = [fields.message, fields.error].find((field) => typeof field === 'string');
      return {
        id: typeof fields.id === 'string' ? shownText(fields.id, request) : null,
        message: typeof message === 'string' ? shownText(message, request) : '',
      };
    }
  } catch {
    // Not JSON: see below.
  }
  const isPage = text.startsWith('<') || (headers['content-type'] ?? '').includes('html');
  return { id: null, message: isPage ? '' : shownText(text, request) };
}

function requestIdOf(request: Asked, { headers }: HttpResponse): string | null {
  const own = request.vendor === 'endpoint' ? undefined : request.vendor.requestIdHeader;
  const names = ['request-id', 'x-request-id', ...(own === undefined ? [] : [own])];
  const name = names.find((header) => headers[header] !== undefined);
  return name === undefined ? null : shownText(headers[name] ?? '', request);
}
