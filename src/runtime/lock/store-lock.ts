/** The lane's stream in the log: reading it, and the lock that is kept in it. */
import type { Clock } from '../../effects/clock.ts';
import {
  decideTurn,
  emptyLane,
  foldLane,
  type Lane,
  type LaneEvent,
  type Relation,
  type Waiter,
} from '../../machine/lane.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import { type EventLog, type Lease, VersionConflict } from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { laneEvent } from '../log/recorded.ts';
import { laneResource, laneStream, runResource } from '../log/streams.ts';
import { type Deaths, localDeaths } from './deaths.ts';
import { type LeaseKeeper, Overtaken } from './lease-keeper.ts';

/** The lane as its stream tells it now; whoever knows it from before reads only what came since. @throws UnreadableLog */
export async function readLane(log: EventLog, name: string, known = emptyLane): Promise<Lane> {
  const events = await log.readStream(laneStream(name), { fromVersion: known.version + 1 });
  return events.reduce(
    (state, recorded) => foldLane(state, laneEvent(recorded), recorded.version),
    known,
  );
}

/** What a run does with its lane's lock. */
export interface LaneLock {
  /** Waits until the lane is this deploy's, or a newer one has taken its place. */
  acquire(
    input: ServiceInput<'acquireLock'>,
    signal: AbortSignal,
    progress: (line: string) => void,
  ): Promise<ServiceOutput<'acquireLock'>>;
  /**
   * For a run that goes on with a deploy which held the lane: holds it again under a new token,
   * unless another deploy was given it meanwhile. Null: this lock has no tokens.
   */
  resume(
    deploy: string,
    lane: string,
  ): Promise<{ kind: 'reacquired'; token: number } | { kind: 'lost'; to: string } | null>;
}

export interface StoreLockOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly leaseMs: number;
  /** How `head` stands to `base` in git. */
  readonly relation: (base: string, head: string, signal: AbortSignal) => Promise<Relation>;
  /** Resolves when the vendors have nothing of an earlier holder under way any more. */
  readonly quiesce: (signal: AbortSignal, progress: (line: string) => void) => Promise<void>;
  /** Who is known to be dead, and need not be waited for; what this host's processes tell when left out. */
  readonly deaths?: Deaths;
}

/** What a run writes to its lane's stream of its own deploy. */
type OwnEvent = Extract<LaneEvent, { type: 'lane.joined' | 'lane.yielded' | 'lock.granted' }>;

/** Waits no longer than this without looking again, whatever the leases say. */
const lookAgainMs = 10_000;

