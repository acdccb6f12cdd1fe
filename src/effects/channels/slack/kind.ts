/** What Slack hands in as a kind of channel. */
import type { ChannelKind } from '../channel-kind.ts';
import type { SlackSettings } from './config.ts';
import { slackErrors } from './error-codes.ts';
import { botToken, slack, webhook } from './vendor.ts';

export const slackKind: ChannelKind<SlackSettings> = {
  name: slack.id,
  title: slack.name,
  variables: {
    tokens: [{ name: botToken, use: 'messages: one a deploy, with a thread' }],
    webhooks: [{ name: webhook, use: 'messages, where there is no bot' }],
    urls: [{ name: slack.urlVariable, standard: 'https://slack.com/api', token: botToken }],
  },
  secretIn: /(?<=hooks\.slack\.com\/)[^\s"']+/gi,
  setup: {
    what: 'the Slack channel that is told',
    example: '#deploys',
    token: botToken,
    settings: (channel) => ({ channel }),
  },
  errors: slackErrors,
  schema: async () => (await import('./config.ts')).schema,
  opener: () => import('./open.ts'),
  surveyor: async () => (await import('./survey.ts')).surveyor,
};
