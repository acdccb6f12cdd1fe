/** Commits that say anything, of any length, in a deploy (hostile-commits.ts). */
import { afterAll, beforeAll, it, vi } from 'vitest';

/** The gate of a worker knows the secrets of all tests before this one, and looks for each in megabytes: this has its own. */
beforeAll(() => void vi.resetModules());
afterAll(() => void vi.resetModules());

it('a deploy of hostile commits is settled and replays, whichever step repeats their words', async () => {
  const { settlesAndReplays } = await import('./hostile-commits.ts');
  await settlesAndReplays();
});
