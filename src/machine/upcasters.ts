/** Steps from what the program once wrote to today's events, as far as no kind of target is concerned. Pure. */
import type { Upcaster } from './upcasting.ts';

type Data = Parameters<Upcaster['data']>[0];

/** Before there were canaries, shares and a bake. */
const alone = (environment: unknown): object => ({
  ...(environment as object),
  shares: null,
  bakeMs: 0,
});

const withCanary = (settings: Data): Data => ({
  ...settings,
  staging: alone(settings.staging),
  canary: null,
  production: alone(settings.production),
});

export const upcasters: readonly Upcaster[] = [
  {
    from: { type: 'deploy.requested', schema: 2 },
    to: { type: 'deploy.requested', schema: 3 },
    data: (old) => ({ ...old, settings: withCanary(old.settings as Data) }),
  },
  {
    from: { type: 'canary.restored', schema: 1 },
    to: { type: 'canary.restored', schema: 2 },
    data: (old) => ({ ...old, stays: null }),
  },
  {
    // Before the gates saw a rollback that waits.
    from: { type: 'production.held', schema: 2 },
    to: { type: 'production.held', schema: 3 },
    data: (old) => old,
  },
];
