/** Slack's own clients, over real connections, at Slack's stand-in. */
import { LogLevel, WebClient } from '@slack/web-api';
import { IncomingWebhook } from '@slack/webhook';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSlack, type SlackStandIn } from '../../../src/sandbox/slack/slack.ts';
import { type ServedStandIn, serveStandIn, standInOptions } from '../stand-in-server.ts';

const hook = '/services/T0SANDBOX/B0SANDBOX/secret';
let slack: SlackStandIn;
let served: ServedStandIn;
beforeEach(async () => {
  slack = createSlack(standInOptions(hook));
  served = await serveStandIn(slack);
});
afterEach(() => served.close());

const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};
const client = (token = slack.botToken) =>
  new WebClient(token, {
    slackApiUrl: `${served.url}/api/`,
    retryConfig: { retries: 0 },
    logger: silent,
  });
const text = (words: string) => ({ type: 'mrkdwn' as const, text: words });

it('@slack/webhook posts', async () => {
  const blocks = [{ type: 'section' as const, text: text('*Deployed*') }];
  const result = await new IncomingWebhook(served.url + hook).send({ text: 'Deployed', blocks });
  expect(result.text).toBe('ok');
  expect(slack.state().messages).toMatchObject([{ via: 'webhook', text: 'Deployed', blocks }]);
});

it('@slack/webhook sees what was refused', async () => {
  await expect(new IncomingWebhook(served.url + hook).send({ text: '' })).rejects.toThrow('400');
  const gone = new IncomingWebhook(`${served.url}/services/T0SANDBOX/B0ARCHIVED/secret`);
  await expect(gone.send({ text: 'a' })).rejects.toThrow('410');
});

it('@slack/web-api posts, answers in the thread, and updates', async () => {
  const chat = client().chat;
  const blocks = [{ type: 'header' as const, text: { type: 'plain_text' as const, text: 'Ship' } }];
  const parent = await chat.postMessage({ channel: '#deploys', text: 'Building & <b>', blocks });
  const { channel = '', ts = '' } = parent;
  await chat.postMessage({
    channel,
    text: 'staging is up',
    thread_ts: ts,
    reply_broadcast: true,
    attachments: [{ color: 'good', fallback: 'f', text: 'a' }],
  });
  const updated = await chat.update({ channel, ts, text: 'Live', blocks: [] });
  expect(updated).toMatchObject({ ok: true, channel, ts, text: 'Live' });
  expect(slack.state().messages).toMatchObject([
    { text: 'Live', blocks: [], edits: [{ text: 'Building & <b>', blocks }] },
    { thread_ts: ts, broadcast: true, attachments: [{ color: 'good' }] },
  ]);
});

it('@slack/web-api asks who it is', async () => {
  expect(await client().auth.test()).toMatchObject({ ok: true, team: 'Acme', user: 'deploybot' });
});

it('@slack/web-api sees Slack’s names of what went wrong', async () => {
  const { chat } = client();
  const refused = (error: string) => ({ data: { ok: false, error } });
  await expect(chat.postMessage({ channel: '#nowhere', text: 'a' })).rejects.toMatchObject(
    refused('channel_not_found'),
  );
  await expect(
    chat.postMessage({
      channel: '#deploys',
      text: 'a',
      blocks: [{ type: 'section', text: text('x'.repeat(3_001)) }],
    }),
  ).rejects.toMatchObject({
    data: {
      error: 'invalid_blocks',
      response_metadata: { messages: [expect.stringContaining('/blocks/0/text/text')] },
    },
  });
  await expect(client('xoxb-wrong').auth.test()).rejects.toMatchObject(refused('invalid_auth'));
});
