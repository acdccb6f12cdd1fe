/**
 * Carries a person's rollback out: under the lane's lock, recorded before the target is asked, verified by the lane's checks.
 * Killed anywhere, the same command looks at the target first and goes on.
 */
import type { Clock } from '../../effects/clock.ts';
import type { History } from '../../effects/history/history.ts';
import type { HttpClient } from '../../effects/http/request.ts';
import type { StepPorts } from '../../effects/ports.ts';
import type { Restored, Running, Target } from '../../effects/targets/target.ts';
import { LockstepError } from '../../errors/error.ts';
import type { Artifact, Build, Environment, Release, Settings } from '../../machine/events.ts';
import { type LaneEvent, targetName } from '../../machine/lane.ts';
import { takeBack } from '../../machine/story-words.ts';
import { givenUp, type Made } from '../../machine/taken-back.ts';
import { redactAll } from '../../redaction/gate.ts';
import { type EventLog, type Fence, FencedOff } from '../../store/log.ts';
import type { Person } from '../actor.ts';
import { observeSettled } from '../gates/production.ts';
import type { Run } from '../identity.ts';
import { readLane } from '../lock/lanes.ts';
import { type LeaseKeeper, Overtaken } from '../lock/lease-keeper.ts';
import type { Liveness } from '../lock/liveness.ts';
import type { LaneLock } from '../lock/store-lock.ts';
import { newEvent } from '../log/new-event.ts';
import { laneResource, laneStream } from '../log/streams.ts';
import { describeFailure } from '../loop/failure.ts';
import type { ServiceTable } from '../loop/run.ts';
import { takeDeploy } from '../loop/take-deploy.ts';
import type { RollbackPlan } from './choose.ts';

export interface RollbackOptions {
  readonly lane: string;
  readonly plan: RollbackPlan;
  readonly person: Person;
  readonly production: Environment;
  readonly lockSettings: Settings['lock'];
  readonly target: Target;
  readonly history: History;
  readonly http: HttpClient;
  readonly services: Pick<ServiceTable, 'awaitInstances' | 'checkHealth'>;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly leaseMs: number;
  readonly lock: LaneLock;
  readonly liveness: Liveness;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Told once it is recorded that it began: from then on deploys are held until it is ended. */
  readonly begun: () => void;
  /** Told where it fails and what it made runs all the same. */
  readonly unverified: (release: Release) => void;
}

export interface RolledBack {
  /** The release by which it runs again. */
  readonly release: Release;
  readonly commit: string | null;
}

/** Nobody compares it with another commit: a rollback is of no order. */
const noCommit = '0'.repeat(40);
const build: Build = {
  ...{ provider: 'other', label: 'rollback', attempt: 1, job: null, workflow: null, url: null },
};

/**
 * @throws LockstepError E_LOCK_TIMEOUT; E_PRODUCTION_CHANGED something else runs than when it was chosen; E_OVERTAKEN, E_LAPSED the
 *   lane was lost; what the target and the checks say. Whatever is thrown before the target is asked leaves nothing behind
 * @throws the signal's reason: nothing more was begun, and the same command goes on
 */
export async function rollBack(options: RollbackOptions): Promise<RolledBack> {
  const { plan, keeper, log, signal, progress } = options;
  const { id: deploy } = plan;
  const own = await takeDeploy({ ...options, deploy, interrupt: signal, progress });
  if (own === null) throw signal.reason;
  keeper.hold(own);
  try {
    signal.throwIfAborted();
    const at = new Date(options.clock.now()).toISOString();
    return await new HeldRollback(options, at, await takeLane(options, at)).carryOut();
  } catch (error) {
    if (error instanceof FencedOff) throw new Overtaken(error.resource);
    throw error;
  } finally {
    keeper.drop(own.resource);
    await log.release(own).catch(() => {});
  }
}

/** @param at when it was ordered */
async function takeLane(options: RollbackOptions, at: string): Promise<Fence> {
  const { lane, plan, person, lock, lockSettings, signal, clock, progress } = options;
  const late = new AbortController();
  const over = new AbortController();
  const waiting = AbortSignal.any([signal, late.signal]);
  clock.sleep(lockSettings.timeoutMs, over.signal).then(
    () => late.abort(lockTimeout(lane)),
    () => {},
  );
  try {
    const input = {
      ...{ deploy: plan.id, lane, commit: plan.to.commit ?? noCommit, branch: '', build },
      ...{ stacking: 'skip' as const, lock: lockSettings, purpose: 'deploy' as const },
      rollback: { from: plan.from, to: plan.to.release, ...person, at },
    };
    const taken = await lock.acquire(input, waiting, progress);
    if (taken.kind !== 'granted' || taken.token === null) throw lockTimeout(lane);
    return { resource: laneResource(lane), token: taken.token };
  } finally {
    over.abort();
  }
}

