/** What is under way at a target is over first: before a lane is taken from a dead holder, and before a canary is taken back. */
import { unseenMaxMs } from '../../effects/lost-replies.ts';
import type { Ports } from '../../effects/ports.ts';
import type { Target, Targets } from '../../effects/targets/target.ts';
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import { environmentsOf } from '../../machine/environments.ts';
import type { Environment, EnvironmentName, TargetSettings } from '../../machine/events.ts';
import { targetName } from '../../machine/lane.ts';
import type { LeftBehind } from '../../machine/left-behind.ts';
import type { Asked } from '../../machine/services.ts';

const pollMs = 5_000;

/** A target that has to have nothing under way. */
export interface Quiet {
  readonly target: Target;
  /** How old what is under way there has to be to be called stuck; null: never. */
  readonly stuckAfterMs: number | null;
  /** What may be under way there by what a deploy's events say. */
  readonly asked: readonly Asked[];
  /** It may have been asked for more, which no event names. */
  readonly mayHaveMore: boolean;
}

/**
 * Work that is under way at staging is stuck past twice its time-out: whoever began it gave up on it long ago, and what
 * it puts there is verified like anything else. Production's, and its canary's, never is: what is released late stays.
 *
 * @param left by who held the lane before; null: nothing tells what that may have asked for
 */
export function quietOf(
  settings: Readonly<Record<EnvironmentName, Pick<Environment, 'target' | 'timeoutMs'> | null>>,
  targets: Targets,
  left: LeftBehind | null,
): readonly Quiet[] {
  return environmentsOf(settings).map(({ name, environment: { target, timeoutMs } }) => ({
    target: targets(target),
    stuckAfterMs: name === 'staging' ? 2 * timeoutMs : null,
    asked: askedOf(target, left?.asked ?? []),
    mayHaveMore: left === null || left.unnamed.some((other) => isSamePlace(other, target)),
  }));
}

/** What of it that target was asked for. */
export const askedOf = (place: TargetSettings, asked: readonly Asked[]): readonly Asked[] =>
  asked.filter(({ target }) => isSamePlace(target, place));

const isSamePlace = (one: TargetSettings, other: TargetSettings): boolean =>
  targetName(one) === targetName(other);

/**
 * Resolves when none of the targets has anything under way. A vendor takes no fencing
 * token, so a write that the dead holder sent has to come to its end before another one begins. What it may have asked
 * for in its last moments has half a minute to show itself.
 *
 * @param goneForMs how much of that half minute has passed: whoever waits is not always who began to
 * @throws E_RELEASE_UNDER_WAY the step's deadline has come, where it has one
 */
export async function quiesce(
  places: readonly Quiet[],
  ports: Ports,
  goneForMs = 0,
): Promise<void> {
  const shownUntil = ports.clock.ran() + unseenMaxMs - goneForMs;
  for (const { target, stuckAfterMs, asked, mayHaveMore } of places) {
    const place = target.settings.name;
    const told = new Set<string>();
    for (;;) {
      const mayShow = ports.clock.ran() < shownUntil;
      const pending = await target.underWay(asked, ports);
      const isStuck = ({ ageMs }: { ageMs: number }) =>
        stuckAfterMs !== null && ageMs > stuckAfterMs;
      for (const { name, ageMs } of pending.filter(isStuck)) {
        if (told.has(name)) continue;
        told.add(name);
        ports.progress(
          `${place}: ${name} has been pending for ${formatDuration(ageMs)}; it is stuck, and not waited for`,
        );
      }
      const alive = pending.filter((one) => !isStuck(one) && (one.isSeen || mayShow));
      if (alive.length === 0 && !(mayHaveMore && mayShow)) break;
      const words = alive.map(({ name, ageMs }) => `${name} (${formatDuration(ageMs)})`);
      if (ports.clock.ran() >= (ports.deadlineMs ?? Number.POSITIVE_INFINITY)) {
        throw stillUnderWay(target, words.join(', '));
      }
      ports.progress(
        alive.length === 0
          ? `${place} may have been asked for something just now, which does not show yet; waiting`
          : `${place} still has under way: ${words.join(', ')}; waiting`,
      );
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
