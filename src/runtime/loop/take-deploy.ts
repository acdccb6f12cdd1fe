/** One run at a time carries a deploy: its lease, and how long another run's is waited for. */
import { type CiJob, ciJobSchema } from '../../effects/ci/jobs.ts';
import type { EventLog, Fence, Lease } from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { Overtaken } from '../lock/lease-keeper.ts';
import { type Liveness, localLiveness } from '../lock/liveness.ts';
import type { LaneLock } from '../lock/store-lock.ts';
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
  /** Tells which run is kept from the lane by this one. */
  readonly lock: Pick<LaneLock, 'isAwaitedBy'>;
}

/**
 * Waits until the run before is over. Null: interrupted while waiting.
 *
 * @throws Overtaken another run carries the deploy, and waits for this one to end
 */
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
    if (await waitsForUs(options, holder)) {
      const now = await log.lease(resource);
      // It may have ended while that was asked.
      if (isHeld(now) && now.token === holder.token) throw carriedBy(holder, deploy);
      holder = now;
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

/** A holder that waits for us, while we wait for it, is a circle that nobody would leave. */
async function waitsForUs({ lock, interrupt, progress }: TakeOptions, { owner }: Lease) {
  const job = jobOf(owner);
  if (job === null || lock.isAwaitedBy === undefined) return false;
  return lock.isAwaitedBy(job, interrupt, progress).catch((error: unknown) => {
    // What cannot be known now is asked again; nothing of this run is needed meanwhile.
    if (!interrupt.aborted) progress(error instanceof Error ? error.message : String(error));
    return false;
  });
}

function carriedBy({ owner, resource }: Lease, deploy: string): Overtaken {
  const job = jobOf(owner);
  const name = job?.ci === 'github' ? `run ${job.run}` : `job ${job?.number}`;
  return new Overtaken(
    resource,
    `${name} of the CI carries ${deploy}, and waits for this job to end, which started earlier`,
  );
}

const jobOf = ({ job }: Lease['owner']): CiJob | null => ciJobSchema.safeParse(job).data ?? null;

const isHeld = (lease: Lease | null): lease is Lease =>
  lease !== null && !lease.released && lease.expiresInMs > 0;
