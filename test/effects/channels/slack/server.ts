/** A Slack on 127.0.0.1 that is as strict about messages as the real one, keeps them, and fails when told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../../src/effects/clock.ts';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import type { HttpClient } from '../../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../../src/effects/http/undici-transport.ts';

export const botToken = 'xoxb-1234567890-secret-of-the-bot';
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
  response: ServerResponse,
) => { status?: number; headers?: Record<string, string>; body: object | string } | 'hang' | null;

export interface SlackServer {
  readonly baseUrl: string;
  readonly webhookUrl: string;
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
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const reply = (body: object | string, status = 200, headers = {}) =>
      response
        .writeHead(status, headers)
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    const path = request.url ?? '';
    const method = path === webhookPath ? 'webhook' : path.endsWith('update') ? 'update' : 'post';
    const message: Posted = { method, body: JSON.parse(text) };
    if (method !== 'webhook' && request.headers.authorization !== `Bearer ${botToken}`) {
      return void reply({ ok: false, error: 'invalid_auth' });
    }
    const instead = slack.answer(message, response);
    if (instead === 'hang') return;
    if (instead !== null) return void reply(instead.body, instead.status, instead.headers);
    const fault = faultIn(message.body);
    if (fault !== null) {
      return void (method === 'webhook' ? reply(fault, 400) : reply({ ok: false, error: fault }));
    }
    messages.push(message);
    if (method === 'webhook') return void reply('ok');
    const ts = message.body.ts ?? `1767610800.${String(messages.length).padStart(6, '0')}`;
    reply({ ok: true, channel: 'C0DEPLOY', ts });
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slack: SlackServer = {
    baseUrl: `${origin}/api`,
    webhookUrl: origin + webhookPath,
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
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return slack;
}

/** Slack's limits (Block Kit reference; the sum of all blocks was seen, it is not documented). */
export function faultIn({ text, blocks = [] }: Posted['body']): string | null {
  const texts = blocks.map(blockText);
  if (text.trim() === '' && blocks.length === 0) return 'no_text';
  if (text.length > 40_000) return 'msg_too_long';
  if (blocks.length > 50) return 'invalid_blocks';
  if (texts.some((one) => one.length > 3_000 || one.trim() === '')) return 'invalid_blocks';
  if (texts.join('').length > 13_200) return 'msg_blocks_too_long';
  return null;
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
