/**
 * Whether a deploy may end as it says: each end but "live" has a reason that is true of the world, of the scenario
 * or of the commits. So what nothing forbids goes live, and who waits for the lane gets it.
 */
import type { DomainEvent } from '../../src/machine/events.ts';
import type { RecordedEvent } from '../../src/store/log.ts';
import { type LaneWorld, production } from './lane-world.ts';
import { killSwitch } from './rules.ts';
import { type CanaryTrouble, leaseMs, type Scenario, type VendorBreak } from './scenario.ts';

/** What was read of the world may be so old when its event is written: its process was stopped. */
const longAgoMs = 5 * leaseMs;

type Of<T extends DomainEvent['type']> = Extract<DomainEvent, { type: T }>['data'];

export class Ends {
  readonly #scenario: Scenario;
  /** By lane: when it was enabled again; not there: it never was disabled. */
  readonly #disabledUntil = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  laneEvent({ type, stream }: RecordedEvent, at: number): void {
    if (type === 'lane.disabled') this.#disabledUntil.set(stream, Number.POSITIVE_INFINITY);
    if (type === 'lane.enabled') this.#disabledUntil.set(stream, at);
  }

  /** What is untrue of the end that the event is; null: it is none, or all of it is true. */
  untrue(lane: LaneWorld, commit: string, { type, data }: RecordedEvent, at: number) {
    const given = data as never;
    switch (type) {
      case 'lock.waitTimedOut':
        return 'waited for the lane in vain';
      case 'deploy.superseded':
        return untrueSuperseded(lane, commit, given);
      case 'production.held':
        return untrueHeld(lane, given);
      case 'production.disabled':
        return this.#untrueDisabled(lane, given, at);
      case 'deploy.failed':
        return this.#untrueFailed(given);
      default:
        return null;
    }
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
  #untrueFailed({ step, failure: { code } }: Of<'deploy.failed'>): string | null {
    const { faults } = this.#scenario;
    if ((faults.oddPerMille ?? 0) > 0) return null;
    const isTrue = causes[code]?.(this.#scenario) ?? false;
    return isTrue ? null : `failed in ${step} with ${code}, for which the scenario has no cause`;
  }
}

function untrueSuperseded(lane: LaneWorld, commit: string, data: Of<'deploy.superseded'>) {
  if (data.cause === 'newer-build') {
    const relation = lane.graph.relation(commit, data.by.commit);
    return relation === 'ahead' ? null : `was superseded by a commit that is ${relation}`;
  }
  const { version, commit: runs } = data.production;
  const releases = lane.sandbox.state().apps[production]?.releases ?? [];
  const release = releases.find((one) => `v${one.version}` === version);
  if (release === undefined || release.commit !== runs || runs === null) {
    return `was superseded by ${version} of ${runs}, which is not there`;
  }
  const relation = lane.graph.relation(runs, commit);
  const wanted = data.cause === 'contained' ? ['same', 'behind'] : ['diverged'];
  return wanted.includes(relation) ? null : `is called ${data.cause}, and is ${relation}`;
}

function untrueHeld(lane: LaneWorld, { rollback }: Of<'production.held'>): string | null {
  const made = lane.madeByPeople.get(rollback.release.id);
  if (made === 'rollback' || made === 'code') return null;
  // Config vars that are set amid a release phase bring back the code before it.
  if (made === 'config' && isOfOtherCode(lane, rollback.release.id)) return null;
  return `was held by ${rollback.release.version} (${rollback.kind}), which took nothing back`;
}

/** Than the newest release before it that ran code. */
function isOfOtherCode({ sandbox }: LaneWorld, id: string): boolean {
  const releases = sandbox.state().apps[production]?.releases ?? [];
  const release = releases.find((one) => one.id === id);
  const before = releases.findLast(
    ({ version, slug, status }) =>
      version < (release?.version ?? 0) && slug !== null && status === 'succeeded',
  );
  return before?.slug !== release?.slug;
}

const breaks =
  (...kinds: VendorBreak[]) =>
  ({ breaks: planned }: Scenario): boolean =>
    planned.some(({ what }) => kinds.includes(what));
const afterUp = (what: string) => (scenario: Scenario) =>
  scenario.afterUp?.some((plan) => plan?.what === what) ?? false;
const canaryHas =
  (...kinds: CanaryTrouble[]) =>
  ({ canary }: Scenario): boolean =>
    canary?.afterUp.some((plan) => plan !== null && kinds.includes(plan.what)) ?? false;
const released = ({ people, afterUp: plans = [] }: Scenario): boolean =>
  people.some(({ act }) => /rollback|push|release-again|unlock/.test(act)) ||
  plans.some((plan) => plan?.what === 'rollback');
/** A write whose reply is lost twice, or a vendor that is away for longer than a step may take. */
const wireFails = ({ faults, outage }: Scenario): boolean =>
  faults.perMille > 0 || outage !== undefined;
/** The lane is called something else from then on: two lanes deploy to the same apps. */
const twoLanes = ({ people }: Scenario): boolean => people.some(({ act }) => act === 'other-lane');
/** With a release phase, config vars may bring back the code before. */
const configAmidRelease = ({ people, afterUp: plans = [], releasePhaseMs = 0 }: Scenario) =>
  releasePhaseMs > 0 &&
  (people.some(({ act }) => act === 'config') || plans.some((plan) => plan?.what === 'config'));
const phaseFails = ({ people }: Scenario): boolean =>
  people.some(({ act }) => act === 'failed-rollback' || act === 'failed-release-again');
const either =
  (...all: ((scenario: Scenario) => boolean)[]) =>
  (scenario: Scenario): boolean =>
    all.some((one) => one(scenario));

/** What a scenario has to have for a deploy to fail with that code. */
const causes: Readonly<Record<string, (scenario: Scenario) => boolean>> = {
  E_BUILD_FAILED: breaks('build'),
  E_INSTANCE_CRASHED: either(breaks('dyno'), afterUp('crash'), canaryHas('crash')),
  E_INSTANCES_TIMEOUT: either(breaks('dyno'), afterUp('crash'), canaryHas('crash')),
  E_RELEASE_NOT_CURRENT: either(
    released,
    configAmidRelease,
    twoLanes,
    canaryHas('rollback', 'push'),
  ),
  E_RELEASE_FAILED: phaseFails,
  E_ENDPOINT: either(
    breaks('endpoint'),
    released,
    twoLanes,
    canaryHas('endpoint', 'rollback', 'push'),
  ),
  E_INSTANCES_UNSTEADY: either(afterUp('restart'), canaryHas('restart')),
  E_SOURCE_UPLOAD: wireFails,
  E_VENDOR_FAILED: wireFails,
  E_VENDOR_UNREACHABLE: wireFails,
  E_VENDOR_RATE_LIMIT: wireFails,
  // Whether it is so is told by what ran on the canary (canary-truth.ts).
  E_NOTHING_TO_RESTORE: ({ canary }) => canary != null,
  E_PROMOTION_FAILED: breaks('promotion', 'partial-promotion'),
  E_PROMOTION_PARTIAL: breaks('promotion', 'partial-promotion'),
};
