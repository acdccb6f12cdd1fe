/** Slack's incoming webhook and the part of its Web API that posts messages (VENDORS.md 4). */
import { type Context, Hono } from 'hono';
import type { StandIn, StandInOptions } from './stand-in.ts';

/** A message as a channel shows it. */
export interface SlackMessage {
  readonly via: 'webhook' | 'bot';
  readonly channel: string | null;
  readonly ts: string;
  readonly thread_ts: string | null;
  readonly broadcast: boolean;
  text: string;
  blocks: readonly unknown[];
  attachments: readonly unknown[];
  /** How often it was updated. */
  edits: number;
}

export interface SlackState {
  readonly messages: readonly SlackMessage[];
}

/** Block Kit's limits (VENDORS.md 4.3), in characters. */
const limits = {
  blocks: 50,
  section: 3_000,
  header: 150,
  fields: 10,
  field: 2_000,
  elements: 10,
  text: 40_000,
  attachments: 100,
  blocksTotal: 13_200,
};
const channelId = 'C0SANDBOX1';
const botToken = 'xoxb-sandbox-5f21c9-bot-token';

type Body = Record<string, unknown>;

/** @param options.token the secret path of the webhook */
export function createSlack(
  options: StandInOptions,
): Omit<StandIn, 'state'> & { state(): SlackState; readonly botToken: string } {
  const messages: SlackMessage[] = [];
  const hono = new Hono();
  let count = 0;
  const newTs = (): string => {
    count += 1;
    return `${Math.floor(options.now() / 1000)}.${String(count).padStart(6, '0')}`;
  };

  hono.post('/services/*', async (c) => {
    if (c.req.path !== options.token) return c.text('no_service', 404);
    const body = await bodyOf(c);
    if (body === null) return c.text('invalid_payload', 400);
    const fault = faultOf(body);
    if (fault !== null) return c.text(fault, 400);
    messages.push(message(body, { via: 'webhook', channel: null, ts: newTs() }));
    return c.text('ok');
  });

  const api = (name: string, act: (body: Body, c: Context) => Body): void => {
    hono.post(`/api/${name}`, async (c) => {
      const token = (c.req.header('authorization') ?? '').replace(/^Bearer /, '');
      if (token === '') return c.json({ ok: false, error: 'not_authed' });
      if (token !== botToken) return c.json({ ok: false, error: 'invalid_auth' });
      const body = await bodyOf(c);
      return c.json(body === null ? { ok: false, error: 'invalid_arguments' } : act(body, c));
    });
  };
  api('auth.test', () => ({
    ok: true,
    url: 'https://acme.slack.test/',
    team: 'Acme',
    user: 'deploybot',
    team_id: 'T0SANDBOX',
    user_id: 'U0SANDBOX',
    bot_id: 'B0SANDBOX',
    is_enterprise_install: false,
  }));
  api('chat.postMessage', (body) => {
    const { channel, thread_ts: thread } = body;
    if (typeof channel !== 'string' || channel === '' || channel === '#nowhere')
      return { ok: false, error: 'channel_not_found' };
    const fault = faultOf(body);
    if (fault !== null) return { ok: false, error: fault };
    if (thread !== undefined && !messages.some(({ ts }) => ts === thread)) {
      return { ok: false, error: 'thread_not_found' };
    }
    const made = message(body, { via: 'bot', channel: channelId, ts: newTs() });
    messages.push(made);
    return { ok: true, channel: channelId, ts: made.ts, message: shown(made) };
  });
  api('chat.update', (body) => {
    const found = messages.find(({ ts, channel }) => ts === body.ts && channel === body.channel);
    if (found === undefined) return { ok: false, error: 'message_not_found' };
    const fault = faultOf(body);
    if (fault !== null) return { ok: false, error: fault };
    const { text, blocks, attachments } = message(body, found);
    Object.assign(found, { text, blocks, attachments, edits: found.edits + 1 });
    return { ok: true, channel: channelId, ts: found.ts, text, message: shown(found) };
  });
  hono.notFound((c) => c.json({ ok: false, error: 'unknown_method' }));

  return {
    fetch: async (request) => hono.fetch(request),
    state: () => ({ messages }),
    reset: () => void messages.splice(0),
    botToken,
  };
}

function message(body: Body, head: Pick<SlackMessage, 'via' | 'channel' | 'ts'>): SlackMessage {
  return {
    via: head.via,
    channel: head.channel,
    ts: head.ts,
    thread_ts: typeof body.thread_ts === 'string' ? body.thread_ts : null,
    broadcast: body.reply_broadcast === true,
    text: typeof body.text === 'string' ? body.text : '',
    blocks: listOf(body.blocks),
    attachments: listOf(body.attachments),
    edits: 0,
  };
}

const shown = ({ text, ts }: SlackMessage) => ({
  type: 'message',
  subtype: 'bot_message',
  text,
  ts,
  username: 'deploybot',
  bot_id: 'B0SANDBOX',
});

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The name of the error that Slack gives for such a message; null when it takes it. */
function faultOf(body: Body): string | null {
  const blocks = listOf(body.blocks);
  const attachments = listOf(body.attachments);
  const text = typeof body.text === 'string' ? body.text : '';
  if (text === '' && blocks.length === 0 && attachments.length === 0) return 'no_text';
  if (text.length > limits.text) return 'msg_too_long';
  if (attachments.length > limits.attachments) return 'too_many_attachments';
  if (blocks.length > limits.blocks || !blocks.every(isGoodBlock)) return 'invalid_blocks';
  return JSON.stringify(blocks).length > 2 * limits.blocksTotal ? 'msg_blocks_too_long' : null;
}

function isGoodBlock(block: unknown): boolean {
  if (typeof block !== 'object' || block === null) return false;
  const { type, text, fields, elements } = block as Record<string, unknown>;
  switch (type) {
    case 'section':
      return (
        (text === undefined ? listOf(fields).length > 0 : isText(text, limits.section)) &&
        listOf(fields).length <= limits.fields &&
        listOf(fields).every((field) => isText(field, limits.field))
      );
    case 'header':
      return isText(text, limits.header, 'plain_text');
    case 'context':
      return (
        listOf(elements).length > 0 &&
        listOf(elements).length <= limits.elements &&
        listOf(elements).every((element) => isText(element, limits.section))
      );
    default:
      return type === 'divider';
  }
}

function isText(value: unknown, max: number, kind?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type, text } = value as Record<string, unknown>;
  const known = kind === undefined ? type === 'mrkdwn' || type === 'plain_text' : type === kind;
  return known && typeof text === 'string' && text.length > 0 && text.length <= max;
}

/** JSON, or a form as Slack's own clients send it, with JSON in its fields. */
async function bodyOf(c: Context): Promise<Body | null> {
  try {
    const text = await c.req.text();
    if (!(c.req.header('content-type') ?? '').includes('form')) {
      const body: unknown = text === '' ? {} : JSON.parse(text);
      return typeof body === 'object' && body !== null && !Array.isArray(body)
        ? (body as Body)
        : null;
    }
    const fields = [...new URLSearchParams(text)].map(([name, value]) => [
      name,
      name === 'blocks' || name === 'attachments'
        ? JSON.parse(value)
        : value === 'true'
          ? true
          : value,
    ]);
    return Object.fromEntries(fields) as Body;
  } catch {
    return null;
  }
}
