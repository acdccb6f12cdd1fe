/**
 * Whether a deploy may end as it says: each end but "live" has a reason that is true of the world, of the scenario
 * or of the commits. So what nothing forbids goes live, and who waits for the lane gets it.
 */
import type { DomainEvent } from '../../src/machine/events.ts';
import type { GoingBack } from '../../src/machine/taken-back.ts';
import type { RecordedEvent } from '../../src/store/log.ts';
import type { PersonAct } from './acts.ts';
import { production } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';
import { killSwitch } from './rules.ts';
import {
  type AfterUp,
  type CanaryTrouble,
  leaseMs,
  type Scenario,
  type VendorBreak,
} from './scenario.ts';

/** How an answer came that no path brings. */
export const byProgram = 'a program';
const tellsWhatRan = new RegExp(
  `^/apps/${production}/releases|^/apps/[^/]+/slugs/|/oci-images/|^${byProgram}$`,
);

/** What was read of the world may be so old when its event is written: its process was stopped. */
const longAgoMs = 5 * leaseMs;

type Of<T extends DomainEvent['type']> = Extract<DomainEvent, { type: T }>['data'];

export class Ends {
  readonly #scenario: Scenario;
  readonly #befallen = new Map<string, Befallen>();
  /** By lane: when it was enabled again; not there: it never was disabled. */
  readonly #disabledUntil = new Map<string, number>();
  /** By their ids: the deploys that were told of what production ran by an answer that no vendor should give. */
  readonly #misled = new Set<string>();
  /** By its id: until when a rollback waited for its lane. */
  readonly #orderedUntil = new Map<string, number>();
  /** By its id: until when a rollback was begun, and not ended. */
  readonly #begunUntil = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  laneEvent({ type, stream, data }: RecordedEvent, at: number): void {
    const id = String(data.deploy);
    const waits = type === 'lane.joined' && data.first === true;
    if (waits) this.#orderedUntil.set(id, Number.POSITIVE_INFINITY);
    if (type === 'lock.granted' && this.#orderedUntil.has(id)) this.#orderedUntil.set(id, at);
    const rollback = String(data.rollback);
    if (type === 'rollback.begun') this.#begunUntil.set(rollback, Number.POSITIVE_INFINITY);
    if (type === 'rollback.done' || type === 'rollback.failed') this.#begunUntil.set(rollback, at);
    if (type === 'lane.disabled') this.#disabledUntil.set(stream, Number.POSITIVE_INFINITY);
    if (type === 'lane.enabled') this.#disabledUntil.set(stream, at);
  }

  /** @param by the path of the answer, or `byProgram` */
  oddAnswer(deploy: string, by: string): void {
    if (tellsWhatRan.test(by)) this.#misled.add(deploy);
  }

  /** What is untrue of the end that the event is; null: it is none, or all of it is true. */
  untrue(lane: LaneWorld, commit: string, { type, stream, data }: RecordedEvent, at: number) {
    const given = data as never;
    switch (type) {
      case 'lock.waitTimedOut':
        return 'waited for the lane in vain';
      case 'deploy.superseded':
        return untrueSuperseded(lane, commit, given);
      case 'production.held':
        return this.#untrueHeld(lane, given, at, this.#misled.has(stream.replace(/^deploy\//, '')));
      case 'production.disabled':
        return this.#untrueDisabled(lane, given, at);
      case 'deploy.failed':
        return this.#untrueFailed(lane, given);
      default:
        return null;
    }
  }

