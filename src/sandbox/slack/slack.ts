/**
 * Slack's incoming webhook and the part of its Web API that posts messages (Slack API, Incoming webhooks
 * and chat.postMessage).
 */
import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { StandIn, StandInOptions } from '../stand-in.ts';
import { readBody, readPayload, type SlackBody } from './body.ts';
import { channels, usergroups } from './directory.ts';
import { faultOf } from './limits.ts';
import { type SlackMessage, SlackMessages, webhookChannel } from './messages.ts';
import { People, type SlackControl } from './people.ts';

export interface SlackState {
  /** In order. */
  readonly messages: readonly SlackMessage[];
}

export interface SlackStandIn extends Omit<StandIn, 'state'> {
  state(): SlackState;
  readonly control: SlackControl;
  /** What a bot has to authenticate with. */
  readonly botToken: string;
  readonly routes: Hono['routes'];
}

const bot = { bot_id: 'B0SANDBOX1', user: 'deploybot', user_id: 'U0SANDBOX1' };

/** Webhooks beside the one that works, with its team and its secret: each answers as it is named here. */
const brokenHooks: Readonly<Record<string, readonly [400 | 403 | 404 | 410 | 500, string]>> = {
  B0ARCHIVED: [410, 'channel_is_archived'],
  B0NOCHANNEL: [404, 'channel_not_found'],
  B0PROHIBITED: [403, 'action_prohibited'],
  B0ROLLUP: [500, 'rollup_error'],
};

/** @param options.token the secret path of the webhook: `/services/T…/B…/…` */
export function createSlack(options: StandInOptions): SlackStandIn {
  const messages = new SlackMessages(options.now);
  const botToken = `xoxb-sandbox-${randomBytes(16).toString('hex')}`;
  const hono = new Hono();
  serveWebhook(hono, messages, options.token);
  const people = new People();
  serveApi(hono, messages, people, botToken);
  hono.notFound((c) => c.json({ ok: false, error: 'unknown_method' }));
  return {
    fetch: async (request) => hono.fetch(request),
    state: () => ({ messages: messages.all }),
    reset() {
      messages.reset();
      people.reset();
    },
    control: people,
    botToken,
    routes: hono.routes,
  };
}

function serveWebhook(hono: Hono, messages: SlackMessages, path: string): void {
  hono.post('/services/*', async (c) => {
    const refused = refusalOf(c.req.path, path);
    if (refused !== null) return c.text(refused[1], refused[0]);
    const body = await readPayload(c);
    if (body === null) return c.text('invalid_payload', 400);
    const fault = faultOf(body, 'webhook');
    if (fault !== null) return c.text(fault.error, 400);
    messages.post(body, { via: 'webhook', channel: webhookChannel, to: null });
    return c.text('ok');
  });
}

/** Why a webhook's path is not the one that works; null when it is. */
function refusalOf(given: string, works: string) {
  const [, , team, service = '', secret, ...more] = given.split('/');
  const [, , ownTeam, ownService, ownSecret] = works.split('/');
  if (secret === undefined || more.length > 0) return [404, 'no_service'] as const;
  if (team !== ownTeam) return [404, 'no_team'] as const;
  const broken = Object.hasOwn(brokenHooks, service) ? brokenHooks[service] : undefined;
  if (service !== ownService && broken === undefined) return [404, 'no_service'] as const;
  if (secret !== ownSecret) return [403, 'invalid_token'] as const;
  return broken ?? null;
}

/** What reads takes both; Slack's schema has the lists by GET alone. */
const methodsOf = (name: string): string[] => {
  if (name === 'auth.test' || name === 'users.lookupByEmail') return ['GET', 'POST'];
  return name.endsWith('.list') ? ['GET'] : ['POST'];
};

const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);

type Answer = Readonly<Record<string, unknown>>;
const refuse = (error: string, more: Answer = {}): Answer => ({ ok: false, error, ...more });

function serveApi(hono: Hono, messages: SlackMessages, people: People, botToken: string): void {
  const serve = (name: string, act: (body: SlackBody, c: Context) => Answer): void => {
    hono.on(methodsOf(name), `/api/${name}`, async (c) => c.json(await answerOf(c, botToken, act)));
  };
  serve('auth.test', () => ({
    ok: true,
    url: 'https://acme.slack.test/',
    team: 'Acme',
    team_id: 'T0SANDBOX1',
    ...bot,
    is_enterprise_install: false,
  }));
  serve('conversations.list', () => ({
    ok: true,
    channels,
    response_metadata: { next_cursor: '' },
  }));
  serve('usergroups.list', () => ({ ok: true, usergroups }));
  serve('chat.postMessage', (body) => post(messages, body));
  serve('chat.update', (body) => update(messages, body));
  serve('users.lookupByEmail', (body, c) =>
    people.lookUp(c.req.query('email') ?? asText(body.email)),
  );
}

/** 200 whatever comes of it: `ok` says. */
async function answerOf(
  c: Context,
  botToken: string,
  act: (body: SlackBody, c: Context) => Answer,
): Promise<Answer> {
  const read = await readBody(c);
  const bearer = (c.req.header('authorization') ?? '').replace(/^Bearer /i, '');
  const token = bearer === '' && 'body' in read ? read.body.token : bearer;
  if (token === undefined || token === '') return refuse('not_authed');
  if (token !== botToken) return refuse('invalid_auth');
  if ('error' in read) return refuse(read.error);
  const answer = act(read.body, c);
  if (!read.isCharsetMissing) return answer;
  const warning = 'missing_charset';
  const metadata = answer.response_metadata as Answer | undefined;
  return { ...answer, warning, response_metadata: { ...metadata, warnings: [warning] } };
}

function post(messages: SlackMessages, body: SlackBody): Answer {
  const channel = messages.channel(body.channel);
  if ('error' in channel) return refuse(channel.error);
  const refused = refusedContent(body);
  if (refused !== null) return refused;
  if (body.thread_ts !== undefined && messages.find(channel.id, body.thread_ts) === undefined) {
    return refuse('thread_not_found');
  }
  const to = String(body.channel);
  const made = messages.post(body, { via: 'bot', channel: channel.id, to });
  return { ok: true, channel: made.channel, ts: made.ts, message: shown(made) };
}

/** Knows channels by their ids only. */
function update(messages: SlackMessages, body: SlackBody): Answer {
  const { channel, ts } = body;
  if (!messages.all.some((one) => one.channel === channel)) return refuse('channel_not_found');
  const found = messages.find(channel, ts);
  if (found === undefined) return refuse('message_not_found');
  if (found.via !== 'bot') return refuse('cant_update_message');
  const refused = refusedContent(body);
  if (refused !== null) return refused;
  const made = messages.update(found, body);
  return { ok: true, channel, ts, text: made.text, message: shown(made) };
}

function refusedContent(body: SlackBody): Answer | null {
  const fault = faultOf(body, 'bot');
  if (fault === null) return null;
  const { error, messages } = fault;
  return refuse(error, messages === undefined ? {} : { response_metadata: { messages } });
}

const shown = ({ text, ts, thread_ts, blocks, attachments }: SlackMessage) => ({
  type: 'message',
  subtype: 'bot_message',
  text,
  ts,
  username: bot.user,
  bot_id: bot.bot_id,
  ...(thread_ts === null ? {} : { thread_ts }),
  ...(blocks.length === 0 ? {} : { blocks }),
  ...(attachments.length === 0
    ? {}
    : { attachments: attachments.map((one, i) => ({ ...(one as object), id: i + 1 })) }),
});
