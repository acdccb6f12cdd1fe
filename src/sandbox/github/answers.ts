/**
 * How GitHub's stand-in answers: headers, rate limit, ETags, pages, and refusals (GitHub REST API, Using
 * the REST API).
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';

const docs = 'https://docs.github.com/rest';
const rateLimit = 5_000;
const windowMs = 3_600_000;
const perPage = { standard: 30, max: 100 };

/** One thing that is wrong with an input, as a 422 lists it. */
export interface InputFault {
  readonly resource: string;
  readonly field: string;
  readonly code: 'missing' | 'missing_field' | 'invalid' | 'already_exists' | 'custom';
  readonly message?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** `Link`, where there is more than one page. */
  readonly headers: Record<string, string>;
}

export class GitHubAnswers {
  readonly #now: () => number;
  readonly #newId: () => string;
  #used = 0;
  #resetsAt = 0;

  constructor({ now, newId }: { now: () => number; newId: () => string }) {
    this.#now = now;
    this.#newId = newId;
  }

  reset(): void {
    this.#used = 0;
    this.#resetsAt = 0;
  }

  /** Takes a request off the limit. False: there was none left. */
  charge(): boolean {
    if (this.#now() >= this.#resetsAt) {
      this.#used = 0;
      this.#resetsAt = this.#now() + windowMs;
    }
    if (this.#used >= rateLimit) return false;
    this.#used += 1;
    return true;
  }

  /** Gives a request back: unchanged answers and the limit itself are free. */
  refund(): void {
    this.#used = Math.max(0, this.#used - 1);
  }

  get rate() {
    return {
      limit: rateLimit,
      used: this.#used,
      remaining: rateLimit - this.#used,
      /** Seconds since the epoch. */
      reset: Math.floor(this.#resetsAt / 1000),
    };
  }

  answer(
    c: Context,
    body: unknown,
    status = 200,
    more: Readonly<Record<string, string>> = {},
  ): Response {
    const text = JSON.stringify(body);
    const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
    const isKnown = (c.req.header('if-none-match') ?? '').split(/,\s*/).includes(etag);
    if (status === 200 && c.req.method === 'GET' && isKnown) {
      this.refund();
      return new Response(null, { status: 304, headers: { ...this.#headers(), etag, ...more } });
    }
    return new Response(text, {
      status,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...this.#headers(),
        etag,
        ...more,
      },
    });
  }

  empty(): Response {
    return new Response(null, { status: 204, headers: this.#headers() });
  }

  refuse(c: Context, status: number, message: string, errors?: readonly unknown[]): Response {
    const listed = errors === undefined ? {} : { errors };
    const body = { message, ...listed, documentation_url: docs, status: String(status) };
    return this.answer(c, body, status);
  }

  invalid(c: Context, ...errors: readonly InputFault[]): Response {
    return this.refuse(c, 422, 'Validation Failed', errors);
  }

  /** @param path of the list by the repository's number: GitHub's links do not name it otherwise. */
  page<T>(c: Context, all: readonly T[], path: string): Page<T> {
    const size = Math.min(perPage.max, positive(c.req.query('per_page')) ?? perPage.standard);
    const page = positive(c.req.query('page')) ?? 1;
    const last = Math.max(1, Math.ceil(all.length / size));
    const link = (to: number, rel: string): string => {
      const url = new URL(c.req.url);
      url.pathname = path;
      url.searchParams.set('page', String(to));
      return `<${url}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(Math.min(page - 1, last), 'prev')] : []),
      ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
      ...(page > 1 ? [link(1, 'first')] : []),
    ];
    return {
      items: all.slice((page - 1) * size, page * size),
      headers: links.length === 0 ? {} : { link: links.join(', ') },
    };
  }

  #headers(): Record<string, string> {
    const { limit, used, remaining, reset } = this.rate;
    return {
      'cache-control': 'private, max-age=60, s-maxage=60',
      'x-github-media-type': 'github.v3; format=json',
      'x-github-request-id': this.#newId(),
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    };
  }
}

function positive(given: string | undefined): number | undefined {
  const number = Number(given);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
