/** What people order for a lane: its switch off and on, its lock taken from a holder. Each an event with who and why. */
import { UsageError } from '../../errors/error.ts';
import type { LaneEvent } from '../../machine/lane.ts';
import { type EventLog, VersionConflict } from '../../store/log.ts';
import { personOf } from '../actor.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { laneResource, laneStream } from '../log/streams.ts';
import { readLane } from './lanes.ts';

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
