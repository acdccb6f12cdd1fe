/** A stand-in on a port of this machine, over a clock of its own, and how tests ask it. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createIds } from '../../src/sandbox/ids.ts';
import type { StandIn, StandInOptions } from '../../src/sandbox/stand-in.ts';
import type { Stop } from './vendor-contract.ts';

export const shaA = 'a1b2c3d4'.repeat(5);
export const shaB = 'b2c3d4e5'.repeat(5);

export interface TestClock {
  now(): number;
  pass(ms: number): void;
}

export function testClock(): TestClock {
  let now = Date.parse('2026-01-05T10:00:00Z');
  return {
    now: () => now,
    pass(ms) {
      now += ms;
    },
  };
}

/** A stand-in's options with this token. */
export function standInOptions(
  token: string,
  { clock = testClock(), ...more }: Partial<StandInOptions> & { clock?: TestClock } = {},
): StandInOptions {
  return { now: clock.now, newId: createIds(), token, ...more };
}

export interface ServedStandIn {
  readonly url: string;
  close(): Promise<void>;
}

/** Real HTTP on 127.0.0.1. */
export async function serveStandIn({ fetch }: Pick<StandIn, 'fetch'>): Promise<ServedStandIn> {
  const { server, port } = await new Promise<{ server: ReturnType<typeof serve>; port: number }>(
    (listening) => {
      const made = serve({ fetch, port: 0, hostname: '127.0.0.1' }, (at: AddressInfo) =>
        listening({ server: made, port: at.port }),
      );
    },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

export interface Answer extends Stop {
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a vendor's JSON, looked at by the test that asked for it.
  readonly body: any;
  readonly text: string;
}

/** Asks without a socket, and notes every answer in `stops`. */
export class Asker {
  readonly stops: Answer[] = [];
  readonly #standIn: Pick<StandIn, 'fetch'>;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(standIn: Pick<StandIn, 'fetch'>, headers: Readonly<Record<string, string>>) {
    this.#standIn = standIn;
    this.#headers = headers;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  /** A text goes as it is, anything else as JSON. An empty header is left out. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const all = { ...this.#headers, ...headers };
    const kept = Object.entries(all).filter(([, value]) => value !== '');
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    const url = new URL(path, 'http://stand-in.test');
    const request = new Request(url, {
      method,
      headers: kept,
      // A text as the body would bring a content type of its own.
      ...(body === undefined ? {} : { body: Buffer.from(content) }),
    });
    const response = await this.#standIn.fetch(request);
    const text = await response.text();
    const answer = {
      method,
      path: url.pathname,
      status: response.status,
      headers: response.headers,
      body: bodyOf(response, text),
      text,
    };
    this.stops.push(answer);
    return answer;
  }
}

function bodyOf(response: Response, text: string): unknown {
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
  return isJson ? JSON.parse(text) : text;
}
