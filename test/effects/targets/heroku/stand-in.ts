/** A small Heroku over real HTTP, whose replies can be lost. */
import { randomUUID } from 'node:crypto';
import { type HttpBindings, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Clock } from '../../../../src/effects/clock.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import type { HttpRequest } from '../../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../../src/effects/http/undici-transport.ts';
import type { Ports } from '../../../../src/effects/ports.ts';
import { createHeroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../../src/effects/targets/heroku/target.ts';
import type { Target } from '../../../../src/effects/targets/target.ts';
import {
  HerokuWorld,
  isFir,
  type Promotion,
  type StandInApp,
  type StandInBuild,
  type StandInRelease,
} from './world.ts';

/** What befalls a request: its reply is lost before or after it is carried out, or it is answered so. */
export type Fault = 'lost-before' | 'lost-after' | '503-after' | { status: number; body: object };

interface PortsOptions {
  /** The HTTP client's. */
  readonly clock?: Clock;
  /** What each request is carried out in: a clock that stands still for so long. */
  readonly during?: <T>(call: Promise<T>) => Promise<T>;
}

export class HerokuStandIn extends HerokuWorld {
  /** By path. */
  readonly uploads = new Map<
    string,
    { bytes: Uint8Array; contentType: string | undefined; authorization: string | undefined }
  >();
  /** `POST /apps/acme/builds`, in order. */
  readonly asked: string[] = [];
  /** `POST /apps/acme/builds` to what befalls the next requests of it, one each; null is nothing. */
  readonly faults = new Map<string, (Fault | null)[]>();
  /** The apps that a request rolled back, in order. */
  readonly rolledBack: StandInApp[] = [];
  /** What a rollback is answered with. */
  answerRollback: (body: object) => object = (body) => body;
  /** The body that every read is answered with; null: what is true. */
  answerReads: string | null = null;
  readonly progress: string[] = [];
  readonly stop = new AbortController();
  /** Awaited before each write. */
  beforeWrite: (request: HttpRequest) => Promise<void> = async () => {};
  /** Called with each request, before it is carried out. */
  onAsked: (request: string) => void = () => {};
  #url = '';
  #close: () => Promise<void> = async () => {};

  get url(): string {
    return this.#url;
  }

  /** An app of it as a target. */
  target(name: string): Target {
    const heroku = createHeroku({ baseUrl: this.url, token: 'HRKU-token-12345678' });
    return herokuTargets(heroku)({ kind: 'heroku', name, settings: {} });
  }

  /** It tells the world's time, and what it waits for is as long as it says. */
  #waitingForReal(): Clock {
    const { now, ran } = this.clock;
    return { now, ran, sleep: systemClock.sleep };
  }

  /** Ports whose clock is the virtual one; the client's deadlines are real unless its clock is given. */
  ports({ clock = this.#waitingForReal(), during = (call) => call }: PortsOptions = {}): Ports {
    const http = createHttpClient({
      transport: (request) => during(this.#transport.send(request)),
      clock,
      random: () => 0,
      beforeWrite: async (request) => {
        if (request !== null) await this.beforeWrite(request);
      },
      notice: (line) => this.progress.push(line),
    });
    return {
      http,
      clock: this.clock,
      signal: this.stop.signal,
      progress: (line) => this.progress.push(line),
    };
  }

  readonly #transport = undiciTransport();

  async start(): Promise<this> {
    const server = serve({ fetch: this.#routes().fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise<void>((resolve) => server.once('listening', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.#url = `http://127.0.0.1:${address.port}`;
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    return this;
  }

  /** As Heroku's clock has it. */
  #at(ms: number): string {
    return new Date(ms + this.aheadMs).toISOString();
  }

  async close(): Promise<void> {
    await this.#transport.close();
    await this.#close();
  }

  #routes(): Hono<{ Bindings: HttpBindings }> {
    const hono = new Hono<{ Bindings: HttpBindings }>();
    hono.use(async (c, next) => {
      const key = `${c.req.method} ${c.req.path}`;
      this.asked.push(key);
      this.onAsked(key);
      const fault = this.faults.get(key)?.shift() ?? null;
      if (fault === 'lost-before') return lose(c);
      if (typeof fault === 'object' && fault !== null) {
        return Response.json(fault.body, { status: fault.status });
      }
      if (this.answerReads !== null && c.req.method === 'GET') return c.body(this.answerReads);
      await next();
      c.header('date', new Date(this.clock.now() + this.aheadMs).toUTCString());
      if (fault === 'lost-after') c.res = lose(c);
      if (fault === '503-after') c.res = new Response('<html>', { status: 503 });
      return;
    });
    hono.notFound((c) =>
      c.json({ id: 'not_found', message: `Couldn't find that ${c.req.path}.` }, 404),
    );
    this.#buildRoutes(hono);
    this.#releaseRoutes(hono);
    this.#promotionRoutes(hono);
    hono.get('/apps/:app/dynos', (c) =>
      c.json(
        this.#app(c).dynos.map(({ version, id, of, updatedAt, ...dyno }) => ({
          ...dyno,
          id: id ?? `dyno-${dyno.name}-${version}`,
          app: { id: this.#app(c).id, name: of ?? this.#app(c).name },
          release: version === null ? null : { id: `r${version}`, version },
          updated_at: updatedAt ?? '2026-01-05T10:00:00Z',
        })),
      ),
    );
    hono.get('/apps/:app/formation', (c) => {
      const { id, name, formation } = this.#app(c);
      return c.json(formation.map((type) => ({ app: { id, name }, ...type })));
    });
    hono.get('/apps/:app/features/preboot', (c) => {
      const { preboot } = this.#app(c);
      return preboot === null ? c.notFound() : c.json({ name: 'preboot', enabled: preboot });
    });
    hono.get('/apps/:app', (c) => {
      const app = this.#app(c);
      const { id, name, generation, space, releases } = app;
      const runs = releases.findLast(({ status }) => status === 'succeeded');
      const slug_size = (runs?.slug ?? null) === null || isFir(app) ? null : 72_552_521;
      const stack = { name: app.stack };
      return c.json({ id, name, generation, space, slug_size, stack, build_stack: stack });
    });
    return hono;
  }

  #buildRoutes(hono: Hono<{ Bindings: HttpBindings }>): void {
    hono.post('/apps/:app/sources', (c) => {
      const path = `/storage/${randomUUID()}`;
      const put_url = `${this.#url}${path}?Signature=put-signature-1234`;
      const get_url = `${this.#url}${path}?Signature=get-signature-1234`;
      return c.json({ source_blob: { put_url, get_url } }, 201);
    });
    hono.put('/storage/:id', async (c) => {
      this.uploads.set(c.req.path, {
        bytes: new Uint8Array(await c.req.arrayBuffer()),
        contentType: c.req.header('content-type'),
        authorization: c.req.header('authorization'),
      });
      return c.body(null, 200);
    });
    hono.post('/apps/:app/builds', async (c) => {
      const { source_blob } = await c.req.json();
      const made = this.build(this.#app(c), {
        version: source_blob.version,
        mark: source_blob.version_description,
        source: source_blob.url,
        checksum: source_blob.checksum,
      });
      return c.json(this.#buildJson(this.#app(c), made), 201);
    });
    hono.get('/apps/:app/builds', (c) =>
      c.json(
        this.#app(c)
          .builds.toReversed()
          .map((build) => this.#buildJson(this.#app(c), build)),
      ),
    );
    hono.get('/apps/:app/builds/:build', (c) => {
      const app = this.#app(c);
      const build = app.builds.find(({ id }) => id === c.req.param('build'));
      if (build === undefined) return c.notFound();
      this.advanceBuild(app, build);
      return c.json(this.#buildJson(app, build));
    });
    hono.get('/output/:id', (c) => {
      const id = c.req.param('id');
      const all = this.apps.flatMap((app) => [...app.builds, ...app.releases]);
      const text = all.find((one) => one.id === id)?.output ?? '';
      const from = Number(/^bytes=(\d+)-$/.exec(c.req.header('range') ?? '')?.[1] ?? 0);
      if (from >= Buffer.byteLength(text)) return c.body(null, 416);
      return c.body(Buffer.from(text).subarray(from).toString(), 206);
    });
  }

  #buildJson(app: StandInApp, build: StandInBuild) {
    const { id, status, version, mark, createdAt, release } = build;
    const slug = isFir(app) ? null : build.slug;
    return {
      id,
      status,
      source_blob: { url: build.source, version, version_description: mark },
      slug: slug === null ? null : { id: slug },
      release: release === null ? null : { id: release },
      created_at: this.#at(createdAt),
      output_stream_url: `${this.#url}/output/${id}`,
    };
  }

  #releaseRoutes(hono: Hono<{ Bindings: HttpBindings }>): void {
    hono.get('/apps/:app/releases', (c) => {
      const range = c.req.header('range') ?? '';
      const below = Number(/^version \](\d+)\.\./.exec(range)?.[1] ?? Number.POSITIVE_INFINITY);
      const max = Number(/max=(\d+)/.exec(range)?.[1] ?? 200);
      const app = this.#app(c);
      const left = app.releases.filter(({ version }) => version < below).toReversed();
      const page = left.slice(0, max);
      const json = page.map((release) => this.#releaseJson(app, release));
      if (page.length === left.length) return c.json(json);
      c.header('next-range', `version ]${page.at(-1)?.version}..; max=${max}, order=desc`);
      return c.json(json, 206);
    });
    hono.get('/apps/:app/releases/:release', (c) => {
      const app = this.#app(c);
      const wanted = c.req.param('release');
      const found = app.releases.find(
        ({ id, version }) => id === wanted || `${version}` === wanted,
      );
      if (found === undefined) return c.notFound();
      if (found.asksLeft !== undefined && found.asksLeft-- <= 0 && found.status === 'pending') {
        found.status = found.endsAs ?? 'succeeded';
      }
      return c.json(this.#releaseJson(app, found));
    });
    hono.post('/apps/:app/releases', async (c) => {
      const app = this.#app(c);
      const { release: wanted } = await c.req.json();
      const to = app.releases.find(({ id }) => id === wanted);
      if (to?.status !== 'succeeded' || to.slug === null) {
        return c.json({ id: 'invalid_params', message: 'Cannot roll back to that release.' }, 422);
      }
      this.rolledBack.push(app);
      return c.json(this.answerRollback(this.#releaseJson(app, this.rollback(app, to))), 201);
    });
    hono.get('/apps/:app/slugs/:slug', (c) => {
      const id = c.req.param('slug');
      if (isFir(this.#app(c)) || !this.slugs.has(id)) return c.notFound();
      return c.json({ id, commit: this.slugs.get(id) ?? null });
    });
    hono.get('/apps/:app/oci-images/:image', (c) => {
      const id = c.req.param('image');
      if (!isFir(this.#app(c)) || !this.slugs.has(id)) return c.notFound();
      const image = { id, commit: this.slugs.get(id) ?? null, digest: this.digest(id) };
      return c.json([{ ...image, architecture: 'arm64' }]);
    });
  }

  #releaseJson(app: StandInApp, release: StandInRelease) {
    const { id, version, status, description, output } = release;
    const code = release.slug === null ? null : { id: release.slug };
    const [slug, oci_image] = isFir(app) ? [null, code] : [code, null];
    const type = isFir(app) ? 'oci-image' : 'slug';
    const running = app.releases.findLast((one) => one.status === 'succeeded');
    return {
      id,
      app: { id: app.id, name: app.name },
      version,
      status,
      description,
      slug,
      oci_image,
      artifacts: status === 'succeeded' && code !== null ? [{ type, ...code }] : [],
      current: release === running,
      created_at: this.#at(release.createdAt ?? this.clock.now()),
      updated_at: release.updatedAt === undefined ? null : this.#at(release.updatedAt),
      user: { email: 'deploy@acme.test' },
      output_stream_url: output === undefined ? null : `${this.#url}/output/${id}`,
    };
  }

  #promotionRoutes(hono: Hono<{ Bindings: HttpBindings }>): void {
    hono.get('/apps/:app/pipeline-couplings', (c) => {
      const { id, pipeline } = this.#app(c);
      if (pipeline === null) return c.notFound();
      return c.json({ app: { id }, pipeline: { id: pipeline } });
    });
    hono.post('/pipeline-promotions', async (c) => {
      const { source, targets } = await c.req.json();
      const promotion: Promotion = {
        id: randomUUID(),
        source: source.app.id,
        release: source.release.id,
        targets: targets.map((target: { app: { id: string } }) => {
          const app = this.apps.find(({ id }) => id === target.app.id);
          return { app, status: 'pending', error: null, release: null };
        }),
      };
      this.promotions.push(promotion);
      this.onPromotion(promotion);
      return c.json({ id: promotion.id, status: 'pending', source }, 201);
    });
    hono.get('/pipeline-promotions/:id', (c) => {
      const promotion = this.promotions.find(({ id }) => id === c.req.param('id'));
      if (promotion === undefined) return c.notFound();
      const { id, source, release } = promotion;
      return c.json({ id, source: { app: { id: source }, release: { id: release } } });
    });
    hono.get('/pipeline-promotions/:id/promotion-targets', (c) => {
      const promotion = this.promotions.find(({ id }) => id === c.req.param('id'));
      if (promotion === undefined) return c.notFound();
      return c.json(
        promotion.targets.map(({ app, status, error, release }) => ({
          app: { id: app.id },
          pipeline_promotion: { id: promotion.id },
          status,
          error_message: error,
          release: release === null ? null : { id: release },
        })),
      );
    });
  }

  #app(c: Context): StandInApp {
    const wanted = c.req.param('app');
    const app = this.apps.find(({ id, name }) => id === wanted || name === wanted);
    if (app === undefined) throw new Error(`the stand-in has no app ${wanted}`);
    return app;
  }
}

function lose(c: Context<{ Bindings: HttpBindings }>): Response {
  c.env.incoming.socket.destroy();
  return new Response(null, { status: 500 });
}
