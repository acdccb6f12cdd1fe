/** Slack as a channel, by a bot and by a webhook. */
import { createSlackChannel } from '../../src/effects/channels/slack/channel.ts';
import { createSlack } from '../../src/effects/channels/slack/slack.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { blockText, startSlack } from '../effects/channels/slack/server.ts';
import { type ChannelUnderTest, describeChannel } from './contract.ts';

const failures = {
  passing: { status: 503, body: 'unwell' },
  setup: { status: 403, body: 'invalid_token' },
  message: { status: 400, body: 'something_new' },
};

async function open(mode: 'bot' | 'webhook'): Promise<ChannelUnderTest> {
  const server = await startSlack();
  const { baseUrl, webhookUrl, botToken, http } = server;
  const way = mode === 'bot' ? { botToken } : { webhookUrl };
  return {
    http,
    channel: () =>
      createSlackChannel({
        slack: createSlack({ baseUrl, channel: '#alerts-deploy', ...way }),
        oncall: '<!subteam^S0ONCALL>',
        clock: systemClock,
      }),
    arrived: () =>
      server.messages
        .filter(({ method }) => method !== 'update')
        .map(({ body }) => [body.text, ...(body.blocks ?? []).map(blockText)].join('\n')),
    fail(how) {
      server.answer = () => {
        if (how === null) return null;
        const refused = { ok: false, error: failures[how].body };
        return mode === 'bot' && how !== 'passing' ? { body: refused } : failures[how];
      };
    },
    close: () => server.close(),
  };
}

describeChannel('a bot of Slack', () => open('bot'));
describeChannel('a webhook of Slack', () => open('webhook'));
