/** Slack: posts and updates messages, through a bot's token or an incoming webhook. */

import { z } from 'zod';
import { LockstepError } from '../../../errors/error.ts';
import { ensureOk, readJson } from '../../http/answers.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { HttpRequest, HttpResponse } from '../../http/request.ts';
import { shownPath, shownText } from '../../http/shown.ts';
import type { Ports } from '../../ports.ts';
import type { SlackMessage } from './blocks.ts';
import type { SlackCode } from './error-codes.ts';
import { faultOf, hintFor, type SlackFault } from './errors.ts';
import { slack } from './vendor.ts';

export type { SlackMessage } from './blocks.ts';

export interface SlackOptions {
  /** Of the Web API: `https://slack.com/api`; a bare origin gets `/api` added. */
  readonly baseUrl: string;
  /** `xoxb-…` with the scope `chat:write`, and `users:read.email` where people are mentioned. Goes before the webhook where both are given. */
  readonly botToken?: string | null;
  /** An incoming webhook; the whole URL is a secret. */
  readonly webhookUrl?: string | null;
  /** `#alerts-deploy` or a channel's id. A webhook posts to its own channel whatever this says. */
  readonly channel: string;
}

/** Where a message is: the key that answers and updates need. */
export interface SlackPlace {
  /** The channel's id, also where it was posted by name. */
  readonly channel: string;
  /** A string with six decimals; never a number. */
  readonly ts: string;
}

export type SlackPorts = Pick<Ports, 'http' | 'signal'>;

/**
 * Every call may throw VendorUnreachable (where it is `sent`, the message may have been posted),
 * VendorRefused (`id` is Slack's name of the error; see `slackFault`) or VendorMalformed.
 */
export interface Slack {
  readonly mode: 'bot' | 'webhook';
  /** Posts to the channel, or to the thread's channel. Null: a webhook does not say where it posted. */
  post(
    message: SlackMessage,
    ports: SlackPorts,
    thread?: SlackPlace | null,
  ): Promise<SlackPlace | null>;
  /** Replaces a message that the bot posted. @throws LockstepError E_SLACK_WEBHOOK a webhook cannot */
  update(place: SlackPlace, message: SlackMessage, ports: SlackPorts): Promise<void>;
  /** What mentions whoever has that e-mail address, as raw mrkdwn; null: nobody has it, or a webhook cannot ask. */
  mention(email: string, ports: SlackPorts): Promise<string | null>;
}

/** For one attempt: a message is not worth the HTTP client's usual patience. */
const timeoutMs = 10_000;

/** @throws LockstepError E_SLACK_UNSET neither a bot's token nor a webhook is given */
export function createSlack({ baseUrl, botToken, webhookUrl, channel }: SlackOptions): Slack {
  if (botToken) return new BotSlack(apiUrl(baseUrl), botToken, channel);
  if (webhookUrl) return new WebhookSlack(webhookUrl, channel);
  throw new LockstepError<SlackCode>(
    'E_SLACK_UNSET',
    'Slack is configured (notify.slack), but there is no way to reach it',
    { hint: 'Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL, or take notify.slack out of pipeline.yml.' },
  );
}

/** What a failed call means for the message; null where Slack did not answer for itself. */
export function slackFault(error: unknown): SlackFault | null {
  if (!(error instanceof VendorRefused)) return null;
  return faultOf(error.id, error.status);
}

const answerSchema = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
  needed: z.string().optional(),
  response_metadata: z.object({ messages: z.array(z.string()).optional() }).optional(),
});

const placeSchema = z.object({ channel: z.string().min(1), ts: z.string().min(1) });
const userSchema = z.object({ user: z.object({ id: z.string().regex(/^[UW][A-Z0-9]+$/) }) });

class BotSlack implements Slack {
  readonly mode = 'bot';
  readonly #apiUrl: string;
  readonly #token: string;
  readonly #channel: string;

  constructor(url: string, token: string, channel: string) {
    this.#apiUrl = url;
    this.#token = token;
    this.#channel = channel;
  }

