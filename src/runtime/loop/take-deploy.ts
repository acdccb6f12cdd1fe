/** One run at a time carries a deploy: its lease, and how long another run's is waited for. */
import type { EventLog, Fence, Lease } from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { type Liveness, localLiveness } from '../lock/liveness.ts';
import { runResource } from '../log/streams.ts';

export interface TakeOptions {
  readonly deploy: string;
  readonly log: EventLog;
  readonly run: Run;
  readonly leaseMs: number;
  /** Aborts when the process is asked to end. */
  readonly interrupt: AbortSignal;
  readonly progress: (line: string) => void;
  /** Told what is waited for from now on, in words. */
  readonly waiting?: (what: string) => void;
  /** What this host's processes tell when left out. */
  readonly liveness?: Liveness;
}

/** Waits until the run before is over. Null: interrupted while waiting. */
export async function takeDeploy(options: TakeOptions): Promise<Fence | null> {
  const { log, run, leaseMs, interrupt, progress, deploy } = options;
  const { liveness = localLiveness } = options;
  const resource = runResource(deploy);
  let told = false;
  let holder: Lease | null = null;
  while (!interrupt.aborted) {
    // To take is a write: whoever waits for a holder only reads.
    if (!isHeld(holder)) {
      const lease = await log.take(resource, run.owner, leaseMs);
      if (lease !== null) return { resource, token: lease.token };
    }
    holder = await log.lease(resource);
    if (!isHeld(holder) || (await liveness.ask(holder.owner, interrupt))) continue;
    const death = liveness.whyDead(holder.owner);
    if (death !== null) {
      progress(`the run of ${deploy} before this one is over: ${death}`);
      await log.release({ resource, token: holder.token });
      holder = null;
      continue;
    }
    if (!told) options.waiting?.('waiting for another run of the same deploy');
    if (!told) progress(`another run of ${deploy} is alive; waiting for it to end`);
    told = true;
    const timeoutMs = Math.min(Math.max(holder.expiresInMs + 1, 50), 10_000);
    await log.changed({ timeoutMs, signal: interrupt });
  }
  return null;
}

const isHeld = (lease: Lease | null): lease is Lease =>
  lease !== null && !lease.released && lease.expiresInMs > 0;
