/** Somebody who acts, for tests in which it matters little who. */
import type { Actor } from '../src/runtime/actor.ts';

export const actorCalled = (claimed: string): Actor => ({
  claimed,
  observed: {
    ci: null,
    system: { user: 'ana', host: 'ws-7' },
    git: 'Ana Lima <ana@acme.test>',
    account: null,
  },
});

export const anActor = actorCalled('ana');
