/** Heroku's Platform API over the sandbox's world: who may ask, what every answer carries, and all routes. */
import { type Context, Hono } from 'hono';
import { addAddOnRoutes } from './add-ons.ts';
import { type HerokuService, isAuthorized, RateLimit, Refused } from './answers.ts';
import { addAppRoutes } from './apps.ts';
import { addBuildRoutes } from './builds.ts';
import { addDynoRoutes } from './dynos.ts';
import { addPromotionRoutes } from './promotions.ts';
import { addReleaseRoutes } from './releases.ts';
import { addReviewAppRoutes } from './review-apps.ts';
import { refuseOutOfScope, scopeHeaders } from './scopes.ts';

export interface HerokuOptions extends HerokuService {
  readonly token: string;
  readonly newId: () => string;
  readonly now: () => number;
}

const media = /application\/vnd\.heroku\+json; version=3(\.sdk|\.filters|\.review-apps)?(?![\w.])/;
const freePath = '/account/rate-limits';

export function createHeroku(options: HerokuOptions): Hono {
  const limit = new RateLimit(options.now);
  const finish = (c: Context, response: Response): Response => {
    const { headers } = response;
    headers.set('request-id', options.newId());
    headers.set('ratelimit-remaining', String(limit.remaining));
    headers.set('ratelimit-multiplier', '1');
    headers.set('vary', 'Accept-Encoding');
    for (const [name, value] of scopeHeaders(c.req, options.world())) headers.set(name, value);
    const asked = c.req.header('if-none-match');
    if (c.req.method !== 'GET' || asked === undefined || asked !== headers.get('etag')) {
      return response;
    }
    return new Response(null, { status: 304, headers });
  };

  const hono = new Hono();
  hono.use(async (c, next) => {
    options.world().settle();
    refuseStrangers(c, options.token);
    if (c.req.path !== freePath && !limit.take()) throw rateLimited();
    refuseOutOfScope(c.req, options.world());
    await next();
    if (c.error !== undefined) return;
    const finished = finish(c, c.res);
    // Hono copies an answer that is set a second time, its body too: only a new one is set.
    if (finished !== c.res) c.res = finished;
  });
  hono.onError((error, c) => {
    if (!(error instanceof Refused)) throw error;
    return finish(c, error.toResponse());
  });
  hono.notFound(() => {
    const message =
      'The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. `POST`), and did you specify your intended version with the `Accept` header?';
    return new Refused(404, 'not_found', message).toResponse();
  });
  hono.get(freePath, (c) => c.json({ remaining: limit.remaining }));
  addAppRoutes(hono, options);
  addBuildRoutes(hono, options);
  addReleaseRoutes(hono, options);
  addDynoRoutes(hono, options);
  addPromotionRoutes(hono, options);
  addAddOnRoutes(hono, options);
  addReviewAppRoutes(hono, options);
  return hono;
}

function refuseStrangers(c: Context, token: string): void {
  if (!media.test(c.req.header('accept') ?? '')) {
    const message =
      'request did not set either Accept: application/vnd.heroku+json; version=3 or Accept: application/json';
    throw new Refused(406, 'not_acceptable', message);
  }
  if (!isAuthorized(c.req.header('authorization'), token)) {
    throw new Refused(401, 'unauthorized', 'Invalid credentials provided.');
  }
}

export function rateLimited(): Refused {
  return new Refused(
    429,
    'rate_limit',
    'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
    { url: 'https://devcenter.heroku.com/articles/platform-api-reference#rate-limits' },
  );
}
