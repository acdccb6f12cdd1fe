/** A receiver of hooks on 127.0.0.1 that takes only what is signed as Standard Webhooks has it, keeps it, and fails when told to. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../../src/effects/clock.ts';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import type { HttpClient } from '../../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../../src/effects/http/undici-transport.ts';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly secret: string;
  readonly http: HttpClient;
  /** Every request, taken or not. */
  readonly requests: Received[];
  /** Those whose signature is right and that were taken, in order. */
  readonly taken: Received[];
  /** Answers in place of 204; false: as usual. */
  answer: (request: Received, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export async function startReceiver(secret = newSecret()): Promise<Receiver> {
  const transport = undiciTransport();
  const requests: Received[] = [];
  const taken: Received[] = [];
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const received = { path: request.url ?? '', headers: request.headers, body };
    requests.push(received);
    if (!isSigned(received, secret)) return void response.writeHead(401).end('not signed');
    if (receiver.answer(received, response)) return;
    taken.push(received);
    response.writeHead(204).end();
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/deploys`,
    secret,
    requests,
    taken,
    answer: () => false,
    http: createHttpClient({
      transport: transport.send,
      clock: systemClock,
      random: () => 0,
      beforeWrite: async () => {},
      notice: () => {},
    }),
    async close() {
      await transport.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return receiver;
}

const toleranceSeconds = 5 * 60;

/** As the scheme says: over id, timestamp and body, by any of the signatures; and no older than five minutes. */
function isSigned({ headers, body }: Pick<Received, 'headers' | 'body'>, secret: string): boolean {
  const header = (name: string): string => [headers[name] ?? ''].flat().join();
  const [id, timestamp] = [header('webhook-id'), header('webhook-timestamp')];
  if (id === '' || Math.abs(Date.now() / 1_000 - Number(timestamp)) > toleranceSeconds)
    return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return header('webhook-signature')
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'))
    .some((one) => one.length === right.length && timingSafeEqual(one, right));
}
