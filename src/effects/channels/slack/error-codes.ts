/** Slack's part of the error catalogue. */
import type { ErrorEntries } from '../../../errors/entry.ts';

export const slackErrors = {
  E_SLACK_UNSET: {
    meaning: 'Slack is configured, and nothing says how to reach it.',
    remedy:
      'Set `SLACK_BOT_TOKEN` or `SLACK_WEBHOOK_URL`, or take `notify.slack` out of `pipeline.yml`.',
  },
  E_SLACK_WEBHOOK: {
    meaning:
      'A message was to be changed that was posted by a webhook, which cannot change what it posted.',
    remedy: 'Set `SLACK_BOT_TOKEN` for messages that are kept up to date.',
  },
  E_SLACK_REFUSED: {
    meaning: 'Slack refused a message. The deploy goes on.',
    remedy: 'The message has Slack’s own word for it, and the hint says what to change.',
  },
} as const satisfies ErrorEntries;

export type SlackCode = keyof typeof slackErrors;
