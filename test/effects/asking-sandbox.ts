/** The sandbox within this process, for what only asks: no sockets, and a write is a mistake. */
import type { Clock } from '../../src/effects/clock.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import type { HttpRequest, HttpResponse } from '../../src/effects/http/request.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.ts';

export class AskingSandbox {
  readonly sandbox: Sandbox;
  /** What the vendors answer instead, by the end of the path. */
  readonly instead = new Map<string, () => Promise<HttpResponse>>();
  /** What their true answers are changed to, by the end of the path. */
  readonly lies = new Map<string, (body: never) => object>();

  readonly #now: () => number;

  constructor(options: SandboxOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.sandbox = createSandbox(options);
  }

  get env(): Readonly<Record<string, string>> {
    return this.sandbox.environment;
  }

  ports(clock: Clock = systemClock, timeoutMs = 10_000): Ports {
    const http = createHttpClient({
      transport: (request) => this.#send(request),
      clock,
      random: () => 0.5,
      beforeWrite: async () => {
        throw new Error('what only asks was about to write');
      },
      notice: () => {},
    });
    return {
      http,
      clock,
      signal: AbortSignal.timeout(timeoutMs),
      deadlineMs: clock.ran() + timeoutMs,
      progress: () => {},
    };
  }

  async #send(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.url);
    for (const [end, answer] of this.instead) if (url.pathname.endsWith(end)) return answer();
    const { method, headers = {}, body, signal } = request;
    const asked = new Request(url, {
      method,
      headers: { ...headers },
      signal,
      ...(body === undefined ? {} : { body: body as string }),
    });
    const response = await this.sandbox.fetch(this.sandbox.serviceOf(url), asked);
    let text = await response.text();
    for (const [end, lie] of this.lies) {
      if (url.pathname.endsWith(end)) text = JSON.stringify(lie(JSON.parse(text) as never));
    }
    const date = new Date(this.#now()).toUTCString();
    const all = { date, ...Object.fromEntries(response.headers) };
    return { status: response.status, headers: all, body: text };
  }
}
