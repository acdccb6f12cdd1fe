/** The sandbox's Slack on 127.0.0.1: what it took is kept as it was sent, and it fails when told to. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { systemClock } from '../../../../src/effects/clock.ts';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import type { HttpClient } from '../../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../../src/effects/http/undici-transport.ts';
import { createSlack } from '../../../../src/sandbox/slack/slack.ts';

export const webhookPath = '/services/T0TEAM/B0HOOK/secretOfTheWebhook';

export interface Posted {
  readonly method: 'post' | 'update' | 'webhook';
  readonly body: {
    readonly channel?: string;
    readonly ts?: string;
    readonly thread_ts?: string;
    readonly reply_broadcast?: boolean;
    readonly text: string;
    readonly blocks?: readonly Block[];
  };
}

interface Block {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly elements?: readonly { readonly text: string }[];
}

/** How to answer instead; null: as usual. */
export type Answering = (
  message: Posted,
) => { status?: number; headers?: Record<string, string>; body: object | string } | 'hang' | null;

export interface SlackServer {
  readonly baseUrl: string;
  readonly webhookUrl: string;
  readonly botToken: string;
  readonly http: HttpClient;
  readonly notices: string[];
  /** What Slack took, in order. */
  readonly messages: Posted[];
  answer: Answering;
  close(): Promise<void>;
}

export async function startSlack(): Promise<SlackServer> {
  const messages: Posted[] = [];
  const notices: string[] = [];
  const transport = undiciTransport();
  const sandbox = createSlack({
    now: () => Date.parse('2026-01-05T11:00:00Z'),
    newId: randomUUID,
    token: webhookPath,
  });
  const server = serve({ fetch: answered, port: 0, hostname: '127.0.0.1' });

  async function answered(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const method = path === webhookPath ? 'webhook' : path.endsWith('update') ? 'update' : 'post';
    const sent = await request.text();
    const message: Posted = { method, body: JSON.parse(sent) };
    const instead = slack.answer(message);
    if (instead === 'hang') return new Promise(() => {});
    if (instead !== null) {
      const { body, ...init } = instead;
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), init);
    }
    const { headers } = request;
    const response = await sandbox.fetch(
      new Request(request.url, { method: request.method, headers, body: sent }),
    );
    const text = await response.clone().text();
    if (text === 'ok' || /^\{"ok":true/.test(text)) messages.push(message);
    return response;
  }

  await new Promise<void>((listening) => server.once('listening', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slack: SlackServer = {
    baseUrl: `${origin}/api`,
    webhookUrl: origin + webhookPath,
    botToken: sandbox.botToken,
    messages,
    notices,
    answer: () => null,
    http: createHttpClient({
      transport: transport.send,
      clock: systemClock,
      random: () => 0,
      beforeWrite: async () => {},
      notice: (line) => notices.push(line),
    }),
    async close() {
      await transport.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return slack;
}

export function blockText(block: Block): string {
  return block.text?.text ?? block.elements?.map(({ text }) => text).join('') ?? '';
}

/** What a reader sees of mrkdwn: links as their words, entities as their characters. */
export function seen(escaped: string): string {
  return escaped
    .replace(/<https?:[^<>|]*\|([^<>]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** Mentions that Slack would act on. */
export function mentionsIn(escaped: string): string[] {
  return escaped.match(/<[!@#][^>]*>/g) ?? [];
}
