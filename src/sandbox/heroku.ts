/** Heroku's Platform API over the sandbox's world: routes, transport headers, errors (VENDORS.md 1). */
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import {
  accountBody,
  appBody,
  buildBody,
  couplingBody,
  dynoBody,
  formationBody,
  pipelineBody,
  prebootBody,
  promotionBody,
  releaseBody,
  slugBody,
  targetBody,
} from './heroku-bodies.ts';
import { answerRange, type Keys } from './heroku-lists.ts';
import { type App, type Build, type HerokuWorld, type Release, user } from './heroku-world.ts';
import type { Sources } from './sources.ts';

export interface HerokuOptions {
  readonly world: () => HerokuWorld;
  readonly sources: Sources;
  readonly token: string;
  readonly newId: () => string;
  readonly now: () => number;
}

/** Answered with Heroku's body for an error: `{id, message}`. */
class Refused extends Error {
  readonly status: number;
  readonly id: string;
  readonly more: Readonly<Record<string, string>>;
  constructor(status: number, id: string, message: string, more: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.id = id;
    this.more = more;
  }
}

const pool = { most: 4_500, perMinute: 75 };
const media = /application\/vnd\.heroku\+json; version=3(\.sdk|\.filters)?\b/;

export function createHeroku(options: HerokuOptions): Hono {
  const { world, token, now, newId } = options;
  const hono = new Hono();
  const limit = { remaining: pool.most, at: now() };

  hono.use(async (c, next) => {
    world().settle();
    const free = c.req.path === '/account/rate-limits';
    const refilled = ((now() - limit.at) / 60_000) * pool.perMinute;
    limit.remaining = Math.min(pool.most, limit.remaining + refilled) - (free ? 0 : 1);
    limit.at = now();
    if (!media.test(c.req.header('accept') ?? '')) {
      throw new Refused(
        406,
        'not_acceptable',
        'Your request’s Accept header names no version that is known.',
      );
    }
    if (!authorized(c.req.header('authorization'), token)) {
      throw new Refused(401, 'unauthorized', 'Invalid credentials provided.');
    }
    if (limit.remaining < 0) {
      limit.remaining = 0;
      throw new Refused(
        429,
        'rate_limit',
        'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
        {
          url: 'https://devcenter.heroku.com/articles/platform-api-reference#rate-limits',
        },
      );
    }
    await next();
  });

  hono.onError((error, c) => {
    if (!(error instanceof Refused)) throw error;
    const { status, id, message, more } = error;
    return finish(c, Response.json({ id, message, ...more }, { status }));
  });
  hono.notFound((c) =>
    finish(
      c,
      Response.json(
        {
          id: 'not_found',
          message:
            'The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. `POST`), and did you specify your intended version with the `Accept` header?',
        },
        { status: 404 },
      ),
    ),
  );

  /** Transport headers on every answer; a GET that has not changed is 304. */
  function finish(c: Context, response: Response): Response {
    response.headers.set('request-id', newId());
    response.headers.set('ratelimit-remaining', String(Math.floor(Math.max(0, limit.remaining))));
    response.headers.set('ratelimit-multiplier', '1');
    response.headers.set('vary', 'Accept-Encoding');
    const asked = c.req.header('if-none-match');
    const etag = response.headers.get('etag');
    if (c.req.method !== 'GET' || asked === undefined || asked !== etag) return response;
    return new Response(null, { status: 304, headers: response.headers });
  }

  const answer = (
    c: Context,
    body: unknown,
    status = 200,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const text = JSON.stringify(body);
    const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
    return finish(
      c,
      new Response(text, {
        status,
        headers: { 'content-type': 'application/json', etag, ...headers },
      }),
    );
  };

  const list = <T>(c: Context, all: readonly T[], keys: Keys<T>, body: (item: T) => unknown) => {
    const found = answerRange(all, keys, c.req.header('range'));
    if (!('items' in found)) {
      throw new Refused(
        found.status,
        found.status === 400 ? 'bad_request' : 'requested_range_not_satisfiable',
        found.message,
      );
    }
    return answer(c, found.items.map(body), found.status, found.headers);
  };

  const appOf = (c: Context): App => {
    const app = world().app(c.req.param('app') ?? '');
    if (app === undefined) throw missing('app');
    return app;
  };

  const streams = options.sources.origin;

  hono.get('/account', (c) => answer(c, accountBody));
  hono.get('/account/rate-limits', (c) => answer(c, { remaining: Math.floor(limit.remaining) }));
  hono.get('/apps', (c) =>
    list(c, world().apps, { id: ({ id }) => id, name: ({ name }) => name }, (app) =>
      appBody(world(), app),
    ),
  );
  hono.post('/filters/apps', async (c) => {
    const { in: wanted } = (await json(c)) as { in?: { id?: string[]; name?: string[] } };
    const named = [...(wanted?.id ?? []), ...(wanted?.name ?? [])];
    const apps = world().apps.filter(({ id, name }) => named.includes(id) || named.includes(name));
    return answer(
      c,
      apps.map((app) => appBody(world(), app)),
    );
  });
  hono.get('/apps/:app', (c) => answer(c, appBody(world(), appOf(c))));
  hono.patch('/apps/:app', async (c) => {
    const app = appOf(c);
    const { maintenance } = (await json(c)) as { maintenance?: unknown };
    if (typeof maintenance === 'boolean') app.maintenance = maintenance;
    return answer(c, appBody(world(), app));
  });

  const source = (c: Context) => answer(c, { source_blob: options.sources.create() }, 201);
  hono.post('/sources', source);
  hono.post('/apps/:app/sources', (c) => {
    appOf(c);
    return source(c);
  });

  const visible = <T extends { createdAt: number }>(app: App, all: readonly T[]): readonly T[] => {
    const { stale } = app;
    if (stale === null || world().now >= stale.until) return all;
    return all.filter(({ createdAt }) => createdAt < stale.from);
  };

  hono.get('/apps/:app/builds', (c) => {
    const app = appOf(c);
    const keys: Keys<Build> = {
      id: ({ id }) => id,
      started_at: ({ createdAt, id }) => `${new Date(createdAt).toISOString()}/${id}`,
    };
    return list(c, visible(app, app.builds), keys, (build) => buildBody(app, build, streams));
  });
  hono.get('/apps/:app/builds/:build', (c) => {
    const app = appOf(c);
    const build = app.builds.find(({ id }) => id === c.req.param('build'));
    if (build === undefined) throw missing('build');
    return answer(c, buildBody(app, build, streams));
  });
  hono.post('/apps/:app/builds', async (c) => {
    const app = appOf(c);
    const { source_blob: blob } = (await json(c)) as { source_blob?: Record<string, unknown> };
    const url = blob?.url;
    if (typeof url !== 'string')
      throw new Refused(422, 'invalid_params', 'You must specify `source_blob[url]`.');
    if (!options.sources.has(url))
      throw new Refused(
        422,
        'invalid_params',
        'The source could not be downloaded: nothing was uploaded to its URL.',
      );
    const text = (name: string): string | null =>
      typeof blob?.[name] === 'string' ? (blob[name] as string) : null;
    const build = world().build(app, {
      url,
      version: text('version'),
      description: text('version_description'),
      checksum: text('checksum'),
    });
    return answer(c, buildBody(app, build, streams), 201);
  });

  hono.get('/apps/:app/releases', (c) => {
    const app = appOf(c);
    const keys: Keys<Release> = { id: ({ id }) => id, version: ({ version }) => version };
    return list(c, visible(app, app.releases), keys, (release) =>
      releaseBody(world(), app, release, streams),
    );
  });
  hono.get('/apps/:app/releases/:release', (c) => {
    const app = appOf(c);
    return answer(c, releaseBody(world(), app, releaseOf(app, c.req.param('release')), streams));
  });
  hono.post('/apps/:app/releases', async (c) => {
    const app = appOf(c);
    const body = (await json(c)) as { release?: unknown; slug?: unknown; description?: unknown };
    if (typeof body.release === 'string') {
      const to = app.releases.find(({ id }) => id === body.release);
      if (to === undefined)
        throw new Refused(422, 'invalid_params', 'Release is invalid: give its id.');
      if (to.status !== 'succeeded' || to.slug === null)
        throw new Refused(422, 'invalid_params', 'Cannot rollback to a release that had no slug.');
      const made = world().release(app, to.slug, `Rollback to v${to.version}`);
      return answer(c, releaseBody(world(), app, made, streams), 201);
    }
    if (typeof body.slug !== 'string' || !world().slugs.has(body.slug)) {
      throw new Refused(422, 'invalid_params', 'You must specify a slug.');
    }
    const description =
      typeof body.description === 'string' ? body.description : `Deploy ${body.slug.slice(0, 8)}`;
    return answer(
      c,
      releaseBody(world(), app, world().release(app, body.slug, description), streams),
      201,
    );
  });

  hono.get('/apps/:app/slugs/:slug', (c) => {
    appOf(c);
    const slug = world().slugs.get(c.req.param('slug'));
    if (slug === undefined) throw missing('slug');
    return answer(c, slugBody(slug, streams));
  });
  hono.get('/apps/:app/dynos', (c) => {
    const app = appOf(c);
    return answer(
      c,
      app.dynos.map((dyno) => dynoBody(app, dyno)),
    );
  });
  hono.get('/apps/:app/formation', (c) => {
    const app = appOf(c);
    return answer(
      c,
      app.formation.map((one, place) => formationBody(app, one, place)),
    );
  });
  hono.patch('/apps/:app/formation', async (c) => {
    const app = appOf(c);
    const { updates = [] } = (await json(c)) as { updates?: { type: string; quantity: number }[] };
    for (const { type, quantity } of updates) world().scale(app, type, quantity);
    return answer(
      c,
      app.formation.map((one, place) => formationBody(app, one, place)),
    );
  });
  hono.get('/apps/:app/features/preboot', (c) => answer(c, prebootBody(appOf(c))));
  hono.patch('/apps/:app/features/preboot', async (c) => {
    const app = appOf(c);
    app.preboot = ((await json(c)) as { enabled?: unknown }).enabled === true;
    return answer(c, prebootBody(app));
  });
  hono.get('/apps/:app/config-vars', (c) => answer(c, appOf(c).config));
  hono.patch('/apps/:app/config-vars', async (c) => {
    const app = appOf(c);
    setConfig(world(), app, (await json(c)) as Record<string, string | null>, user);
    return answer(c, app.config);
  });

  hono.get('/apps/:app/pipeline-couplings', (c) => answer(c, couplingBody(world(), appOf(c))));
  hono.get('/pipelines/:pipeline', (c) => {
    mustBePipeline(c);
    return answer(c, pipelineBody(world()));
  });
  hono.get('/pipelines/:pipeline/pipeline-couplings', (c) => {
    mustBePipeline(c);
    return answer(
      c,
      world().apps.map((app) => couplingBody(world(), app)),
    );
  });
  const mustBePipeline = (c: Context): void => {
    const { id, name } = world().pipeline;
    if (c.req.param('pipeline') !== id && c.req.param('pipeline') !== name)
      throw missing('pipeline');
  };
  hono.post('/pipeline-promotions', async (c) => {
    const body = (await json(c)) as {
      pipeline?: { id?: string };
      source?: { app?: { id?: string }; release?: { id?: string } };
      targets?: { app?: { id?: string } }[];
    };
    const from = world().apps.find(({ id }) => id === body.source?.app?.id);
    const targets = (body.targets ?? []).map((target) =>
      world().apps.find(({ id }) => id === target.app?.id),
    );
    if (
      body.pipeline?.id !== world().pipeline.id ||
      from === undefined ||
      targets.length === 0 ||
      targets.includes(undefined)
    ) {
      throw new Refused(422, 'invalid_params', 'Source and targets must be apps of the pipeline.');
    }
    const wanted = body.source?.release?.id;
    const release =
      wanted === undefined ? world().current(from) : from.releases.find(({ id }) => id === wanted);
    if (release === undefined || release.slug === null || release.status !== 'succeeded') {
      throw new Refused(422, 'invalid_params', 'The source app has no release to promote.');
    }
    const promotion = world().promote(
      { app: from, release },
      targets.filter((app) => app !== undefined),
    );
    return answer(c, promotionBody(world(), promotion), 201);
  });
  const promotionOf = (c: Context) => {
    const promotion = world().promotions.find(({ id }) => id === c.req.param('promotion'));
    if (promotion === undefined) throw missing('pipeline promotion');
    return promotion;
  };
  hono.get('/pipeline-promotions/:promotion', (c) =>
    answer(c, promotionBody(world(), promotionOf(c))),
  );
  hono.get('/pipeline-promotions/:promotion/promotion-targets', (c) => {
    const promotion = promotionOf(c);
    return answer(
      c,
      promotion.targets.map((target) => targetBody(promotion, target)),
    );
  });
  return hono;
}

