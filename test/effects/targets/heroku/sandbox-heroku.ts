/** The sandbox's Heroku on 127.0.0.1, over a world that is set by hand; what goes wrong stands in front of it. */
import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import type { Clock } from '../../../../src/effects/clock.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import type { HttpRequest } from '../../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../../src/effects/http/undici-transport.ts';
import type { Ports } from '../../../../src/effects/ports.ts';
import { createHeroku, type Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../../src/effects/targets/heroku/target.ts';
import type { Target } from '../../../../src/effects/targets/target.ts';
import { createHeroku as createSandboxHeroku } from '../../../../src/sandbox/heroku/heroku.ts';
import { createSources } from '../../../../src/sandbox/heroku/sources.ts';
import { HandSetHeroku, type HandSetOptions } from './hand-set.ts';

/** What befalls a request: its reply is lost before or after it is carried out, or it is answered so. */
export type Fault = 'lost-before' | 'lost-after' | '503-after' | { status: number; body: object };

interface PortsOptions {
  /** The HTTP client's. */
  readonly clock?: Clock;
  /** What each request is carried out in: a clock that stands still for so long. */
  readonly during?: <T>(call: Promise<T>) => Promise<T>;
}

type Fetch = (request: Request) => Response | Promise<Response>;

const token = 'HRKU-token-12345678';
const signedIn = {
  authorization: `Bearer ${token}`,
  accept: 'application/vnd.heroku+json; version=3.sdk',
};

export class SandboxHeroku extends HandSetHeroku {
  /** `POST /apps/acme/builds`, in order. */
  readonly asked: string[] = [];
  /** Those of them that Heroku carried out. */
  readonly done: string[] = [];
  /** The headers of what was uploaded, in order. */
  readonly uploads: Headers[] = [];
  /** `POST /apps/acme/builds` to what befalls the next requests of it, one each; null is nothing. */
  readonly faults = new Map<string, (Fault | null)[]>();
  /** `GET /apps/acme` to what Heroku's true answer to it is changed to. */
  readonly lies = new Map<string, (body: never) => object>();
  /** The body that every read is answered with; null: what is true. */
  answerReads: string | null = null;
  readonly progress: string[] = [];
  readonly stop = new AbortController();
  /** Awaited before each write. */
  beforeWrite: (request: HttpRequest) => Promise<void> = async () => {};
  /** Called with each request, before it is carried out. */
  onAsked: (request: string) => void = () => {};
  readonly #transport = undiciTransport();
  #url = '';
  #api: Fetch = () => new Response(null, { status: 503 });
  #storage: Fetch = this.#api;
  #close: () => Promise<void> = async () => {};

  get url(): string {
    return this.#url;
  }

  static start(options: HandSetOptions = {}): Promise<SandboxHeroku> {
    return new SandboxHeroku(options).start();
  }

  async start(): Promise<this> {
    const fetch = (request: Request, { incoming }: HttpBindings) => this.#answer(request, incoming);
    const server = serve({ fetch: fetch as Fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise<void>((listening) => server.once('listening', listening));
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#close = () =>
      new Promise((closed) => {
        server.close(() => closed());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    const { heroku, url: origin } = this;
    const shared = { now: () => this.at(), newId: heroku.newId, world: () => heroku };
    const sources = createSources({ ...shared, origin });
    const api = createSandboxHeroku({ ...shared, sources, token });
    this.#api = (request) => api.fetch(request);
    this.#storage = (request) => sources.hono.fetch(request);
    return this;
  }

  async close(): Promise<void> {
    await this.#transport.close();
    await this.#close();
  }

  /** What Lockstep asks of it. */
  client(): Heroku {
    return createHeroku({ baseUrl: this.url, token });
  }

  /** An app of it as a target. */
  target(name: string): Target {
    return herokuTargets(this.client())({ kind: 'heroku', name, settings: {} });
  }

  /** What is true, asked by nobody. */
  async read<T>(path: string): Promise<T> {
    const response = await this.#api(new Request(this.url + path, { headers: signedIn }));
    return (await response.json()) as T;
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

  async #answer(request: Request, incoming: HttpBindings['incoming']): Promise<Response> {
    const key = `${request.method} ${new URL(request.url).pathname}`;
    this.asked.push(key);
    this.onAsked(key);
    const answer = await this.#suffer(key, request);
    if (answer === 'lost') {
      incoming.socket.destroy();
      return new Response(null, { status: 500 });
    }
    // Node's server would tell the system's time.
    answer.headers.set('date', new Date(this.at()).toUTCString());
    return answer;
  }

  async #suffer(key: string, request: Request): Promise<Response | 'lost'> {
    const fault = this.faults.get(key)?.shift() ?? null;
    if (fault === 'lost-before') return 'lost';
    if (typeof fault === 'object' && fault !== null) {
      return Response.json(fault.body, { status: fault.status });
    }
    if (this.answerReads !== null && request.method === 'GET')
      return new Response(this.answerReads);
    const response = await this.#carryOut(key, request);
    if (fault === 'lost-after') return 'lost';
    if (fault === '503-after') return new Response('<html>', { status: 503 });
    const lie = this.lies.get(key);
    if (lie === undefined || !response.ok) return response;
    const { status, headers } = response;
    // That of the truth: nobody asks whether a lie has changed.
    headers.delete('etag');
    return new Response(JSON.stringify(lie((await response.json()) as never)), { status, headers });
  }

  async #carryOut(key: string, request: Request): Promise<Response> {
    const isStored = /^\w+ \/(heroku\.com|streams)\//.test(key);
    if (isStored && request.method === 'PUT') this.uploads.push(request.headers);
    const response = await (isStored ? this.#storage : this.#api)(request);
    if (response.ok) this.done.push(key);
    return response;
  }
}
