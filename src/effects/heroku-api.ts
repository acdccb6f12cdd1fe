/** Heroku's Platform API as calls with checked answers: paths, headers, lists by range. */
import { z } from 'zod';
import { LockstepError } from '../errors.ts';
import { type HttpRequest, VendorRefused } from './http.ts';
import { ensureOk, malformed, readJson, sendForJson } from './http-answers.ts';
import type { Ports } from './ports.ts';

export interface HerokuOptions {
  /** `https://api.heroku.com`, or a stand-in's. */
  readonly baseUrl: string;
  readonly token: string;
}

/** The pages of a list are followed no further than this; whoever needs more is told that it is unknown. */
const pagesMax = 40;

export class HerokuApi {
  readonly #options: HerokuOptions;

  constructor(options: HerokuOptions) {
    this.#options = options;
  }

  /** @throws VendorUnreachable, VendorRefused, VendorMalformed, as every call here does */
  async get<T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T> {
    return sendForJson(ports.http, this.#request('GET', path, ports), schema);
  }

  /** Null for what is not there (404). */
  async find<T>(path: string, schema: z.ZodType<T>, ports: Ports): Promise<T | null> {
    try {
      return await this.get(path, schema, ports);
    } catch (error) {
      if (error instanceof VendorRefused && error.status === 404) return null;
      throw error;
    }
  }

  async post<T>(path: string, body: object | null, schema: z.ZodType<T>, ports: Ports): Promise<T> {
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
    for await (const page of this.pages(path, 'id ..; max=1000', schema, ports))
      items.push(...page);
    return items;
  }

  /**
   * The items of a list, page by page: `range` is the first `Range` header, and Heroku's `Next-Range`
   * is echoed for the pages after it. At most 40 pages.
   *
   * @throws E_LIST_CUT a page says that it is a part, and not where the rest is
   */
  async *pages<T>(
    path: string,
    range: string,
    schema: z.ZodType<T>,
    ports: Ports,
  ): AsyncGenerator<T[]> {
    let next: string | undefined = range;
    for (let page = 0; next !== undefined; page++) {
      const request = this.#request('GET', path, ports, { range: next });
      if (page === pagesMax) throw malformed(request, `it has more than ${pagesMax} pages`);
      const response = ensureOk(request, await ports.http.send(request));
      next = response.headers['next-range'];
      yield readJson(request, response, z.array(schema));
      // 206 is a list with more behind it, and not an error.
      if (response.status === 206 && next === undefined) throw cut(path);
    }
  }

  /** For a fault found in an answer to a GET of that path after it was read. */
  malformed(path: string, why: string) {
    return malformed({ vendor: 'heroku', method: 'GET', url: this.#url(path) }, why);
  }

  #url(path: string): string {
    return this.#options.baseUrl.replace(/\/+$/, '') + path;
  }

  #request(
    method: HttpRequest['method'],
    path: string,
    { signal, clock, writeBeforeMs }: Ports,
    headers: Readonly<Record<string, string>> = {},
  ): HttpRequest {
    return {
      vendor: 'heroku',
      method,
      url: this.#url(path),
      signal,
      ...(writeBeforeMs === undefined || method === 'GET'
        ? {}
        : { stillAllowed: () => clock.now() <= writeBeforeMs }),
      headers: {
        accept: 'application/vnd.heroku+json; version=3',
        authorization: `Bearer ${this.#options.token}`,
        ...headers,
      },
    };
  }
}

function cut(path: string): LockstepError {
  return new LockstepError(
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
