/** Keeps a run's leases alive by heartbeat, and tells when one is no longer its own. */
import type { Clock } from '../effects/ports.ts';
import { LockstepError } from '../errors.ts';
import type { EventLog, Fence } from '../store/log.ts';

/** Another run was given what this one held. It must write nothing more. */
export class Overtaken extends LockstepError {
  constructor(resource: string) {
    super('E_OVERTAKEN', `this run was overtaken: ${resource} was given to another run`, {
      hint: 'Nothing more was started or written. `pipeline status` shows who holds it now.',
      details: { resource },
    });
  }
}

export interface LeaseKeeper {
  hold(fence: Fence): void;
  /** The lease that is kept alive over a resource, if one is. */
  held(resource: string): Fence | null;
  /** Stops prolonging a lease, without giving it back. */
  drop(resource: string): void;
  /** Prolongs everything now. @throws Overtaken */
  assertHeld(): Promise<void>;
  /** Aborts, with an `Overtaken` as its reason, when a lease is lost. */
  readonly lost: AbortSignal;
  stop(): void;
}

/** How many heartbeats fit into a lease. */
const beatsPerLease = 3;

export function createLeaseKeeper(options: {
  log: EventLog;
  clock: Clock;
  leaseMs: number;
}): LeaseKeeper {
  const { log, clock, leaseMs } = options;
  const held = new Map<string, Fence>();
  const stopped = new AbortController();
  const lost = new AbortController();

  const assertHeld = async (): Promise<void> => {
    if (lost.signal.aborted) throw lost.signal.reason;
    for (const fence of [...held.values()]) {
      const kept = await log.renew(fence, leaseMs);
      // Dropped while we asked: it was given back on purpose.
      if (kept || held.get(fence.resource) !== fence) continue;
      const overtaken = new Overtaken(fence.resource);
      lost.abort(overtaken);
      throw overtaken;
    }
  };

  const beat = async (): Promise<void> => {
    let lastKeptAt = clock.now();
    while (!stopped.signal.aborted && !lost.signal.aborted) {
      await clock.sleep(Math.floor(leaseMs / beatsPerLease), stopped.signal);
      try {
        await assertHeld();
        lastKeptAt = clock.now();
      } catch (error) {
        if (lost.signal.aborted) return;
        // The store does not answer. Past the lease, others may think us dead: stop before they act on it.
        if (clock.now() - lastKeptAt >= leaseMs) lost.abort(error);
      }
    }
  };
  beat().catch(() => {});

  return {
    held: (resource) => held.get(resource) ?? null,
    hold: (fence) => void held.set(fence.resource, fence),
    drop: (resource) => void held.delete(resource),
    assertHeld,
    lost: lost.signal,
    stop: () => stopped.abort(),
  };
}
