/** Slack's channels and user groups, as `conversations.list` and `usergroups.list` show them to a bot. */

const creator = 'U0SANDBOX1';
const isoOf = 1_449_252_889;

/** Names of channels that are always there; of the last two, the bot is in neither. */
const names = ['alerts-deploy', 'deploys', 'read-only', 'archived', 'not-joined'] as const;

export const channels = names.map((name, i) => ({
  created: isoOf,
  creator,
  id: `C0LISTED0${i + 1}`,
  is_archived: name === 'archived',
  is_channel: true,
  is_ext_shared: false,
  is_general: false,
  is_group: false,
  is_im: false,
  is_member: name !== 'archived' && name !== 'not-joined',
  is_mpim: false,
  is_org_shared: false,
  is_pending_ext_shared: false,
  is_private: false,
  is_shared: false,
  name,
  name_normalized: name,
  num_members: 4,
  pending_shared: [],
  previous_names: [],
  purpose: { creator: '', last_set: 0, value: '' },
  topic: { creator: '', last_set: 0, value: '' },
  unlinked: 0,
}));

const group = (id: string, handle: string, deletedAt: number) => ({
  auto_provision: false,
  auto_type: null,
  created_by: creator,
  date_create: isoOf,
  date_delete: deletedAt,
  date_update: isoOf,
  deleted_by: null,
  description: '',
  enterprise_subteam_id: '',
  handle,
  id,
  is_external: false,
  is_subteam: true,
  is_usergroup: true,
  name: handle,
  prefs: { channels: [], groups: [] },
  team_id: 'T0SANDBOX1',
  updated_by: creator,
  user_count: 2,
});

export const usergroups = [group('S0ONCALL', 'oncall', 0), group('S0FORMER', 'former', isoOf)];
