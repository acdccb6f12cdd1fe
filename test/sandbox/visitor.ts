/** Whoever visits a sandbox in the tests: Heroku's calls with the right headers, over a clock of its own. */
import { gzipSync } from 'node:zlib';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.ts';

export const staging = 'acme-staging';
export const production = 'acme-production';
export const shaA = 'a1b2c3d4'.repeat(5);
export const shaB = 'b2c3d4e5'.repeat(5);
export const tarball = gzipSync(Buffer.alloc(512));

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a vendor's JSON, looked at by the test that asked for it.
  readonly body: any;
  readonly text: string;
}

/** Sends a request to a service, wherever that is. */
export type Carrier = (
  service: 'heroku' | 'sources' | 'staging' | 'production' | 'control' | 'slack',
  path: string,
  init: RequestInit,
) => Promise<Response>;

export class Visitor {
  readonly #carry: Carrier;
  readonly #token: string;
  readonly #controlToken: string;

  constructor(carry: Carrier, environment: Readonly<Record<string, string>>) {
    this.#carry = carry;
    this.#token = environment.HEROKU_API_KEY ?? '';
    this.#controlToken = environment.SANDBOX_TOKEN ?? '';
  }

  async heroku(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    return reply(
      await this.#carry('heroku', path, {
        method,
        headers: {
          accept: 'application/vnd.heroku+json; version=3',
          authorization: `Bearer ${this.#token}`,
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  async get(
    service: 'sources' | 'staging' | 'production' | 'control',
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const own = service === 'control' ? this.#controlHeaders() : {};
    return reply(await this.#carry(service, path, { headers: { ...own, ...headers } }));
  }

  async control(verb: string, input: unknown = {}): Promise<Reply> {
    const headers = { ...this.#controlHeaders(), 'content-type': 'application/json' };
    return reply(
      await this.#carry('control', `/${verb}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(input),
      }),
    );
  }

  #controlHeaders(): Record<string, string> {
    return { authorization: `Bearer ${this.#controlToken}` };
  }

  async put(url: string, body: Uint8Array<ArrayBuffer>, headers = {}): Promise<Reply> {
    const { pathname, search } = new URL(url);
    return reply(await this.#carry('sources', pathname + search, { method: 'PUT', body, headers }));
  }

  /** A place with a tarball in it, as builds want it. */
  async upload(): Promise<string> {
    const { body } = await this.heroku('POST', '/sources');
    await this.put(body.source_blob.put_url, tarball);
    return body.source_blob.get_url;
  }

  /** Asks for a build of the commit and gives its body. */
  async build(app: string, version: string | null, version_description: string | null = null) {
    const source_blob = { url: await this.upload(), version, version_description };
    return (await this.heroku('POST', `/apps/${app}/builds`, { source_blob })).body;
  }

  async releases(app: string, range = 'version ..; max=50, order=desc') {
    return (await this.heroku('GET', `/apps/${app}/releases`, undefined, { range })).body;
  }

  /** Asks for a promotion of what staging runs, or of that release, and gives its body. */
  async promote(release?: string): Promise<Reply> {
    const coupling = (await this.heroku('GET', `/apps/${staging}/pipeline-couplings`)).body;
    const target = (await this.heroku('GET', `/apps/${production}`)).body;
    return this.heroku('POST', '/pipeline-promotions', {
      pipeline: { id: coupling.pipeline.id },
      source: { app: { id: coupling.app.id }, ...(release && { release: { id: release } }) },
      targets: [{ app: { id: target.id } }],
    });
  }
}

async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
    text,
  };
}

export interface Visit {
  readonly sandbox: Sandbox;
  readonly visitor: Visitor;
  /** Lets time go by. */
  pass(ms: number): void;
}

/** A sandbox without sockets, whose clock only `pass` moves. */
export function visit(options: Omit<SandboxOptions, 'now' | 'origins'> = {}): Visit {
  let now = Date.parse('2026-01-05T10:00:00Z');
  const sandbox = createSandbox({ ...options, now: () => now });
  const carry: Carrier = (service, path, init) =>
    sandbox.fetch(
      service,
      new Request(`https://${service}.sandbox.test${path}`, withoutType(init)),
    );
  return {
    sandbox,
    visitor: new Visitor(carry, sandbox.environment),
    pass(ms) {
      now += ms;
    },
  };
}

/** A text as the body would bring a content type of its own. */
function withoutType(init: RequestInit): RequestInit {
  return typeof init.body === 'string' ? { ...init, body: Buffer.from(init.body) } : init;
}