/** The default lock: grants are conditional writes to the lane's stream. */
export function createStoreLock(options: StoreLockOptions): LaneLock {
  const { log, clock, run, keeper, leaseMs, relation, quiesce } = options;
  const { deaths = localDeaths } = options;
  const runs = (lease: Lease | null): lease is Lease =>
    lease !== null && !lease.released && lease.expiresInMs > 0;
  const alive = (lease: Lease | null): lease is Lease =>
    runs(lease) && deaths.known(lease.owner) === null;

  /**
   * Only while this run is the deploy's: of two that each believe so, one joins, or both would join again for ever. A run
   * that is over, and was amid a question here, holds nothing any more: a lane that it was given would stand still.
   */
  const write = async (lane: string, expected: number | 'any', event: OwnEvent, extra = {}) => {
    const resource = runResource(event.data.deploy);
    const fence = keeper.held(resource);
    if (fence === null) throw new Overtaken(resource);
    const events = [newEvent(event, run)];
    return log.append([{ stream: laneStream(lane), expected, events }], { ...extra, fence });
  };

  /** Appends the grant if nobody wrote to the lane since `lane` was read. False: read again. */
  const grant = async (
    name: string,
    lane: Lane,
    data: Extract<LaneEvent, { type: 'lock.granted' }>['data'],
  ): Promise<number | null> => {
    const token = lane.version + 1;
    const fence = { resource: laneResource(name), token };
    try {
      await write(
        name,
        lane.version,
        { type: 'lock.granted', data },
        { grant: { ...fence, owner: run.owner, ttlMs: leaseMs } },
      );
    } catch (error) {
      if (error instanceof VersionConflict) return null;
      throw error;
    }
    keeper.hold(fence);
    return token;
  };

  const liveWaiters = async (lane: Lane, me: string): Promise<readonly Waiter[]> => {
    const states = await Promise.all(
      lane.waiting.map(
        async ({ deploy }) => deploy === me || alive(await log.lease(runResource(deploy))),
      ),
    );
    return lane.waiting.filter((_, place) => states[place]);
  };

  /** Waits until the turn may have changed: that run is over, or somebody wrote to the lane. Nothing else is asked at each wake-up. */
  const waitBehind = async (
    { deploy }: Waiter,
    name: string,
    lane: Lane,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let now = lane; now.version === lane.version; ) {
      const other = await log.lease(runResource(deploy));
      if (!alive(other) || (await deaths.ask(other.owner, signal))) return;
      await log.changed({ timeoutMs: nextLook(other.expiresInMs), signal });
      signal.throwIfAborted();
      now = await readLane(log, name, now);
    }
  };

  return {
    async acquire(input, signal, progress) {
      const { deploy, lane: name, commit } = input;
      const joined = { deploy, run: run.id, build: input.build.label, commit };
      const startedAt = clock.now();
      const relations = new Map<string, Relation>();
      let lane = emptyLane;
      let told = '';
      const tell = (line: string) => {
        if (line !== told) progress(line);
        told = line;
      };

      for (;;) {
        signal.throwIfAborted();
        lane = await readLane(log, name, lane);
        const by = lane.superseded.get(deploy);
        if (by !== undefined) {
          const { deploy: newer, build, commit: sha } = by;
          return {
            kind: 'superseded',
            cause: 'newer-build',
            by: { deploy: newer, build, commit: sha },
          };
        }
        if (!lane.waiting.some((waiter) => waiter.deploy === deploy && waiter.run === run.id)) {
          if (lane.grant?.deploy !== deploy || lane.grant.released) {
            await write(name, 'any', { type: 'lane.joined', data: joined });
            continue;
          }
        }
        const lease = await log.lease(laneResource(name));
        const own = lane.grant?.deploy === deploy && !lane.grant.released;
        // Granted to this deploy, and its run died before it could say so.
        const held = !own && lane.grant !== null && !lane.grant.released ? lane.grant : null;
        if (held !== null && runs(lease) && (await deaths.ask(lease.owner, signal))) continue;
        if (held !== null && alive(lease)) {
          tell(`lane ${name} is held by ${held.deploy} (build ${held.build}); waiting`);
          await log.changed({ timeoutMs: nextLook(lease.expiresInMs), signal });
          continue;
        }

        const waiting = await liveWaiters(lane, deploy);
        for (const other of waiting) {
          if (other.deploy === deploy || relations.has(other.deploy)) continue;
          relations.set(other.deploy, await relation(commit, other.commit, signal));
        }
        const turn = own
          ? ({ kind: 'go', supersedes: [] } as const)
          : decideTurn({
              me: deploy,
              waiting,
              relationTo: (other) => relations.get(other.deploy) ?? 'unknown',
              stacking: input.stacking,
            });
        if (turn.kind === 'wait') {
          if (turn.yields) {
            await write(name, lane.version, {
              type: 'lane.yielded',
              data: { deploy, to: turn.behind.deploy },
            }).catch(ignoreConflict);
            continue;
          }
          tell(`build ${turn.behind.build} (${turn.behind.deploy}) goes first; waiting`);
          await waitBehind(turn.behind, name, lane, signal);
          continue;
        }

        let takenOver = null;
        if (lane.grant?.broken === true) await quiesce(signal, progress);
        if (held !== null) {
          const death = lease === null ? null : deaths.known(lease.owner);
          const why = death ?? 'its lease ran out';
          tell(`the run that held lane ${name} (${held.deploy}) is over: ${why}`);
          await quiesce(signal, progress);
          // It may have come back while we asked.
          if (alive(await log.lease(laneResource(name)))) continue;
          takenOver = { deploy: held.deploy, token: held.token, why };
        }
        const supersedes = [...turn.supersedes];
        const before =
          own && lane.grant !== null
            ? { deploy, token: lane.grant.token, why: 'its own run died before it said so' }
            : takenOver;
        const token = await grant(name, lane, { ...joined, supersedes, takenOver: before });
        if (token === null) continue;
        const waitedMs = Math.max(0, clock.now() - startedAt);
        return { kind: 'granted', provider: 'store', token, waitedMs, takenOver };
      }
    },

    async resume(deploy, name) {
      for (;;) {
        const lane = await readLane(log, name);
        if (lane.grant === null) return { kind: 'lost', to: 'nobody' };
        if (lane.grant.deploy !== deploy) return { kind: 'lost', to: lane.grant.deploy };
        const { build, commit, token: before } = lane.grant;
        const token = await grant(name, lane, {
          deploy,
          run: run.id,
          build,
          commit,
          supersedes: [],
          takenOver: { deploy, token: before, why: 'the run before it is over' },
        });
        if (token !== null) return { kind: 'reacquired', token };
      }
    },
  };
}

function nextLook(expiresInMs: number): number {
  return Math.min(Math.max(expiresInMs + 1, 50), lookAgainMs);
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof VersionConflict)) throw error;
}
