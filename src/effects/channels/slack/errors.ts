/** Slack's own names of what went wrong: what each means for the message, and how to mend it. */

/**
 * - `message`: Slack does not take this message as it is; another one may pass.
 * - `thread`: the message it belongs to is gone or cannot be answered or changed.
 * - `setup`: no message passes until a person mends something.
 * - `passing`: Slack is unwell; later it may pass.
 */
export type SlackFault = 'message' | 'thread' | 'setup' | 'passing';

const names: Readonly<Record<Exclude<SlackFault, 'message'>, readonly string[]>> = {
  setup: [
    'channel_not_found',
    'not_in_channel',
    'is_archived',
    'channel_is_archived',
    'restricted_action',
    'restricted_action_read_only_channel',
    'restricted_action_thread_only_channel',
    'posting_to_general_channel_denied',
    'action_prohibited',
    'not_authed',
    'invalid_auth',
    'invalid_token',
    'account_inactive',
    'token_revoked',
    'token_expired',
    'no_permission',
    'missing_scope',
    'not_allowed_token_type',
    'org_login_required',
    'ekm_access_denied',
    'team_added_to_org',
    'team_disabled',
    'team_access_not_granted',
    'access_denied',
    'two_factor_setup_required',
    'deprecated_endpoint',
    'method_deprecated',
    'no_service',
    'no_service_id',
    'no_active_hooks',
    'no_team',
  ],
  thread: [
    'thread_not_found',
    'message_not_found',
    'cannot_reply_to_message',
    'restricted_action_non_threadable_channel',
    'cant_update_message',
    'edit_window_closed',
    'update_failed',
    'is_inactive',
    'block_mismatch',
  ],
  passing: [
    'fatal_error',
    'internal_error',
    'request_timeout',
    'service_unavailable',
    'ratelimited',
    'rate_limited',
    'rollup_error',
    'external_channel_migrating',
  ],
};

/**
 * What a refusal under that name, with that status, means. What is not known to be of another kind
 * counts as `message`: it must not hold up the others.
 */
export function faultOf(name: string | null, status: number): SlackFault {
  const named = name === null ? null : faultNamed(name);
  if (named !== null) return named;
  if (status === 429 || status >= 500) return 'passing';
  return [401, 403, 404, 410].includes(status) ? 'setup' : 'message';
}

function faultNamed(name: string): SlackFault | null {
  for (const fault of ['setup', 'thread', 'passing'] as const) {
    if (names[fault].includes(name)) return fault;
  }
  return null;
}

/** What to do about it; `channel` as the configuration has it. */
export function hintFor(name: string, channel: string | null): string {
  const where = channel ?? 'the channel';
  switch (name) {
    case 'not_in_channel':
      return `Invite the bot: type /invite @<its name> in ${where}, or give it the scope chat:write.public.`;
    case 'channel_not_found':
      return `Check notify.slack.channel in pipeline.yml (${where}); a private channel has to invite the bot first.`;
    case 'is_archived':
    case 'channel_is_archived':
      return `${where} is archived: name another one in notify.slack.channel, or unarchive it.`;
    case 'invalid_auth':
    case 'not_authed':
    case 'account_inactive':
    case 'token_revoked':
    case 'token_expired':
      return 'Check SLACK_BOT_TOKEN: it is wrong, expired or revoked. Slack shows the current one under OAuth & Permissions of the app.';
    case 'not_allowed_token_type':
    case 'missing_scope':
    case 'no_permission':
      return 'Give the app the bot scope chat:write, install it again, and use its bot token (xoxb-…) as SLACK_BOT_TOKEN.';
    case 'no_service':
    case 'no_service_id':
    case 'no_active_hooks':
    case 'no_team':
    case 'invalid_token':
    case 'team_disabled':
      return 'Check SLACK_WEBHOOK_URL: the webhook was removed or its app was uninstalled. Make a new one in the app’s settings.';
    case 'action_prohibited':
    case 'restricted_action':
    case 'restricted_action_read_only_channel':
    case 'restricted_action_thread_only_channel':
    case 'posting_to_general_channel_denied':
      return `Who may post in ${where} is restricted: let the app post there, or name another channel.`;
    default:
      break;
  }
  if (faultNamed(name) === 'passing') {
    return 'See https://slack-status.com; what was not sent is sent later.';
  }
  return `Slack explains ${name} at https://docs.slack.dev/reference/methods/chat.postMessage#errors.`;
}
