/** Opens a channel of Slack: by the bot's token, or by a webhook. */
import type { OpenedChannel, OpeningPorts } from '../channel-kind.ts';
import { Authors } from './authors.ts';
import { createSlackChannel } from './channel.ts';
import type { SlackSettings } from './config.ts';
import { createSlack } from './slack.ts';
import { botToken, slack as vendor, webhook } from './vendor.ts';

export function open(
  { channel, oncall, level, mentionAuthors, messages }: SlackSettings,
  values: Readonly<Record<string, string | null>>,
  { clock, emailOf }: Pick<OpeningPorts, 'clock' | 'emailOf'>,
): readonly OpenedChannel[] {
  const { [botToken]: token = null, [webhook]: webhookUrl = null } = values;
  if (token === null && webhookUrl === null) {
    return [{ name: vendor.id, title: vendor.name, unset: vendor.tokenVariable }];
  }
  const baseUrl = values[vendor.urlVariable] ?? '';
  const slack = createSlack({ baseUrl, channel, botToken: token, webhookUrl });
  return [
    createSlackChannel({
      ...{ slack, clock, level, templates: messages },
      oncall: oncall ?? null,
      authors: mentionAuthors ? new Authors({ slack, emailOf }) : null,
    }),
  ];
}
