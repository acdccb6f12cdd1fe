/** Posting to Slack over real HTTP: both ways, and every way in which Slack says no. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asPlainText, pack, section } from '../../../../src/effects/channels/slack/blocks.ts';
import { createSlack, slackFault } from '../../../../src/effects/channels/slack/slack.ts';
import { VendorRefused } from '../../../../src/effects/http/errors.ts';
import { type SlackServer, startSlack, webhookPath } from './server.ts';

let server: SlackServer;
beforeEach(async () => {
  server = await startSlack();
});
afterEach(() => server.close());

const channel = '#alerts-deploy';
const message = { text: 'it is up', blocks: [section('*it is up*')] };
const ports = () => ({ http: server.http, signal: AbortSignal.timeout(20_000) });
const bot = (token = server.botToken) =>
  createSlack({ baseUrl: server.baseUrl, botToken: token, channel });
const hook = () => createSlack({ baseUrl: server.baseUrl, webhookUrl: server.webhookUrl, channel });

async function refusal(call: Promise<unknown>): Promise<VendorRefused> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VendorRefused);
  const shown = JSON.stringify([error, (error as Error).message, (error as VendorRefused).hint]);
  expect(shown).not.toContain(server.botToken);
  expect(shown).not.toContain('secretOfTheWebhook');
  return error as VendorRefused;
}

describe('with a bot’s token', () => {
  it('posts to the channel, answers in the thread, and updates', async () => {
    const slack = bot();
    expect(slack.mode).toBe('bot');
    const place = await slack.post(message, ports());
    expect(place).toEqual({ channel: 'C0SANDBOX1', ts: '1767610800.000001' });
    await slack.post({ ...message, broadcast: true }, ports(), place);
    await slack.update(place ?? { channel: '', ts: '' }, { ...message, text: 'done' }, ports());
    const [first, reply, update] = server.messages;
    expect(first?.body).toMatchObject({ channel, text: 'it is up', unfurl_links: false });
    expect(first?.body).not.toHaveProperty('thread_ts');
    expect(reply?.body).toMatchObject({
      channel: 'C0SANDBOX1',
      thread_ts: '1767610800.000001',
      reply_broadcast: true,
    });
    expect(update).toMatchObject({
      method: 'update',
      body: { channel: 'C0SANDBOX1', ts: '1767610800.000001', text: 'done' },
    });
  });

  it('takes a base URL with a trailing slash, or of a bare origin', async () => {
    for (const baseUrl of [`${server.baseUrl}/`, new URL(server.baseUrl).origin]) {
      await createSlack({ baseUrl, botToken: server.botToken, channel }).post(message, ports());
    }
    expect(server.messages).toHaveLength(2);
  });

  it('refuses a wrong token with a hint, though Slack answers 200', async () => {
    const error = await refusal(bot('xoxb-1234567890-another-secret').post(message, ports()));
    expect(error).toMatchObject({ code: 'E_SLACK_REFUSED', status: 200 });
    expect(error.details).toMatchObject({ vendor: 'slack', id: 'invalid_auth' });
    expect(error.hint).toContain('SLACK_BOT_TOKEN');
    expect(slackFault(error)).toBe('setup');
  });

  const faults = [
    ['not_in_channel', 'setup', '/invite'],
    ['channel_not_found', 'setup', channel],
    ['is_archived', 'setup', channel],
    ['missing_scope', 'setup', 'chat:write'],
    ['invalid_blocks', 'message', 'Slack explains'],
    ['something_new', 'message', 'something_new'],
    ['message_not_found', 'thread', 'Slack explains'],
    ['fatal_error', 'passing', 'slack-status.com'],
  ] as const;
  it.each(faults)('reads %s as a fault of %s, with a hint', async (error, fault, hint) => {
    server.answer = () => ({ body: { ok: false, error, needed: 'chat:write' } });
    const refused = await refusal(bot().post(message, ports()));
    expect(refused.message).toBe(`Slack refused a message: ${error} (needs chat:write)`);
    expect(slackFault(refused)).toBe(fault);
    expect(refused.hint).toContain(hint);
  });

  it('names what Slack finds wrong with the blocks', async () => {
    const messages = ['[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text]'];
    server.answer = () => ({
      body: { ok: false, error: 'invalid_blocks', response_metadata: { messages } },
    });
    expect((await refusal(bot().post(message, ports()))).message).toBe(
      `Slack refused a message: invalid_blocks (${messages[0]})`,
    );
  });

  it('waits as long as Slack asks when there were too many messages', async () => {
    let refusals = 0;
    server.answer = () =>
      refusals++ === 0
        ? {
            status: 429,
            headers: { 'retry-after': '0' },
            body: { ok: false, error: 'ratelimited' },
          }
        : null;
    await bot().post(message, ports());
    expect(server.messages).toHaveLength(1);
    expect(server.notices.join()).toContain('429');
  });

  it.each(['', 'not json', '{"ok":true}', '{"ok":true,"channel":"C1","ts":1503435956.000247}'])(
    'does not take %j for a success',
    async (body) => {
      server.answer = () => ({ body });
      await expect(bot().post(message, ports())).rejects.toMatchObject({
        code: 'E_VENDOR_MALFORMED',
      });
    },
  );
});

describe('with a webhook', () => {
  it('posts, and says that it does not know where', async () => {
    const slack = hook();
    expect(slack.mode).toBe('webhook');
    expect(await slack.post(message, ports())).toBeNull();
    expect(server.messages[0]?.body).toMatchObject({ text: 'it is up' });
    expect(server.messages[0]?.body).not.toHaveProperty('channel');
  });

  it('cannot update', async () => {
    await expect(hook().update({ channel: 'C', ts: '1' }, message, ports())).rejects.toMatchObject({
      code: 'E_SLACK_WEBHOOK',
    });
  });

  it.each([
    [404, 'no_service', 'setup', 'SLACK_WEBHOOK_URL'],
    [403, 'invalid_token', 'setup', 'SLACK_WEBHOOK_URL'],
    [410, 'channel_is_archived', 'setup', 'archived'],
    [400, 'invalid_blocks', 'message', 'Slack explains'],
    [500, 'rollup_error', 'passing', 'slack-status.com'],
    [502, 'unwell', 'passing', 'Slack explains'],
    [403, 'forbidden', 'setup', 'Slack explains'],
    [400, 'something_new', 'message', 'Slack explains'],
  ] as const)('reads %d %s as a fault of %s', async (status, body, fault, hint) => {
    server.answer = () => ({ status, body });
    const refused = await refusal(hook().post(message, ports()));
    expect(refused).toMatchObject({
      message: `Slack refused a message: ${body}`,
      ...{ status, details: { id: body } },
    });
    expect(slackFault(refused)).toBe(fault);
    expect(refused.hint).toContain(hint);
  });

  it('that was posted to too often is limited in its rate, and not refused for a message', async () => {
    const headers = { 'retry-after': '0' };
    server.answer = () => ({ status: 429, headers, body: 'rate_limited' });
    const refused = await refusal(hook().post(message, ports()));
    expect(refused).toMatchObject({ code: 'E_VENDOR_RATE_LIMIT', status: 429 });
    expect(slackFault(refused)).toBe('passing');
  });

  it('takes an answer that names nothing by its status, and never shows the URL', async () => {
    for (const [status, fault] of [
      [503, 'passing'],
      [413, 'message'],
      [403, 'setup'],
    ] as const) {
      server.answer = () => ({ status, body: `<html>no ${webhookPath}</html>` });
      expect(slackFault(await refusal(hook().post(message, ports())))).toBe(fault);
    }
  });
});

it('needs one of the two ways, and prefers the bot', () => {
  expect(() => createSlack({ baseUrl: server.baseUrl, channel })).toThrow(
    expect.objectContaining({ code: 'E_SLACK_UNSET' }),
  );
  expect(createSlack({ ...server, channel }).mode).toBe('bot');
});

describe('pack', () => {
  it('keeps every block in order, 50 and 12,000 characters a message', () => {
    const blocks = [
      ...Array.from({ length: 120 }, (_, i) => section(`line ${i}`)),
      ...Array.from({ length: 9 }, (_, i) => section(`${i}`.repeat(2_900))),
    ];
    const packed = pack('all', blocks);
    expect(packed.flatMap((one) => one.blocks)).toEqual(blocks);
    for (const { blocks: some } of packed) expect(some.length).toBeLessThanOrEqual(50);
    expect(packed.length).toBe(3 + 2);
  });

  it('has a plain text with all that the blocks say', () => {
    expect(asPlainText({ text: 'short', blocks: [section('one'), section('two')] })).toEqual({
      text: 'one\ntwo',
      blocks: [],
    });
  });
});
