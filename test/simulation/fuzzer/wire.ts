/** The way between a fuzzed deploy and its world: keeps account of every answer, and spoils the one that is to be spoilt. */

import { NoAnswer } from '../../../src/effects/http/errors.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../../src/effects/http/request.ts';
import { production } from '../apps.ts';
import type { AnswerMutation } from './answer-mutations.ts';
import type { Json } from './json-mutations.ts';
import type { Dress, Stage } from './stage.ts';
import type { ProductionWrite } from './truth.ts';

/** An answer as the world gave it. */
export interface Exchange {
  /** `GET heroku /apps/acme-staging/dynos`, with the range where one was asked for. */
  readonly key: string;
  readonly path: string;
  /** From 1, among the exchanges of the key. */
  readonly occurrence: number;
  readonly response: HttpResponse;
}

export interface Spoilt {
  readonly key: string;
  readonly occurrence: number;
  /** Only that answer, or all from that one on. */
  readonly times: 'once' | 'onwards';
  readonly mutation: AnswerMutation;
}

const wireMs = 5;

export class Wire {
  readonly exchanges: Exchange[] = [];
  /** How many answers were other than the true ones. */
  spoilt = 0;
  readonly #stage: Stage;
  readonly #spoils: readonly Spoilt[];
  readonly #dress: Dress | undefined;
  readonly #onWrite: (write: ProductionWrite) => void;
  readonly #met = new Map<string, HttpResponse[]>();

  constructor(options: {
    stage: Stage;
    spoils: readonly Spoilt[];
    dress: Dress | undefined;
    onWrite: (write: ProductionWrite) => void;
  }) {
    this.#stage = options.stage;
    this.#spoils = options.spoils;
    this.#dress = options.dress;
    this.#onWrite = options.onWrite;
  }

