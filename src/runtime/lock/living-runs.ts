/** Which deploys have a run that carries them on, by the leases that runs keep alive. */
import type { EventLog, Lease } from '../../store/log.ts';
import { isGone } from '../identity.ts';
import { runResource } from '../log/streams.ts';

const isAlive = (lease: Lease): boolean =>
  !lease.released && lease.expiresInMs > 0 && !isGone(lease.owner);

export async function hasRun(log: EventLog, deploy: string): Promise<boolean> {
  const lease = await log.lease(runResource(deploy));
  return lease !== null && isAlive(lease);
}

/** The deploys whose run is alive, as far as leases and this host's processes tell. */
export async function livingRuns(log: EventLog): Promise<ReadonlySet<string>> {
  const prefix = runResource('');
  const leases = await log.leases(prefix, { held: true });
  return new Set(leases.filter(isAlive).map(({ resource }) => resource.slice(prefix.length)));
}
