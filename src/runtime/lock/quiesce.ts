/** Before a lane is taken from a dead holder: what it had under way at Heroku is over first. */

import { spoken } from '../../effects/polling.ts';
import type { Ports } from '../../effects/ports.ts';
import type { Heroku } from '../../effects/targets/heroku/heroku.ts';

const pollMs = 5_000;

/** An app, and how old what is under way there has to be to be called stuck; null: never. */
export interface Quiet {
  readonly app: string;
  readonly stuckAfterMs: number | null;
}

/**
 * Staging's work is stuck past twice its time-out: whoever began it gave up on it long ago, and what it
 * puts there is verified like anything else. Production's never is: what is released there late stays.
 */
export function quietOf(settings: {
  readonly staging: { readonly app: string; readonly timeoutMs: number };
  readonly production: { readonly app: string };
}): readonly Quiet[] {
  const { staging, production } = settings;
  return [
    { app: staging.app, stuckAfterMs: 2 * staging.timeoutMs },
    { app: production.app, stuckAfterMs: null },
  ];
}

/**
 * Resolves when none of the apps has a build or a release under way. A vendor takes no fencing
 * token, so a write that the dead holder sent has to come to its end before another one begins.
 */
export async function quiesce(heroku: Heroku, apps: readonly Quiet[], ports: Ports): Promise<void> {
  for (const { app, stuckAfterMs } of apps) {
    const told = new Set<string>();
    for (;;) {
      const pending = await heroku.pendingWork(app, ports);
      const isStuck = ({ ageMs }: { ageMs: number }) =>
        stuckAfterMs !== null && ageMs > stuckAfterMs;
      for (const { kind, name, ageMs } of pending.filter(isStuck)) {
        if (told.has(name)) continue;
        told.add(name);
        ports.progress(
          `${app}: ${kind} ${name} has been pending for ${spoken(ageMs)}; it is stuck, and not waited for`,
        );
      }
      const alive = pending.filter((one) => !isStuck(one));
      if (alive.length === 0) break;
      const words = alive.map(({ kind, name, ageMs }) => `${kind} ${name} (${spoken(ageMs)})`);
      ports.progress(`${app} still has under way: ${words.join(', ')}; waiting`);
      await ports.clock.sleep(pollMs, ports.signal);
    }
  }
}
