/** A write whose reply was lost may have been carried out: this looks for it before it is sent again. */

import {
  ClearanceExpired,
  VendorMalformed,
  VendorRefused,
  VendorUnreachable,
} from './http/errors.ts';
import type { ClearedPorts, Ports, StepPorts } from './ports.ts';

/** The pauses before each look after a lost reply, for lists lag behind writes. */
const lookPausesMs = [1_000, 2_000, 4_000, 8_000, 15_000];
/** What does not show within half a minute of being asked for was never carried out. */
export const unseenMaxMs = lookPausesMs.reduce((sum, pause) => sum + pause, 0);
/** The pauses where an earlier run may have sent it: that run's end is seconds away at the least. */
const deadRunPausesMs = [1_000, 2_000, 2_000];
/** After so many lost replies a write is given up. Between two sends it is looked for. */
const lostRepliesMax = 2;
/** How long a clearance of a write counts, from right before the first look that it rests on. */
const clearanceMs = 15_000;
/** A write that never left this machine may be tried more often. */
const attemptsMax = 5;
const unsentPauseMs = 5_000;

export interface OnceOnlyWrite<T, R> {
  /** In words, for those who watch: `the build`. */
  readonly what: string;
  /** What an earlier send made; null when there is nothing of it. Reads only. */
  readonly look: () => Promise<T | null>;
  /** Awaited before that: what may take long and says nothing of whether it may be sent. */
  readonly prepare?: () => Promise<void>;
  /** Awaited right before each send: what forbids it, or null. */
  readonly clear: () => Promise<R | null>;
  readonly send: (ports: ClearedPorts) => Promise<T>;
}

export type Written<T, R> =
  | { readonly kind: 'written'; readonly value: T; readonly adopted: boolean }
  | { readonly kind: 'refused'; readonly refusal: R };

/**
 * Looks whether it is written already, asks whether it may, then sends. Where an earlier run may have
 * sent it just before it died, the first look is a long one. After a lost reply it looks again, several
 * times, before it sends a second time; a second lost reply is the end.
 *
 * A refusal is told only after one more look: what forbids the write may be what an earlier send of
 * it made (production has this commit already: from this very deploy).
 *
 * A clearance is believed for 15 seconds: a send that is held up for longer is cleared anew.
 *
 * @throws what `look` and `clear` throw; what `send` threw, once it is clear that it made nothing
 */
export async function writeOnce<T, R>(
  ports: StepPorts,
  { what, look, prepare, clear, send }: OnceOnlyWrite<T, R>,
): Promise<Written<T, R>> {
  const earlier =
    (await look()) ?? (ports.again === true ? await lookLong(ports, look, deadRunPausesMs) : null);
  if (earlier !== null) return { kind: 'written', value: earlier, adopted: true };
  let lostReplies = 0;
  for (let attempt = 1; ; attempt++) {
    await prepare?.();
    const clearedAt = ports.clock.now();
    const refusal = await clear();
    if (refusal !== null) {
      const made = await look();
      if (made === null) return { kind: 'refused', refusal };
      return { kind: 'written', value: made, adopted: true };
    }
    try {
      const value = await send({ ...ports, clearedUntilMs: clearedAt + clearanceMs });
      return { kind: 'written', value, adopted: false };
    } catch (error) {
      ports.signal.throwIfAborted();
      if (error instanceof ClearanceExpired && attempt < attemptsMax) continue;
      const made = await lookAfter(error, ports, what, look);
      if (made !== null) return { kind: 'written', value: made, adopted: true };
      if (mayHaveHappened(error)) lostReplies += 1;
      else if (!(error instanceof VendorUnreachable)) throw error;
      else await ports.clock.sleep(unsentPauseMs, ports.signal);
      if (lostReplies === lostRepliesMax || attempt === attemptsMax) throw error;
      ports.progress(`there is no sign of ${what}; asking for it once more`);
    }
  }
}

async function lookAfter<T>(
  error: unknown,
  ports: Ports,
  what: string,
  look: () => Promise<T | null>,
): Promise<T | null> {
  // A conflict may be with what the first send made after all.
  if (error instanceof VendorRefused && [409, 422].includes(error.status)) return look();
  if (!mayHaveHappened(error)) return null;
  ports.progress(`the reply to ${what} was lost; looking whether it was made`);
  return lookLong(ports, look, lookPausesMs);
}

async function lookLong<T>(
  ports: Ports,
  look: () => Promise<T | null>,
  pausesMs: readonly number[],
): Promise<T | null> {
  for (const pauseMs of pausesMs) {
    await ports.clock.sleep(pauseMs, ports.signal);
    const made = await look();
    if (made !== null) return made;
  }
  return null;
}

/** No reply, one that says that the vendor stumbled, or one that cannot be understood. */
function mayHaveHappened(error: unknown): boolean {
  if (error instanceof VendorUnreachable) return error.sent;
  if (error instanceof VendorRefused) return error.status >= 500;
  return error instanceof VendorMalformed;
}