/** Every change of config vars is a release of the same code. */
export function setConfig(
  world: HerokuWorld,
  app: App,
  vars: Readonly<Record<string, string | null>>,
  by: string,
): Release {
  const removed = Object.keys(vars).filter((name) => vars[name] === null);
  for (const [name, value] of Object.entries(vars)) {
    if (value === null) delete app.config[name];
    else app.config[name] = value;
  }
  const names = Object.keys(vars);
  const what = removed.length === names.length ? 'Remove' : 'Set';
  const slug = world.current(app)?.slug ?? null;
  return world.release(app, slug, `${what} ${names.join(', ')} config vars`, by);
}

function releaseOf(app: App, name: string): Release {
  const release = app.releases.find(({ id, version }) => id === name || String(version) === name);
  if (release === undefined) throw missing('release');
  return release;
}

function missing(resource: string): Refused {
  return new Refused(404, 'not_found', `Couldn't find that ${resource}.`, { resource });
}

async function json(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new Refused(400, 'bad_request', 'Unable to parse the JSON of the request’s body.');
  }
}

/** `Bearer TOKEN`, or Basic with the token as the password (VENDORS.md 1.1). */
function authorized(header: string | undefined, token: string): boolean {
  const [scheme, value = ''] = (header ?? '').split(' ');
  if (scheme === 'Bearer') return value === token;
  return scheme === 'Basic' && Buffer.from(value, 'base64').toString().split(':')[1] === token;
}
