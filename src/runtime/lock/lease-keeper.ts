/** Keeps a run's leases alive by heartbeat, and tells when one is no longer its own. */
import type { Clock } from '../../effects/clock.ts';
import { LockstepError } from '../../errors/error.ts';
import { type EventLog, type Fence, StoreReplaced } from '../../store/log.ts';

/** Another run was given what this one held. It must write nothing more. */
export class Overtaken extends LockstepError {
  constructor(
    resource: string,
    what = `this run was overtaken: ${resource} was given to another run`,
  ) {
    super('E_OVERTAKEN', what, {
      hint: 'Nothing more was started or written. `pipeline status` shows who holds it now.',
      details: { resource },
    });
  }
}

/**
 * This run did not prolong its lease in time: it was stopped, or the store did not answer. Nobody
 * has overtaken it yet, but what it read of the world may be as old as that.
 */
export class Lapsed extends LockstepError {
  constructor(resource: string) {
    super(
      'E_LAPSED',
      `this run let its lease of ${resource} run out: it was stopped for too long`,
      {
        hint: 'Nothing more was started or written. The same command again goes on, and checks all anew.',
        details: { resource },
      },
    );
  }
}

export interface LeaseKeeper {
  hold(fence: Fence): void;
  /** The lease that is kept alive over a resource, if one is. */
  held(resource: string): Fence | null;
  /** Stops prolonging a lease, without giving it back. */
  drop(resource: string): void;
  /** Prolongs everything now. @throws Overtaken, Lapsed */
  assertHeld(): Promise<void>;
  /** Aborts, with an `Overtaken`, a `Lapsed` or a `StoreReplaced` as its reason, when a lease is lost. */
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
  const held = new Map<string, { readonly fence: Fence; keptAt: number }>();
  const stopped = new AbortController();
  const lost = new AbortController();

  const lose = (reason: unknown): never => {
    lost.abort(reason);
    throw lost.signal.reason;
  };

  const assertHeld = async (): Promise<void> => {
    if (lost.signal.aborted) throw lost.signal.reason;
    for (const lease of [...held.values()]) {
      const { fence } = lease;
      const askedAt = clock.now();
      const kept = await log.renew(fence, leaseMs);
      // Dropped while we asked: it was given back on purpose.
      if (held.get(fence.resource) !== lease) continue;
      if (!kept) lose(new Overtaken(fence.resource));
      lease.keptAt = Math.max(lease.keptAt, askedAt);
    }
    for (const { fence, keptAt } of held.values()) {
      if (clock.now() - keptAt >= leaseMs) lose(new Lapsed(fence.resource));
    }
  };

  const beat = async (): Promise<void> => {
    while (!stopped.signal.aborted && !lost.signal.aborted) {
      await clock.sleep(Math.floor(leaseMs / beatsPerLease), stopped.signal);
      // A process that was stopped for longer than its lease: what it knows of the world is old.
      for (const { fence, keptAt } of held.values()) {
        if (clock.now() - keptAt >= leaseMs) lose(new Lapsed(fence.resource));
      }
      // A store that does not answer is asked again: the lease has beats to spare.
      await assertHeld().catch((error: unknown) => {
        if (error instanceof StoreReplaced) lose(error);
      });
    }
  };
  beat().catch(() => {});

  return {
    held: (resource) => held.get(resource)?.fence ?? null,
    hold: (fence) => void held.set(fence.resource, { fence, keptAt: clock.now() }),
    drop: (resource) => void held.delete(resource),
    assertHeld,
    lost: lost.signal,
    stop: () => stopped.abort(),
  };
}
