/** Heroku's Platform API as calls with checked answers: paths, headers, lists by range. */

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { malformed, readJson, sendForJson } from '../../http/answers.ts';
import { VendorRefused } from '../../http/errors.ts';
import { readPages, tooLarge } from '../../http/pages.ts';
import type { HttpRequest, HttpResponse } from '../../http/request.ts';
import { type ClearedPorts, deadlineOf, type Ports } from '../../ports.ts';
import { HerokuError } from './error-codes.ts';
import { heroku } from './vendor.ts';

export interface HerokuOptions {
  /** `https://api.heroku.com`, or a stand-in's. */
  readonly baseUrl: string;
  readonly token: string;
}

/** The pages of a list are followed no further than this; whoever needs more is told that it is unknown. */
const pagesMax = 40;

export class HerokuApi {
  readonly #options: HerokuOptions;
  /** Of what never changes, by name: what was told last, and whether that is sure. */
  readonly #told = new Map<string, { readonly answer: unknown; readonly isSure: boolean }>();

  constructor(options: HerokuOptions) {
    this.#options = options;
  }

  /** @throws VendorUnreachable, VendorRefused, VendorMalformed, as every call here does */
  async get<T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T> {
    return sendForJson(ports.http, this.#request('GET', path, ports), schema);
  }

  /**
   * What `read` gives of what never changes: it is read until it was told twice in the same words, or is what it has to be. One wrong
   * answer is believed for no longer than until the next.
   */
  async untilSure<T>(
    what: string,
    read: () => Promise<T>,
    isIt: (answer: T) => boolean,
  ): Promise<T> {
    const told = this.#told.get(what);
    if (told?.isSure === true) return told.answer as T;
    const answer = await read();
    const isSure = isIt(answer) || (told !== undefined && isDeepStrictEqual(told.answer, answer));
    this.#told.set(what, { answer, isSure });
    return answer;
  }

  /** A GET whose answer the caller reads by itself: its status and headers too. */
  request(path: string, ports: Ports): HttpRequest {
    return this.#request('GET', path, ports);
  }

  /** Null for what is not there (404). @param variant of the API's version, for what is no part of it yet */
  async find<T>(
    path: string,
    schema: z.ZodType<T>,
    ports: Ports,
    variant = 'sdk',
  ): Promise<T | null> {
    try {
      const headers = { accept: acceptOf(variant) };
      return await sendForJson(ports.http, this.#request('GET', path, ports, headers), schema);
    } catch (error) {
      if (error instanceof VendorRefused && error.status === 404) return null;
      throw error;
    }
  }

  async post<T>(
    path: string,
    body: object | null,
    schema: z.ZodType<T>,
    ports: Ports | ClearedPorts,
  ): Promise<T> {
    const request = this.#request('POST', path, ports);
    const sent =
      body === null
        ? request
        : {
            ...request,
            headers: { ...request.headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          };
    return sendForJson(ports.http, sent, schema);
  }

  /** All items of a list, in the vendor's order. */
  async list<T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages(path, 'id ..; max=1000', schema, ports)) {
      for (const item of page) items.push(item);
    }
    return items;
  }

  /**
   * The items of a list, page by page: `range` is the first `Range` header, and Heroku's `Next-Range`
   * is echoed for the pages after it. At most 40 pages.
   *
   * @throws E_LIST_CUT a page says that it is a part, and not where the rest is
   */
  pages<T>(path: string, range: string, schema: z.ZodType<T>, ports: Ports): AsyncGenerator<T[]> {
    let page = 1;
    const read = (request: HttpRequest, response: HttpResponse) => ({
      items: readJson(request, response, z.array(schema)),
      next: () => {
        const next = response.headers['next-range'];
        // 206 is a list with more behind it, and not an error.
        if (next === undefined && response.status === 206) throw cut(path);
        if (next === undefined) return null;
        if (page++ === pagesMax) throw tooLarge(request, `more than ${pagesMax} pages`);
        return this.#request('GET', path, ports, { range: next });
      },
    });
    return readPages(ports.http, this.#request('GET', path, ports, { range }), read);
  }

  /** For a fault found in an answer to a GET of that path after it was read. */
  malformed(path: string, why: string) {
    return malformed({ vendor: heroku, method: 'GET', url: this.#url(path) }, why);
  }

  #url(path: string): string {
    return this.#options.baseUrl.replace(/\/+$/, '') + path;
  }

  #request(
    method: HttpRequest['method'],
    path: string,
    ports: Ports | ClearedPorts,
    headers: Readonly<Record<string, string>> = {},
  ): HttpRequest {
    const { signal, clock } = ports;
    const clearedUntilMs = 'clearedUntilMs' in ports ? ports.clearedUntilMs : null;
    return {
      vendor: heroku,
      method,
      url: this.#url(path),
      signal,
      ...deadlineOf(ports),
      ...(clearedUntilMs === null ? {} : { isStillCleared: () => clock.now() <= clearedUntilMs }),
      headers: {
        // The same version as Heroku's own clients ask for: it shows Fir's images too.
        accept: acceptOf('sdk'),
        authorization: `Bearer ${this.#options.token}`,
        ...headers,
      },
    };
  }
}

const acceptOf = (variant: string): string => `application/vnd.heroku+json; version=3.${variant}`;

function cut(path: string): HerokuError {
  return new HerokuError(
    'E_LIST_CUT',
    `Heroku’s answer to GET ${path} is a part of a list, and does not say where the rest is`,
    {
      hint: 'Something between here and Heroku may drop the header Next-Range: check any proxy (HTTPS_PROXY), then run the job again.',
      details: { path },
    },
  );
}

/** `/apps/acme-production/releases/12`: every part after the first escaped. */
export function appPath(app: string, ...parts: readonly (string | number)[]): string {
  return ['/apps', app, ...parts.map(String)]
    .map((part, i) => (i === 0 ? part : encodeURIComponent(part)))
    .join('/');
}