class HeldRollback {
  readonly #o: RollbackOptions;
  readonly #at: string;
  readonly #fence: Fence;
  /** It ends what is waited for where the lane is lost, too. */
  readonly #signal: AbortSignal;
  #made: Made | null = null;

  constructor(options: RollbackOptions, at: string, fence: Fence) {
    this.#o = options;
    this.#at = at;
    this.#fence = fence;
    this.#signal = AbortSignal.any([options.signal, options.keeper.lost]);
  }

  async carryOut(): Promise<RolledBack> {
    const { release, commit } = await this.#wentBack();
    // Where this cannot be recorded it has not failed: it is unfinished, and the same command ends it.
    await this.#end({ type: 'rollback.done', data: { ...this.#same(), release, commit } });
    return { release, commit };
  }

  /** It runs again, and its checks held. */
  async #wentBack(): Promise<RolledBack> {
    const { plan } = this.#o;
    let begun = false;
    try {
      await this.#begin();
      begun = true;
      this.#o.begun();
      const { release, artifact } = await this.#release();
      const commit = artifact.commit ?? plan.to.commit;
      this.#made = { release, commit, runs: true };
      await this.#verify(release, artifact, commit);
      return { release, commit };
    } catch (error) {
      // What was asked of the target may be under way: whoever comes next waits for it, or goes on with it.
      if (this.#signal.aborted) {
        if (!begun) await this.#giveBack('interrupted').catch(() => {});
        throw error;
      }
      await this.#failed(error, begun).catch((unrecorded: unknown) => {
        throw notRecorded(error, unrecorded);
      });
      throw error;
    }
  }

  #same() {
    const { plan, production, person } = this.#o;
    const target = targetName(production.target);
    return { rollback: plan.id, target, to: plan.to.release, ...person };
  }

  /** What it was chosen by has to be so still; then it is recorded, and that it goes in place of one that nobody ended. */
  async #begin(): Promise<void> {
    const { plan, lane, log, target, history, person, production } = this.#o;
    const { rollback } = await readLane(log, lane);
    if (plan.again && rollback?.rollback !== plan.id) throw endedMeanwhile(plan);
    if (plan.again) return;
    const { running } = await observeSettled(target, history, this.#ports());
    if (running?.release.id !== plan.from.id) {
      throw changed(running, plan);
    }
    const instead = `, who takes production back to ${plan.to.release.version}`;
    await this.#append(...(rollback === null ? [] : [givenUp(rollback, person, instead)]), {
      type: 'rollback.begun',
      data: {
        ...{ rollback: plan.id, target: targetName(production.target), from: plan.from },
        ...{ to: plan.to.release, commit: plan.to.commit, ...person, at: this.#at },
      },
    });
  }

  async #release(): Promise<Extract<Restored, { kind: 'restored' }>> {
    const { plan, production, target, clock } = this.#o;
    const { timeoutMs } = production;
    const ports = { ...this.#ports(), again: plan.again, deadlineMs: clock.ran() + timeoutMs };
    const { commit } = plan.to;
    const onMade = (release: Release) => {
      this.#made = { release, commit, runs: false };
    };
    const input = { from: plan.from, to: plan.to.release, key: plan.id, timeoutMs, onMade };
    const made = await target.rollBack(input, ports);
    if (made.kind === 'restored') return made;
    const { running, pending } = await target.observe(this.#ports());
    if (running?.release.id === plan.from.id) throw underWay(pending?.release.version, plan);
    throw changed(running, plan);
  }

  async #verify(release: Release, artifact: Artifact, commit: string | null): Promise<void> {
    const { production, services, clock, progress } = this.#o;
    const { target, verify } = production;
    const ports = { clock, signal: this.#signal, progress };
    const instances = {
      ...{ target, release, artifact, timeoutMs: verify.instances.timeoutMs },
      mayHaveNone: verify.waive.includes('no-instances'),
    };
    await services.awaitInstances(instances, ports);
    // Of what nobody knows the commit, no endpoint can tell that it is that.
    const endpoints =
      commit === null
        ? verify.endpoints.map((one) => ({ ...one, revision: null }))
        : verify.endpoints;
    const { settleMs } = verify.instances;
    await services.checkHealth(
      { ...instances, commit: commit ?? '', settleMs, bakeMs: 0, endpoints },
      ports,
    );
  }

  #ports(): StepPorts {
    const { http, clock, progress } = this.#o;
    return { http, clock, signal: this.#signal, progress };
  }

  async #failed(error: unknown, begun: boolean): Promise<void> {
    if (!begun) return this.#giveBack('it did not begin');
    const { code, message } = describeFailure(error);
    if (this.#made?.runs === true) this.#o.unverified(this.#made.release);
    return this.#end({
      type: 'rollback.failed',
      data: { ...this.#same(), code, message, made: this.#made },
    });
  }

  #append(...all: readonly LaneEvent[]): Promise<unknown> {
    const { log, lane, run } = this.#o;
    const events = all.map((event) => newEvent(redactAll(event), run));
    const batch = { stream: laneStream(lane), expected: 'any' as const, events };
    return log.append([batch], { fence: this.#fence });
  }

  /** The last word, and the lane given back with it. */
  #end(last: LaneEvent): Promise<void> {
    return this.#giveBack(last.type, last);
  }

  async #giveBack(why: string, ...last: readonly LaneEvent[]): Promise<void> {
    const { log, lane, run, plan, keeper } = this.#o;
    const { token } = this.#fence;
    const back: LaneEvent = { type: 'lock.released', data: { deploy: plan.id, token, why } };
    const events = [...last, back].map((event) => newEvent(redactAll(event), run));
    keeper.drop(this.#fence.resource);
    await log.append([{ stream: laneStream(lane), expected: 'any', events }], {
      ...{ fence: this.#fence, release: this.#fence },
    });
  }
}

