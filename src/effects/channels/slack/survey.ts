/** What a check-up asks of Slack: whether the token is one, whether the channel takes messages, whether on-call is called. */
import { z } from 'zod';
import { type Diagnosis, type Finding, ok, unknown, warning } from '../../diagnosis.ts';
import { sendForJson } from '../../http/answers.ts';
import type { Ports } from '../../ports.ts';
import type { ChannelSurveyor } from '../channel-kind.ts';
import type { SlackSettings } from './config.ts';
import { apiUrl } from './slack.ts';
import { botToken, slack, webhook } from './vendor.ts';

export const surveyor: ChannelSurveyor<SlackSettings> = {
  diagnose(settings, values, _, ports) {
    const { [botToken]: token = null, [webhook]: webhookUrl = null } = values;
    const { [slack.urlVariable]: baseUrl = '' } = values;
    if (token === null) return [withoutToken(webhookUrl !== null)];
    const api = new Asked(apiUrl(baseUrl ?? ''), token, ports);
    return [channel(api, settings), oncall(api, settings)];
  },
};

const id = 'slack.channel';
const subject = 'the Slack channel';
const why = 'Whoever is to know of a deploy is told there. A deploy goes on without it.';

const withoutToken = (hasWebhook: boolean): Diagnosis => ({
  id,
  subject,
  why,
  look: async () => [
    hasWebhook
      ? unknown(
          `${webhook} is set: a webhook cannot be asked without posting`,
          `With ${botToken} the channel and on-call can be looked up.`,
        )
      : warning(
          `neither ${botToken} nor ${webhook} is set: nobody is told`,
          'Set one of them, here and in the CI, or take notify.slack out of pipeline.yml.',
        ),
  ],
});

const answerSchema = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  needed: z.string().optional(),
  channels: z
    .array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        is_archived: z.boolean().optional(),
        is_member: z.boolean().optional(),
      }),
    )
    .optional(),
  usergroups: z
    .array(
      z.looseObject({ id: z.string(), handle: z.string(), date_delete: z.number().optional() }),
    )
    .optional(),
  response_metadata: z.looseObject({ next_cursor: z.string().optional() }).optional(),
});
type Answer = z.infer<typeof answerSchema>;

const pagesMax = 20;

/** Methods that read. */
class Asked {
  readonly #url: string;
  readonly #token: string;
  readonly #ports: Ports;

  constructor(url: string, token: string, ports: Ports) {
    this.#url = url;
    this.#token = token;
    this.#ports = ports;
  }

  ask(method: string, query: Readonly<Record<string, string>>): Promise<Answer> {
    const { http, signal } = this.#ports;
    return sendForJson(
      http,
      {
        vendor: slack,
        method: 'GET',
        url: `${this.#url}/${method}?${new URLSearchParams(query)}`,
        headers: { authorization: `Bearer ${this.#token}` },
        signal,
      },
      answerSchema,
    );
  }

  /** The channel by its name or id; null: there is none among those that the token sees. */
  async channel(named: string): Promise<NonNullable<Answer['channels']>[number] | Answer | null> {
    const name = named.replace(/^#/, '');
    let cursor = '';
    for (let page = 0; page < pagesMax; page++) {
      const query = { types: 'public_channel,private_channel', limit: '1000', cursor };
      const answer = await this.ask('conversations.list', query);
      if (!answer.ok) return answer;
      const found = answer.channels?.find((one) => one.name === name || one.id === name);
      if (found !== undefined) return found;
      cursor = answer.response_metadata?.next_cursor ?? '';
      if (cursor === '') return null;
    }
    return { ok: false, error: 'too many channels' };
  }
}

/** What a refusal means for what was asked. */
function refused({ error = 'no reason', needed }: Answer): Finding {
  if (
    ['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired'].includes(
      error,
    )
  ) {
    return warning(
      `Slack does not take the token in ${botToken} (${error}): nobody is told`,
      'Copy the bot’s token anew from the app’s page, “OAuth & Permissions”.',
    );
  }
  if (error === 'missing_scope') {
    return unknown(
      `the token may not look it up (it lacks ${needed ?? 'a scope'})`,
      'Not needed for messages. To have it checked, add the scope to the app and install it again.',
    );
  }
  return unknown(`Slack did not say (${error})`);
}

const channel = (api: Asked, { channel: named }: SlackSettings): Diagnosis => ({
  id,
  subject,
  why,
  async look() {
    const found = await api.channel(named);
    if (found === null) {
      return [
        warning(
          `there is no channel ${named} that the bot sees`,
          'Mend notify.slack.channel. A private channel is seen once the bot is invited: /invite @BOT',
        ),
      ];
    }
    if ('ok' in found) return [refused(found as Answer)];
    if (found.is_archived === true) {
      return [warning(`${named} is archived`, 'Name another channel in notify.slack.channel.')];
    }
    if (found.is_member === false) {
      return [
        warning(
          `the bot is not in ${named}`,
          'Invite it there (/invite @BOT), or give the app the scope chat:write.public.',
        ),
      ];
    }
    return [ok(`the bot is in ${named}`)];
  },
});

const oncall = (api: Asked, { oncall: handle }: SlackSettings): Diagnosis => ({
  id: 'slack.oncall',
  subject: 'whoever is on call, in Slack',
  why: 'A failed deploy is to call somebody. Slack calls nobody by a handle that it does not know.',
  async look() {
    const groups = [...(handle ?? '').matchAll(/<!subteam\^(S[A-Z0-9]+)/g)].map(
      ([, group]) => group,
    );
    if (handle === undefined) {
      return [
        warning(
          'nobody is: notify.slack.oncall is not set',
          "Set it: oncall: '<!subteam^S0123ABCD>'",
        ),
      ];
    }
    if (groups.length === 0) return [ok(`${handle}, which is not looked up`)];
    const answer = await api.ask('usergroups.list', { include_disabled: 'true' });
    if (!answer.ok) return [refused(answer)];
    return groups.map((group = '') => {
      const found = answer.usergroups?.find((one) => one.id === group);
      if (found === undefined) {
        return warning(`Slack has no user group ${group}`, 'Copy its id from the group’s page.');
      }
      return (found.date_delete ?? 0) > 0
        ? warning(`the user group @${found.handle} is disabled`, 'Enable it, or name another one.')
        : ok(`@${found.handle}`);
    });
  },
});
