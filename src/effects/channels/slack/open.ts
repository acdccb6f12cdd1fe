/** Opens a channel of Slack: by the bot's token, or by a webhook. */
import type { OpenedChannel, OpeningPorts } from '../channel-kind.ts';
import { createSlackChannel } from './channel.ts';
import type { SlackSettings } from './config.ts';
import { createSlack } from './slack.ts';
import { botToken, slack, webhook } from './vendor.ts';

export function open(
  { channel, oncall }: SlackSettings,
  values: Readonly<Record<string, string | null>>,
  { clock }: Pick<OpeningPorts, 'clock'>,
): readonly OpenedChannel[] {
  const { [botToken]: token = null, [webhook]: webhookUrl = null } = values;
  if (token === null && webhookUrl === null) {
    return [{ name: slack.id, title: slack.name, unset: slack.tokenVariable }];
  }
  const baseUrl = values[slack.urlVariable] ?? '';
  return [
    createSlackChannel({
      slack: createSlack({ baseUrl, channel, botToken: token, webhookUrl }),
      oncall: oncall ?? null,
      clock,
    }),
  ];
}
