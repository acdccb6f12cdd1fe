/** What people order for a lane: its switch off and on, its lock taken from a holder, a rollback given up. Each an event with who and why. */
import { UsageError } from '../../errors/error.ts';
import type { LaneEvent, Rollback } from '../../machine/lane.ts';
import { givenUp } from '../../machine/taken-back.ts';
import { type EventLog, VersionConflict } from '../../store/log.ts';
import { personOf } from '../actor.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { laneResource, laneStream } from '../log/streams.ts';
import { readLane } from './lanes.ts';
import { hasRun } from './living-runs.ts';

/** False: it is so already, and nothing was written. */
export async function switchLane(
  log: EventLog,
  lane: string,
  to: 'enabled' | 'disabled',
  run: Run,
  reason: string,
): Promise<boolean> {
  for (;;) {
    const { disabled, version } = await readLane(log, lane);
    if ((disabled === null) === (to === 'enabled')) return false;
    const event: LaneEvent = { type: `lane.${to}`, data: personOf(run.actor, reason) };
    try {
      await log.append([
        { stream: laneStream(lane), expected: version, events: [newEvent(event, run)] },
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
}

/**
 * Takes the lock from its holder, dead or alive: whatever that still does, it can record nothing
 * more and starts nothing more. Whoever is next waits until nothing is under way at the targets.
 *
 * @throws UsageError nobody holds it
 */
export async function breakLock(
  log: EventLog,
  lane: string,
  run: Run,
  reason: string,
): Promise<{ readonly deploy: string; readonly token: number }> {
  for (;;) {
    const { grant, version } = await readLane(log, lane);
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
    try {
      await log.append(
        [{ stream: laneStream(lane), expected: version, events: [newEvent(event, run)] }],
        { release: { resource: laneResource(lane), token } },
      );
      return { deploy, token };
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
}

/**
 * Gives up the rollback that was begun and that nothing ended. Where it made a release all the same, the gates find that.
 *
 * @throws UsageError there is none, or a run carries it out
 */
export async function giveUpRollback(
  log: EventLog,
  lane: string,
  run: Run,
  reason: string,
): Promise<Rollback> {
  const { actor, observed } = personOf(run.actor, reason);
  for (;;) {
    const { rollback: begun, version } = await readLane(log, lane);
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
    const event = givenUp(begun, `given up by ${actor} (${observed}): ${reason}`);
    try {
      // Whoever goes on with it meanwhile joins the lane first.
      await log.append([
        { stream: laneStream(lane), expected: version, events: [newEvent(event, run)] },
      ]);
      return begun;
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
}