function changed(running: Running | null, { from, to }: RollbackPlan): LockstepError {
  const version = running?.release.version ?? 'nothing';
  if (to.commit !== null && running?.artifact.commit === to.commit) {
    return new LockstepError(
      'E_PRODUCTION_CHANGED',
      `production runs what ${to.release.version} is of by now (${version}): there is nothing left to take back`,
      { hint: 'pipeline status shows who put it there, and what it holds.' },
    );
  }
  return new LockstepError(
    'E_PRODUCTION_CHANGED',
    `production runs ${version} by now, not ${from.version}: it was not taken back to ${to.release.version}`,
    {
      hint: `What runs now may be what mends it: pipeline status. To go back all the same: ${takeBack(to.release)}`,
    },
  );
}

/** Over what was to be taken back somebody else releases something: what that comes to nobody knows yet. */
function underWay(version = 'something else', { from, to }: RollbackPlan): LockstepError {
  return new LockstepError(
    'E_PRODUCTION_CHANGED',
    `production has ${version} under way over ${from.version}: it was not taken back to ${to.release.version}`,
    {
      hint: `Once that is over (pipeline status tells), run the same command again: ${takeBack(to.release)}`,
    },
  );
}

/** What failed, and why the log does not have it: neither hides the other. */
function notRecorded(error: unknown, unrecorded: unknown): unknown {
  // Somebody else has the lane: that is all that matters.
  if (unrecorded instanceof FencedOff) return unrecorded;
  const [failed, store] = [describeFailure(error), describeFailure(unrecorded)];
  return new LockstepError(
    'E_NOT_RECORDED',
    `the rollback failed, and the log does not have it: ${failed.code}: ${failed.message}`,
    {
      hint: [
        ...(failed.hint === null ? [] : [failed.hint]),
        `The log could not be told: ${store.code}: ${store.message}`,
        'Once it can be, the same command looks at the target first, and goes on.',
      ].join('\n'),
      details: { failed: failed.code, store: store.code },
      cause: error,
    },
  );
}

function endedMeanwhile({ to }: RollbackPlan): LockstepError {
  return new LockstepError(
    'E_PRODUCTION_CHANGED',
    `another run has ended the rollback to ${to.release.version} meanwhile`,
    { hint: 'pipeline status shows what became of it.' },
  );
}

function lockTimeout(lane: string): LockstepError {
  return new LockstepError('E_LOCK_TIMEOUT', `lane ${lane} was not free within lock.timeout`, {
    hint: 'pipeline status shows who holds it; pipeline unlock takes it from a holder that hangs.',
  });
}
