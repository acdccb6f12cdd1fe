/** What Slack hands in as a kind of channel. */
import { z } from 'zod';
import type { ChannelKind } from '../channel-kind.ts';
import { createSlackChannel } from './channel.ts';
import { slackErrors } from './error-codes.ts';
import { createSlack } from './slack.ts';
import { slack } from './vendor.ts';

/**
 * One or several, with blanks between them: Slack calls nobody for a name that is written as people type it
 * (https://docs.slack.dev/messaging/formatting-message-text, "Mentioning").
 */
const slackMentions =
  /^<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>( +<(!here|!channel|!everyone|!subteam\^S[A-Z0-9]+(\|[^<>|]*)?|@[UW][A-Z0-9]+(\|[^<>|]*)?)>)*$/;

const schema = z.strictObject({
  channel: z.string().min(1),
  oncall: z
    .string()
    .regex(
      slackMentions,
      'what Slack notifies by: <!here> or <!channel>, <!subteam^S0123ABCD> for a group, <@U0123ABCD> for a person',
    )
    .optional()
    .describe('who is mentioned when something breaks, as Slack writes it: <!subteam^S0ONCALL>'),
});

const [botToken, webhook] = ['SLACK_BOT_TOKEN', 'SLACK_WEBHOOK_URL'] as const;

export const slackKind: ChannelKind<z.output<typeof schema>> = {
  name: slack.id,
  title: slack.name,
  schema,
  variables: {
    tokens: [botToken],
    webhooks: [webhook],
    urls: [{ name: slack.urlVariable, standard: 'https://slack.com/api', token: botToken }],
  },
  open({ channel, oncall }, values, { clock }) {
    const { [botToken]: token = null, [webhook]: webhookUrl = null } = values;
    if (token === null && webhookUrl === null) return null;
    const baseUrl = values[slack.urlVariable] ?? '';
    return createSlackChannel({
      slack: createSlack({ baseUrl, channel, botToken: token, webhookUrl }),
      oncall: oncall ?? null,
      clock,
    });
  },
  errors: slackErrors,
};