  async post(
    message: SlackMessage,
    ports: SlackPorts,
    thread: SlackPlace | null = null,
  ): Promise<SlackPlace> {
    const reply =
      thread === null
        ? {}
        : {
            thread_ts: thread.ts,
            ...(message.broadcast === true ? { reply_broadcast: true } : {}),
          };
    const channel = thread?.channel ?? this.#channel;
    const body = { channel, ...content(message), parse: 'none', ...reply };
    return this.#call('chat.postMessage', placeSchema, ports, body);
  }

  async update(
    { channel, ts }: SlackPlace,
    message: SlackMessage,
    ports: SlackPorts,
  ): Promise<void> {
    const body = { channel, ts, ...content(message), parse: 'none' };
    await this.#call('chat.update', placeSchema, ports, body);
  }

  async mention(email: string, ports: SlackPorts): Promise<string | null> {
    try {
      const method = `users.lookupByEmail?email=${encodeURIComponent(email)}`;
      const { user } = await this.#call(method, userSchema, ports);
      return `<@${user.id}>`;
    } catch (error) {
      if (error instanceof VendorRefused && error.id === 'users_not_found') return null;
      throw error;
    }
  }

  /** @param body of a write; left out: it is a read */
  async #call<T>(
    method: string,
    schema: z.ZodType<T>,
    { http, signal }: SlackPorts,
    body?: object,
  ): Promise<T> {
    const request: HttpRequest = {
      vendor: slack,
      method: body === undefined ? 'GET' : 'POST',
      url: `${this.#apiUrl}/${method}`,
      headers: {
        authorization: `Bearer ${this.#token}`,
        // Without the charset Slack adds a warning to every answer.
        ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      },
      ...(body === undefined ? { attemptsMax: 2 } : { body: JSON.stringify(body) }),
      signal,
      timeoutMs,
    };
    const response = ensureOk(request, await http.send(request));
    const answer = readJson(request, response, answerSchema);
    // Slack says no with status 200.
    if (!answer.ok) {
      const more = [
        ...(answer.needed === undefined ? [] : [`needs ${answer.needed}`]),
        ...(answer.response_metadata?.messages ?? []),
      ];
      throw refused(request, response, answer.error ?? 'unknown_error', this.#channel, more);
    }
    return readJson(request, response, schema);
  }
}

class WebhookSlack implements Slack {
  readonly mode = 'webhook';
  readonly #url: string;
  readonly #channel: string;

  constructor(url: string, channel: string) {
    this.#url = url;
    this.#channel = channel;
  }

  async post(message: SlackMessage, { http, signal }: SlackPorts): Promise<null> {
    const request: HttpRequest = {
      vendor: slack,
      method: 'POST',
      url: this.#url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(content(message)),
      signal,
      timeoutMs,
    };
    const response = await http.send(request);
    const name = response.body.trim();
    const isNo = response.status >= 400 && response.status !== 429;
    // A webhook names its errors in a body of plain text.
    if (isNo && /^[a-z_]{3,60}$/.test(name)) throw refused(request, response, name, this.#channel);
    ensureOk(request, response);
    return null;
  }

  async mention(): Promise<null> {
    return null;
  }

  async update(): Promise<void> {
    throw new LockstepError<SlackCode>(
      'E_SLACK_WEBHOOK',
      'a webhook cannot change what it posted',
      {
        hint: 'Set SLACK_BOT_TOKEN for messages that are kept up to date.',
      },
    );
  }
}

function content({ text, blocks }: SlackMessage): object {
  return { text, blocks, unfurl_links: false, unfurl_media: false };
}

function refused(
  request: HttpRequest,
  { status, headers }: HttpResponse,
  name: string,
  channel: string,
  more: readonly string[] = [],
): VendorRefused<SlackCode> {
  const id = shownText(name, request);
  const explained = more.length === 0 ? '' : ` (${shownText(more.join('; '), request)})`;
  return new VendorRefused<SlackCode>(
    'E_SLACK_REFUSED',
    `Slack refused a message: ${id}${explained}`,
    {
      method: request.method,
      status,
      id,
      hint: hintFor(id, channel),
      details: {
        vendor: slack.id,
        path: shownPath(request),
        requestId: headers['x-slack-req-id'] ?? null,
      },
    },
  );
}

export function apiUrl(baseUrl: string): string {
  const url = baseUrl.replace(/\/+$/, '');
  return URL.canParse(url) && new URL(url).pathname === '/' ? `${url}/api` : url;
}
