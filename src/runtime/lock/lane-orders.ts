/** What people order for a lane: its switch off and on, its lock taken from a holder, a rollback given up. Each an event with who and why. */
import { UsageError } from '../../errors/error.ts';
import type { Lane, LaneEvent, Rollback } from '../../machine/lane.ts';
import { givenUp } from '../../machine/taken-back.ts';
import { type EventLog, type Fence, VersionConflict } from '../../store/log.ts';
import { personOf } from '../actor.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { laneResource, laneStream } from '../log/streams.ts';
import { readLane } from './lanes.ts';
import { hasRun } from './living-runs.ts';

/** False: it is so already, and nothing was written. */
export function switchLane(
  log: EventLog,
  lane: string,
  to: 'enabled' | 'disabled',
  run: Run,
  reason: string,
): Promise<boolean> {
  return ordered(log, lane, run, ({ disabled }) =>
    (disabled === null) === (to === 'enabled')
      ? { event: null, given: false }
      : { event: { type: `lane.${to}`, data: personOf(run.actor, reason) }, given: true },
  );
}

/**
 * Takes the lock from its holder, dead or alive: whatever that still does, it can record nothing
 * more and starts nothing more. Whoever is next waits until nothing is under way at the targets.
 *
 * @throws UsageError nobody holds it
 */
export function breakLock(
  log: EventLog,
  lane: string,
  run: Run,
  reason: string,
): Promise<{ readonly deploy: string; readonly token: number }> {
  return ordered(log, lane, run, ({ grant }) => {
    if (grant === null || grant.released) {
      throw new UsageError('E_NOT_LOCKED', `nobody holds the lock of lane ${lane}`, {
        hint: 'pipeline status shows what waits, and for what.',
      });
    }
    const { deploy, token } = grant;
    const event: LaneEvent = {
      type: 'lock.broken',
      data: { deploy, token, ...personOf(run.actor, reason) },
    };
    const release = { resource: laneResource(lane), token };
    return { event, given: { deploy, token }, release };
  });
}

/**
 * Gives up the rollback that was begun and that nothing ended. Where it made a release all the same, the gates find that.
 *
 * @throws UsageError there is none, or a run carries it out
 */
export function giveUpRollback(
  log: EventLog,
  lane: string,
  run: Run,
  reason: string,
): Promise<Rollback> {
  return ordered(log, lane, run, async ({ rollback: begun }) => {
    if (begun === null) {
      throw new UsageError(
        'E_NO_ROLLBACK',
        `lane ${lane} has no rollback that was begun and not ended`,
        {
          hint: 'pipeline status shows what holds production.',
        },
      );
    }
    if (await hasRun(log, begun.rollback)) {
      throw new UsageError('E_UNDER_WAY', `${begun.rollback} is under way: a run of it is alive`, {
        hint: 'Interrupt it where it runs. pipeline status shows when it has lost its run.',
      });
    }
    return { event: givenUp(begun, personOf(run.actor, reason)), given: begun };
  });
}

interface Order<T> {
  /** Null: nothing is to be written. */
  readonly event: LaneEvent | null;
  readonly given: T;
  /** A lease that goes with it. */
  readonly release?: Fence;
}

/**
 * Appends what is ordered of the lane as it is, and decides anew where somebody wrote to it meanwhile: whoever holds it, or
 * goes on with a rollback, joins it first.
 */
async function ordered<T>(
  log: EventLog,
  lane: string,
  run: Run,
  decide: (lane: Lane) => Order<T> | Promise<Order<T>>,
): Promise<T> {
  for (;;) {
    const now = await readLane(log, lane);
    const { event, given, release } = await decide(now);
    if (event === null) return given;
    try {
      await log.append(
        [{ stream: laneStream(lane), expected: now.version, events: [newEvent(event, run)] }],
        release === undefined ? {} : { release },
      );
      return given;
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
}
