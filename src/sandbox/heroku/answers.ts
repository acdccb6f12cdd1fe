/**
 * How Heroku answers: transport headers, ETags, pages of lists, `{id, message}` for a refusal (Heroku
 * Platform API reference, Overview).
 */
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import { z } from 'zod';
import { answerRange, type Keys } from './lists.ts';
import type { Sources } from './sources.ts';
import type { App, Release } from './state.ts';
import type { HerokuWorld } from './world.ts';

/** What the routes work on. */
export interface HerokuService {
  readonly world: () => HerokuWorld;
  readonly sources: Sources;
}

/** Answered with Heroku's body for an error. */
export class Refused extends Error {
  readonly status: number;
  readonly id: string;
  readonly more: Readonly<Record<string, string>>;

  constructor(status: number, id: string, message: string, more: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.id = id;
    this.more = more;
  }

  toResponse(): Response {
    const { id, message, more, status } = this;
    return Response.json({ id, message, ...more }, { status });
  }
}

export const invalid = (message: string): Refused => new Refused(422, 'invalid_params', message);

export const missing = (resource: string): Refused =>
  new Refused(404, 'not_found', `Couldn't find that ${resource}.`, { resource });

export function answer(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = JSON.stringify(body);
  const etag = `"${hash('sha256', text).slice(0, 32)}"`;
  const more = { 'content-type': 'application/json', etag, ...headers };
  return new Response(text, { status, headers: more });
}

const byId: Keys<{ id: string }> = { id: ({ id }) => id };

/** The part of a list that the request's `Range` asks for. @throws Refused for a range it cannot give */
export function answerList<T>(
  c: Context,
  all: readonly T[],
  keys: Keys<T>,
  body: (item: T) => unknown,
): Response {
  const found = answerRange(all, keys, c.req.header('range'));
  if ('items' in found) return answer(found.items.map(body), found.status, found.headers);
  const id = found.status === 400 ? 'bad_request' : 'requested_range_not_satisfiable';
  throw new Refused(found.status, id, found.message);
}

/** A list of bodies that is ordered by their ids. */
export const answerBodies = (c: Context, bodies: readonly { id: string }[]): Response =>
  answerList(c, bodies, byId, (body) => body);

/** @throws Refused 400 for what is no JSON, 422 for what is not of this shape */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw new Refused(400, 'bad_request', 'request invalid, validate usage and try again');
  }
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  throw invalid(z.prettifyError(error));
}

export function appOf(c: Context, world: HerokuWorld): App {
  const app = world.app(c.req.param('app') ?? '');
  if (app === undefined) throw missing('app');
  return app;
}

/** @param name its id or version */
export function releaseOf(app: App, name: string): Release {
  const release = app.releases.find(({ id, version }) => id === name || String(version) === name);
  if (release === undefined) throw missing('release');
  return release;
}

/** What lists show of an app's builds or releases: with stale reads, nothing new. */
export function visible<T extends object>(
  { now }: HerokuWorld,
  { stale }: App,
  all: readonly T[],
): readonly T[] {
  if (stale === null || now >= stale.until) return all;
  return all.filter((one) => stale.shown.has(one));
}

const pool = { most: 4_500, perMinute: 75 };

/** The account's pool of requests (Heroku Platform API reference, Rate Limits). */
export class RateLimit {
  readonly #now: () => number;
  #left: number = pool.most;
  #at: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  get remaining(): number {
    this.#refill();
    return Math.floor(this.#left);
  }

  /** Takes one request out of the pool; false when it is empty. */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #refill(): void {
    const minutes = (this.#now() - this.#at) / 60_000;
    this.#left = Math.min(pool.most, this.#left + minutes * pool.perMinute);
    this.#at = this.#now();
  }
}

/** `Bearer TOKEN`, or Basic with the token as the password (Heroku Platform API reference, Authentication). */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const [scheme, value = ''] = (header ?? '').split(' ');
  if (scheme === 'Bearer') return value === token;
  return scheme === 'Basic' && Buffer.from(value, 'base64').toString().split(':')[1] === token;
}
