/** What may go wrong between a client and a stand-in, arranged beforehand and used up as it happens. */
import { rateLimited } from './heroku/heroku.ts';
import type { Service } from './service.ts';

export const faultKinds = [
  'lost-reply',
  'held-reply',
  'reset',
  'hang',
  'delay',
  'status',
  'malformed',
  'empty',
  'rate-limit',
] as const;

export interface Fault {
  /** Which requests: the service, and optionally the method and a pattern for the path. */
  readonly service: Service;
  readonly method?: string;
  /** A regular expression. */
  readonly path?: string;
  /**
   * - `lost-reply`: carried out, then the connection is cut
   * - `held-reply`: carried out, and never answered
   * - `reset`: cut without being carried out; `hang`: never carried out nor answered
   * - `delay`: carried out late; `status`: refused with `status`, default 503; `rate-limit`: 429
   * - `malformed`, `empty`: carried out, and answered with what is no JSON, or nothing
   */
  readonly kind: (typeof faultKinds)[number];
  readonly status?: number;
  /** Default one second. */
  readonly delayMs?: number;
  /** How often; default 1. */
  readonly times?: number;
  /** How many such requests pass before; default 0. */
  readonly skip?: number;
}

/** The connection is to be cut without an answer. */
export class Cut extends Error {}

export class Faults {
  #armed: { fault: Fault; path: RegExp; skip: number; left: number }[] = [];

  /** @throws SyntaxError when `path` is no regular expression */
  arm(fault: Fault): void {
    const { path = '', skip = 0, times = 1 } = fault;
    this.#armed.push({ fault, path: new RegExp(path), skip, left: times });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The first fault that is for this request, used up by one. */
  take(service: Service, method: string, path: string): Fault | null {
    for (const one of this.#armed) {
      const { fault } = one;
      if (fault.service !== service || one.left === 0) continue;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (!one.path.test(path)) continue;
      if (one.skip > 0) {
        one.skip--;
        continue;
      }
      one.left--;
      return fault;
    }
    return null;
  }
}

/** Answers as `carryOut` would, but for the fault. @throws Cut, or the signal's reason */
export async function suffer(
  fault: Fault,
  carryOut: () => Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  switch (fault.kind) {
    case 'reset':
      throw new Cut('reset');
    case 'hang':
      return never(signal);
    case 'lost-reply':
      await carryOut();
      throw new Cut('lost reply');
    case 'held-reply':
      await carryOut();
      return never(signal);
    case 'delay':
      await new Promise((later) => setTimeout(later, fault.delayMs ?? 1_000));
      return carryOut();
    case 'status':
      return new Response('<html><body>Service Unavailable</body></html>', {
        status: fault.status ?? 503,
        headers: { 'content-type': 'text/html' },
      });
    case 'rate-limit':
      return refusedForRate(fault.service);
    case 'malformed':
      return new Response('{"id": "0000', {
        status: (await carryOut()).status,
        headers: { 'content-type': 'application/json' },
      });
    case 'empty':
      return new Response('', { status: (await carryOut()).status });
  }
}

/** Each vendor says it in its own words (its documents on rate limits). */
function refusedForRate(service: Service): Response {
  const answer = ((): Response => {
    switch (service) {
      case 'circleci':
        return new Response('Rate limited.', { status: 429 });
      case 'github':
        return Response.json(
          { message: 'You have exceeded a secondary rate limit.' },
          { status: 429 },
        );
      case 'slack':
        return Response.json({ ok: false, error: 'ratelimited' }, { status: 429 });
      default:
        return rateLimited().toResponse();
    }
  })();
  answer.headers.set('retry-after', '1');
  return answer;
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