  transport: Transport = async (request) => {
    const { time } = this.#stage;
    await time.sleep(wireMs, request.signal);
    const url = new URL(request.url);
    const write = productionWrite(request, url.pathname);
    if (write !== null) this.#onWrite(write);
    const plain = await time.during(this.#carry(request, url));
    const answer = this.#dress?.(url.pathname + url.search, plain, this.#stage) ?? plain;
    if (request.method === 'PUT') return answer;
    const key = keyOf(request, url);
    const earlier = this.#met.get(key) ?? [];
    this.#met.set(key, [...earlier, answer]);
    const occurrence = earlier.length + 1;
    this.exchanges.push({ key, path: url.pathname, occurrence, response: answer });
    let given = answer;
    for (const spoil of this.#spoils) {
      if (spoil.key !== key || spoil.occurrence > occurrence) continue;
      if (spoil.times === 'once' && spoil.occurrence < occurrence) continue;
      given = await this.#spoil(spoil, given, { request, url, earlier });
    }
    return given;
  };

  async #spoil(
    { mutation }: Spoilt,
    answer: HttpResponse,
    { request, url, earlier }: { request: HttpRequest; url: URL; earlier: readonly HttpResponse[] },
  ): Promise<HttpResponse> {
    const older = earlier.findLast(({ body }) => body !== answer.body);
    const kin = {
      older: mutation.needs === 'older' ? jsonOf(older) : undefined,
      sibling:
        mutation.needs === 'sibling'
          ? jsonOf(await this.#stage.time.during(this.#ofSibling(request, url)))
          : undefined,
    };
    if (mutation.needs !== null && kin[mutation.needs] === undefined) return answer;
    const given = mutation.change(answer, kin);
    if (
      given === null ||
      (given.body === answer.body &&
        given.status === answer.status &&
        given.headers === answer.headers)
    )
      return answer;
    this.spoilt += 1;
    return given;
  }

  async #carry({ method, headers, body }: HttpRequest, url: URL): Promise<HttpResponse> {
    const { sandbox, commits } = this.#stage;
    // A spoilt answer is not remembered, nor is the true one: each is sent whole.
    const { 'if-none-match': _, ...sent } = headers ?? {};
    const isStatic = url.pathname.includes('/compare/');
    const known = isStatic ? commits.answers.get(url.href) : undefined;
    if (known !== undefined) return known;
    const service = serviceOf(this.#stage, url);
    const answer = await sandbox.fetch(
      service,
      new Request(url, {
        method,
        headers: sent,
        ...(body === undefined ? {} : { body: body as string }),
      }),
    );
    const { etag: _etag, ...kept } = Object.fromEntries(answer.headers);
    const response = { status: answer.status, headers: kept, body: await answer.text() };
    if (isStatic) commits.answers.set(url.href, response);
    return response;
  }

  /** The same question about another object of the kind; undefined where there is none. */
  async #ofSibling(request: HttpRequest, url: URL): Promise<HttpResponse | undefined> {
    if (request.method !== 'GET') return undefined;
    for (const other of siblings(this.#stage, url)) {
      const answer = await this.#carry(request, new URL(other, url));
      if (answer.status < 300) return answer;
    }
    return undefined;
  }
}

function keyOf({ method, headers }: HttpRequest, { host, pathname, search }: URL): string {
  const range = headers?.range === undefined ? '' : ` (${headers.range})`;
  return `${method} ${host.split('.')[0]} ${pathname}${search}${range}`;
}

function serviceOf(stage: Stage, url: URL) {
  try {
    return stage.sandbox.serviceOf(url);
  } catch {
    throw new NoAnswer('there is no such host', false);
  }
}

function jsonOf(response: HttpResponse | undefined): Json | undefined {
  if (response === undefined) return undefined;
  try {
    return JSON.parse(response.body) as Json;
  } catch {
    return undefined;
  }
}

function productionWrite({ method, body }: HttpRequest, path: string): ProductionWrite | null {
  if (method !== 'POST') return null;
  if (path === '/pipeline-promotions') {
    const asked = JSON.parse(String(body)) as { source: { release?: { id: string } } };
    return { kind: 'promotion', release: asked.source.release?.id ?? null, commit: null };
  }
  if (path !== `/apps/${production}/builds`) return null;
  const asked = JSON.parse(String(body)) as { source_blob: { version?: string } };
  return { kind: 'build', release: null, commit: asked.source_blob.version ?? null };
}

/** Paths of others of the kind, the likeliest to be mixed up first. */
function siblings({ world, commits }: Stage, { pathname, search }: URL): string[] {
  const [, first, name = '', kind, id] = pathname.split('/');
  if (pathname.includes('/compare/')) {
    const [, base = ''] = /compare\/(\w+)\.\.\./.exec(pathname) ?? [];
    return [commits.first, commits.older]
      .filter((one) => one !== base)
      .map((one) => pathname.replace(/compare\/.*/, `compare/${one}...${commits.ours}`));
  }
  if (first === 'pipeline-promotions') {
    return world.pipeline.promotions
      .filter((one) => one.id !== name)
      .map((one) => pathname.replace(name, one.id));
  }
  if (search.includes('branch='))
    return [pathname + search.replace(/branch=[^&]*/, 'branch=other')];
  const app = world.app(decodeURIComponent(name));
  if (first !== 'apps' || app === undefined) return [];
  const others = world.apps.filter((one) => one !== app);
  if (kind === undefined || id === undefined) {
    return others.map((one) => pathname.replace(name, app.id === name ? one.id : one.name));
  }
  const at = (other: string): string => pathname.replace(id, other);
  if (kind === 'releases') {
    const mine = app.releases.filter((one) => one.id !== id && String(one.version) !== id);
    return mine.reverse().map((one) => at(one.id));
  }
  if (kind === 'builds') return app.builds.filter((one) => one.id !== id).map((one) => at(one.id));
  if (kind === 'slugs' || kind === 'oci-images') {
    return [...world.slugs.keys()]
      .filter((one) => one !== id)
      .map(at)
      .reverse();
  }
  return [];
}
