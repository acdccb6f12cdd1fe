/** What is under way at a target is over first: before a lane is taken from a dead holder, and before a canary is taken back. */
import type { Ports } from '../../effects/ports.ts';
import type { Target, Targets } from '../../effects/targets/target.ts';
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import { environmentsOf } from '../../machine/environments.ts';
import type { Environment, EnvironmentName } from '../../machine/events.ts';

const pollMs = 5_000;

/** A target, and how old what is under way there has to be to be called stuck; null: never. */
export interface Quiet {
  readonly target: Target;
  readonly stuckAfterMs: number | null;
}

/**
 * Work that is under way at staging is stuck past twice its time-out: whoever began it gave up on it long ago, and what
 * it puts there is verified like anything else. Production's, and its canary's, never is: what is released late stays.
 */
export function quietOf(
  settings: Readonly<Record<EnvironmentName, Pick<Environment, 'target' | 'timeoutMs'> | null>>,
  targets: Targets,
): readonly Quiet[] {
  return environmentsOf(settings).map(({ name, environment }) => ({
    target: targets(environment.target),
    stuckAfterMs: name === 'staging' ? 2 * environment.timeoutMs : null,
  }));
}

/**
 * Resolves when none of the targets has anything under way. A vendor takes no fencing
 * token, so a write that the dead holder sent has to come to its end before another one begins.
 *
 * @throws E_RELEASE_UNDER_WAY the step's deadline has come, where it has one
 */
export async function quiesce(places: readonly Quiet[], ports: Ports): Promise<void> {
  for (const { target, stuckAfterMs } of places) {
    const place = target.settings.name;
    const told = new Set<string>();
    for (;;) {
      const pending = await target.underWay(ports);
      const isStuck = ({ ageMs }: { ageMs: number }) =>
        stuckAfterMs !== null && ageMs > stuckAfterMs;
      for (const { name, ageMs } of pending.filter(isStuck)) {
        if (told.has(name)) continue;
        told.add(name);
        ports.progress(
          `${place}: ${name} has been pending for ${formatDuration(ageMs)}; it is stuck, and not waited for`,
        );
      }
      const alive = pending.filter((one) => !isStuck(one));
      if (alive.length === 0) break;
      const words = alive.map(({ name, ageMs }) => `${name} (${formatDuration(ageMs)})`);
      if (ports.clock.ran() >= (ports.deadlineMs ?? Number.POSITIVE_INFINITY)) {
        throw stillUnderWay(target, words.join(', '));
      }
      ports.progress(`${place} still has under way: ${words.join(', ')}; waiting`);
      await ports.clock.sleep(pollMs, ports.signal);
    }
  }
}

function stillUnderWay({ settings: { name }, hints }: Target, what: string): LockstepError {
  return new LockstepError('E_RELEASE_UNDER_WAY', `${name} still has under way: ${what}`, {
    hint: `See what it waits for: ${hints.releases}. Nothing is released to ${name} until it is over.`,
    details: { target: name },
  });
}
