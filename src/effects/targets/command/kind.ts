/** What a team's own programs hand in as a kind of target. */
import type { TargetKind } from '../target-kind.ts';
import { commandErrors } from './error-codes.ts';

export const commandKind: TargetKind = {
  kind: 'command',
  name: 'your own programs',
  variables: { tokens: [], urls: [] },
  upcasters: [],
  errors: commandErrors,
  config: async () => (await import('./config.ts')).config,
  opener: () => import('./open.ts'),
  surveyor: async () => (await import('./survey.ts')).surveyor,
};
