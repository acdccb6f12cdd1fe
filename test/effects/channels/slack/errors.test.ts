/** Slack's own names of what went wrong: whether another message may pass, and what a person does about it. */
import { describe, expect, it } from 'vitest';
import {
  faultOf,
  hintFor,
  type SlackFault,
} from '../../../../src/effects/channels/slack/errors.ts';

const token = /^Check SLACK_BOT_TOKEN: .+ OAuth & Permissions of the app\.$/;
const scope = /^Give the app the bot scope chat:write, install it again, .+ as SLACK_BOT_TOKEN\.$/;
const webhook = /^Check SLACK_WEBHOOK_URL: .+ Make a new one in the app’s settings\.$/;
const archived =
  /^#deploys is archived: name another one in notify\.slack\.channel, or unarchive it\.$/;
const restricted =
  /^Who may post in #deploys is restricted: let the app post there, or name another channel\.$/;
const passing = /^See https:\/\/slack-status\.com; what was not sent is sent later\.$/;

const known: readonly (readonly [string, SlackFault, RegExp])[] = [
  [
    'not_in_channel',
    'setup',
    /^Invite the bot: .+ in #deploys, or give it the scope chat:write\.public\.$/,
  ],
  [
    'channel_not_found',
    'setup',
    /^Check notify\.slack\.channel in pipeline\.yml \(#deploys\); a private channel has to invite the bot first\.$/,
  ],
  ['is_archived', 'setup', archived],
  ['channel_is_archived', 'setup', archived],
  ['invalid_auth', 'setup', token],
  ['not_authed', 'setup', token],
  ['account_inactive', 'setup', token],
  ['token_revoked', 'setup', token],
  ['token_expired', 'setup', token],
  ['not_allowed_token_type', 'setup', scope],
  ['missing_scope', 'setup', scope],
  ['no_permission', 'setup', scope],
  ['no_service', 'setup', webhook],
  ['no_service_id', 'setup', webhook],
  ['no_active_hooks', 'setup', webhook],
  ['no_team', 'setup', webhook],
  ['invalid_token', 'setup', webhook],
  ['team_disabled', 'setup', webhook],
  ['action_prohibited', 'setup', restricted],
  ['restricted_action', 'setup', restricted],
  ['restricted_action_read_only_channel', 'setup', restricted],
  ['restricted_action_thread_only_channel', 'setup', restricted],
  ['posting_to_general_channel_denied', 'setup', restricted],
  ['fatal_error', 'passing', passing],
  ['ratelimited', 'passing', passing],
  ['service_unavailable', 'passing', passing],
  [
    'thread_not_found',
    'thread',
    /^Slack explains thread_not_found at https:\/\/docs\.slack\.dev\//,
  ],
  ['access_denied', 'setup', /^Slack explains access_denied at https:\/\/docs\.slack\.dev\//],
  ['msg_too_long', 'message', /^Slack explains msg_too_long at https:\/\/docs\.slack\.dev\//],
];

describe('what Slack refuses', () => {
  it.each(known)('as %s is a matter of the %s', (name, fault, hint) => {
    expect(faultOf(name, 200)).toBe(fault);
    expect(hintFor(name, '#deploys')).toMatch(hint);
  });

  it('names no channel where none is known', () => {
    expect(hintFor('restricted_action', null)).toContain(
      'Who may post in the channel is restricted',
    );
  });

  it.each<[number, SlackFault]>([
    [200, 'message'],
    [400, 'message'],
    [401, 'setup'],
    [403, 'setup'],
    [404, 'setup'],
    [410, 'setup'],
    [413, 'message'],
    [429, 'passing'],
    [499, 'message'],
    [500, 'passing'],
    [503, 'passing'],
  ])('by status %d alone is a matter of the %s', (status, fault) => {
    expect(faultOf(null, status)).toBe(fault);
    expect(faultOf('something_new', status)).toBe(fault);
    expect(faultOf('is_archived', status)).toBe('setup');
  });
});
