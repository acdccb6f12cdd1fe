/** What the sandbox was asked: every request of every service, as it arrived. */
import type { Service } from './service.ts';

export interface Received {
  readonly service: Service;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What it was answered with; null when it was never carried out nor answered. */
  readonly status: number | null;
  /** The JSON that was sent, to Heroku, GitHub and Slack only. */
  readonly body?: unknown;
}

const withBody: readonly Service[] = ['heroku', 'github', 'slack'];

/** The entry of a request, but for its status; what its body was is read from a copy. */
export async function entryOf(
  service: Service,
  request: Request,
  at: number,
): Promise<Omit<Received, 'status'>> {
  const entry = { service, method: request.method, path: new URL(request.url).pathname, at };
  if (!withBody.includes(service) || request.body === null) return entry;
  const body = parsed(await request.clone().text());
  return body === undefined ? entry : { ...entry, body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
