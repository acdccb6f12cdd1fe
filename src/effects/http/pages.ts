/** Lists that come in pages, and how much one read may take of them in all. */

import { ensureOk } from './answers.ts';
import { VendorMalformed } from './errors.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './request.ts';
import { shownName, shownPath } from './shown.ts';
import { vendorId } from './vendor-facts.ts';

/** An answer, or all pages of one read together, that is longer than anything that is asked for here. */
export class VendorTooLarge extends VendorMalformed {}

/** @param what in words: `more than 32 MiB` */
export function tooLarge(request: HttpRequest, what: string): VendorTooLarge {
  const { vendor, method } = request;
  return new VendorTooLarge(
    'E_VENDOR_TOO_LARGE',
    `${shownName(request)} answered ${method} ${shownPath(request)} with ${what}`,
    {
      hint: 'Nothing is assumed from a part of it. If it stays so, report it.',
      details: { vendor: vendorId(vendor), method, path: shownPath(request) },
    },
  );
}

const mebibyte = 1024 * 1024;

/** What one read may take over all of its pages. Forty pages of a thousand items fit in. */
export class ReadBudget {
  static readonly itemsMax = 50_000;
  static readonly bytesMax = 64 * mebibyte;
  #items = 0;
  #bytes = 0;

  /** @throws VendorTooLarge the read has taken more than it may */
  spend(request: HttpRequest, { body }: HttpResponse, items: number): void {
    this.#items += items;
    this.#bytes += Buffer.byteLength(body);
    const { itemsMax, bytesMax } = ReadBudget;
    if (this.#items > itemsMax) throw tooLarge(request, `more than ${itemsMax} items in all`);
    if (this.#bytes > bytesMax) {
      throw tooLarge(request, `more than ${bytesMax / mebibyte} MiB in all`);
    }
  }
}

export interface Page<T> {
  readonly items: T[];
  /** What to send for the page after it; null at the end. Asked only when more is wanted than this page. */
  readonly next: () => HttpRequest | null;
}

/**
 * The items of a list, page by page.
 *
 * @param budget shared where several lists are one read
 * @throws VendorUnreachable, VendorRefused, VendorMalformed, VendorTooLarge
 */
export async function* readPages<T>(
  http: HttpClient,
  first: HttpRequest,
  read: (request: HttpRequest, response: HttpResponse) => Page<T>,
  budget = new ReadBudget(),
): AsyncGenerator<T[]> {
  for (let request: HttpRequest | null = first; request !== null; ) {
    const response = ensureOk(request, await http.send(request));
    const { items, next }: Page<T> = read(request, response);
    budget.spend(request, response, items.length);
    yield items;
    request = next();
  }
}
