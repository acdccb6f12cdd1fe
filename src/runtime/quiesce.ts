/** Before a lane is taken from a dead holder: what it had under way at Heroku is over first. */
import type { Heroku } from '../effects/heroku.ts';
import type { Ports } from '../effects/ports.ts';

const pollMs = 5_000;

/**
 * Resolves when none of the apps has a build or a release under way. A vendor takes no fencing
 * token, so a write that the dead holder sent has to come to its end before another one begins.
 */
export async function quiesce(
  heroku: Heroku,
  apps: readonly string[],
  ports: Ports,
): Promise<void> {
  for (const app of apps) {
    for (;;) {
      const { builds, releases } = await heroku.pendingWork(app, ports);
      if (builds === 0 && releases === 0) break;
      ports.progress(
        `${app} still has ${count(builds, 'build')} and ${count(releases, 'release')} under way; waiting`,
      );
      await ports.clock.sleep(pollMs, ports.signal);
    }
  }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
