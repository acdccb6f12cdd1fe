/** What hooks hand in as a kind of channel. */
import type { ChannelKind } from '../channel-kind.ts';
import type { HooksSettings } from './config.ts';
import { hookErrors } from './error-codes.ts';

export const hooksKind: ChannelKind<HooksSettings> = {
  name: 'hooks',
  title: 'Hooks',
  variables: { tokens: [], webhooks: [], urls: [] },
  named: (hooks) => ({
    tokens: hooks.flatMap(({ secret = [] }) => secret),
    webhooks: hooks.flatMap(({ urlFrom = [] }) => urlFrom),
  }),
  errors: hookErrors,
  schema: async () => (await import('./config.ts')).schema,
  opener: () => import('./open.ts'),
};