  /** What has befallen that lane by now. */
  befell(lane: LaneWorld, what: Partial<Befallen>): void {
    const before = this.#befallen.get(lane.name) ?? {
      people: [],
      breaks: [],
      afterUp: [],
      canary: [],
    };
    this.#befallen.set(lane.name, {
      people: [...before.people, ...(what.people ?? [])],
      breaks: [...before.breaks, ...(what.breaks ?? [])],
      afterUp: [...before.afterUp, ...(what.afterUp ?? [])],
      canary: [...before.canary, ...(what.canary ?? [])],
    });
  }

  #soFar({ name }: LaneWorld): SoFar {
    const befallen = this.#befallen.get(name) ?? {
      people: [],
      breaks: [],
      afterUp: [],
      canary: [],
    };
    return { ...this.#scenario, ...befallen };
  }

  /** Held by what cannot be compared is what is promised; and what releases are called is believed. */
  #untrueHeld(
    lane: LaneWorld,
    { rollback }: Of<'production.held'>,
    at: number,
    isMisled: boolean,
  ): string | null {
    if (rollback.kind !== 'ordered' && isMisled) return null;
    if (rollback.kind !== 'ordered') return untrueHeld(lane, rollback, isGone(this.#soFar(lane)));
    const untils = rollback.begun === true ? this.#begunUntil : this.#orderedUntil;
    const until = untils.get(rollback.rollback) ?? 0;
    return until > at - longAgoMs ? null : `was held by ${rollback.rollback}, which was over`;
  }

  #untrueDisabled(lane: LaneWorld, { switch: which }: Of<'production.disabled'>, at: number) {
    const recently = at - longAgoMs;
    const { rules, switchOn, switchedAt } = lane;
    if (which === 'environment') {
      const isTrue = !switchOn || switchedAt > recently;
      return isTrue ? null : `was held by ${killSwitch}, which has been on since ${switchedAt}`;
    }
    if (which === 'lane') {
      const untils = [...rules.lanes].map((name) => this.#disabledUntil.get(`lane/${name}`) ?? 0);
      return Math.max(...untils) > recently ? null : 'was held by a lane that is enabled';
    }
    // What settings hold is looked at where rules are compared (rules.ts).
    if (which === 'log' && rules.lanes.size < 2) return 'was held for a lane that there is not';
    return null;
  }

  /** An answer that no vendor should give may fail any step. */
  #untrueFailed(lane: LaneWorld, { step, failure: { code } }: Of<'deploy.failed'>) {
    const { faults } = this.#scenario;
    if ((faults.oddPerMille ?? 0) > 0) return null;
    const isTrue = causes[code]?.(this.#soFar(lane)) ?? false;
    return isTrue ? null : `failed in ${step} with ${code}, for which there was no cause so far`;
  }
}

function untrueSuperseded(lane: LaneWorld, commit: string, data: Of<'deploy.superseded'>) {
  if (data.cause === 'newer-build') {
    const relation = lane.graph.relation(commit, data.by.commit);
    // A CI's list knows no commits: the newer build goes, of whichever it is.
    return relation === 'ahead' || lane.ci !== null
      ? null
      : `was superseded by a commit that is ${relation}`;
  }
  const { version, commit: runs } = data.production;
  const releases = lane.state().apps[production]?.releases ?? [];
  const release = releases.find((one) => `v${one.version}` === version);
  if (release === undefined || release.commit !== runs || runs === null) {
    return `was superseded by ${version} of ${runs}, which is not there`;
  }
  const relation = lane.graph.relation(runs, commit);
  const wanted = data.cause === 'contained' ? ['same', 'behind'] : ['diverged'];
  return wanted.includes(relation) ? null : `is called ${data.cause}, and is ${relation}`;
}

/** @param isForgotten what ran before is kept no more: then what is told of it is that it cannot be told */
function untrueHeld(lane: LaneWorld, rollback: GoingBack, isForgotten: boolean): string | null {
  if (isForgotten && rollback.kind === 'unknown') return null;
  const made = lane.madeBy(rollback.release.id);
  if (made === 'rollback' || made === 'code') return null;
  // Config vars that are set amid a release phase, or after the release that runs has expired, bring back the code before it.
  if (made === 'config' && isOfOtherCode(lane, rollback.release.id)) return null;
  // A deploy's own, that came to run after it had failed, over newer code that a person had put there since: nobody meant
  // to go back, but production did.
  if (made === undefined && rollback.kind === 'behind' && isBehindPeoples(lane, rollback))
    return null;
  return `was held by ${rollback.release.version} (${rollback.kind}), which took nothing back`;
}

/** Than the newest release before it that ran code. */
function isOfOtherCode(lane: LaneWorld, id: string): boolean {
  const { release, before } = withTheOneBefore(lane, id);
  return before?.slug !== release?.slug;
}

/** Its code is older than the code that ran before it, which a person had put there. */
function isBehindPeoples(lane: LaneWorld, { release: { id } }: GoingBack): boolean {
  const { release, before } = withTheOneBefore(lane, id);
  const [from, to] = [before?.commit ?? null, release?.commit ?? null];
  if (before === undefined || from === null || to === null) return false;
  return lane.madeBy(before.id) === 'code' && lane.graph.relation(from, to) === 'behind';
}

/** A release of production, and the newest before it that ran code. */
function withTheOneBefore(lane: LaneWorld, id: string) {
  const releases = lane.state().apps[production]?.releases ?? [];
  const release = releases.find((one) => one.id === id);
  const before = releases.findLast(
    ({ version, slug, status }) =>
      version < (release?.version ?? 0) &&
      slug !== null &&
      (status === 'succeeded' || status === 'expired'),
  );
  return { release, before };
}

/** What happened in a lane, and to its apps. */
interface Befallen {
  readonly people: readonly PersonAct[];
  readonly breaks: readonly VendorBreak[];
  /** While staging or production were watched. */
  readonly afterUp: readonly AfterUp['what'][];
  readonly canary: readonly CanaryTrouble[];
}

type SoFar = Befallen & Pick<Scenario, 'faults' | 'outage' | 'releasePhaseMs' | 'lock'>;
type Cause = (soFar: SoFar) => boolean;

const broke =
  (...kinds: VendorBreak[]): Cause =>
  ({ breaks }) =>
    breaks.some((what) => kinds.includes(what));
const watched =
  (...kinds: AfterUp['what'][]): Cause =>
  ({ afterUp }) =>
    afterUp.some((what) => kinds.includes(what));
const canaryHad =
  (...kinds: CanaryTrouble[]): Cause =>
  ({ canary }) =>
    canary.some((what) => kinds.includes(what));
const people =
  (...acts: PersonAct[]): Cause =>
  ({ people: done }) =>
    done.some((act) => acts.includes(act));
const either =
  (...all: Cause[]): Cause =>
  (soFar) =>
    all.some((one) => one(soFar));

const released = either(
  ({ people: done }) => done.some((act) => /rollback|push|release-again|unlock|pending/.test(act)),
  watched('rollback'),
);
/** A write whose reply is lost twice, or a vendor that is away for longer than a step may take. */
const wireFails: Cause = ({ faults, outage }) => faults.perMille > 0 || outage !== undefined;
/** The lane is called something else from then on: two lanes deploy to the same apps. */
const twoLanes = people('other-lane');
/** With a release phase, config vars may bring back the code before. */
const configAmidRelease: Cause = (soFar) =>
  (soFar.releasePhaseMs ?? 0) > 0 && either(people('config'), watched('config'))(soFar);
const phaseFails = people('failed-rollback', 'failed-release-again');
const isGone = people('expire');
/** By a CI's list a lane is free once its job has ended: what that had under way comes to run all the same. */
const comesLate: Cause = ({ lock = 'store' }) => lock !== 'store';

/** What has to have happened for a deploy to fail with that code. */
const causes: Readonly<Record<string, Cause>> = {
  E_BUILD_FAILED: broke('build'),
  E_INSTANCE_CRASHED: either(broke('dyno'), watched('crash'), canaryHad('crash')),
  E_INSTANCES_TIMEOUT: either(broke('dyno'), watched('crash'), canaryHad('crash')),
  E_RELEASE_NOT_CURRENT: either(
    released,
    configAmidRelease,
    twoLanes,
    comesLate,
    canaryHad('rollback', 'push'),
  ),
  E_RELEASE_FAILED: phaseFails,
  E_ENDPOINT: either(
    broke('endpoint'),
    released,
    twoLanes,
    comesLate,
    canaryHad('endpoint', 'rollback', 'push'),
  ),
  E_INSTANCES_UNSTEADY: either(watched('restart'), canaryHad('restart')),
  E_RELEASE_UNDER_WAY: people('pending-for-long'),
  E_RESTORE_GONE: isGone,
  // Between the look at a release and the rollback to it: Heroku refuses that.
  E_VENDOR_INVALID: isGone,
  // What expires may be a deploy's own, over which others were released before it looked.
  E_RELEASE_EXPIRED: isGone,
  // Whether it is so is told by what ran on the canary (canary-truth.ts).
  E_NOTHING_TO_RESTORE: () => true,
  E_SOURCE_UPLOAD: wireFails,
  E_VENDOR_FAILED: wireFails,
  E_VENDOR_UNREACHABLE: wireFails,
  E_VENDOR_RATE_LIMIT: wireFails,
  // A program that builds, releases, or waits for what failed ends so.
  E_PROGRAM_FAILED: either(broke('build', 'promotion', 'partial-promotion'), phaseFails),
  E_WORK_LOST: broke('build', 'promotion'),
  E_PROMOTION_FAILED: broke('promotion', 'partial-promotion'),
  E_PROMOTION_PARTIAL: broke('promotion', 'partial-promotion'),
};
