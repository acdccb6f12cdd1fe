/** Who goes on where a deploy has ended: for people, and only as far as the lane's stream and leases tell. */
import type { EventLog } from '../../store/log.ts';
import { unlessUnreadable } from '../log/recorded.ts';
import { readLane } from './lanes.ts';
import { livingRuns } from './living-runs.ts';

/**
 * Of the other deploys whose run is alive: the one that has the lane; if none has, of those that wait, with `skip` the one that
 * joined last, for it has most of what ships, and with `every` the one that joined first. Null: there is none, or a newer
 * version wrote to the lane.
 */
export async function followerOf(
  log: EventLog,
  { lane: name, deploy, stacking }: { lane: string; deploy: string; stacking: 'skip' | 'every' },
): Promise<{ readonly deploy: string; readonly build: string } | null> {
  const read = await readLane(log, name).catch(unlessUnreadable);
  if (read === null) return null;
  const { grant, waiting } = read;
  const alive = await livingRuns(log);
  const has =
    grant !== null && !grant.released && grant.deploy !== deploy && alive.has(grant.deploy);
  if (has) return { deploy: grant.deploy, build: grant.build };
  const others = waiting.filter((one) => one.deploy !== deploy && alive.has(one.deploy));
  const next = stacking === 'skip' ? others.at(-1) : others.at(0);
  return next === undefined ? null : { deploy: next.deploy, build: next.build };
}
