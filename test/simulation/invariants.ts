/** What must never happen, checked at every write that reaches a vendor and at the end. */
import { isTagged } from '../../src/machine/state-facts.ts';
import { readDeploys } from '../../src/runtime/audit/deploys.ts';
import { replay } from '../../src/runtime/audit/replay.ts';
import { readLane } from '../../src/runtime/lock/lanes.ts';
import { hasRun } from '../../src/runtime/lock/living-runs.ts';
import { deployStream, laneStream } from '../../src/runtime/log/streams.ts';
import type { EventLog } from '../../src/store/log.ts';
import { apps, canary, production, staging, type Write } from './apps.ts';
import { couldBePutBack, leftBehind, wronglyPutBack } from './canary-truth.ts';
import { type GoingBack, goingsBackOf, type Running, runningOf } from './going-back-truth.ts';
import type { LaneWorld } from './lane-world.ts';
import { isPerson } from './people.ts';
import { readOnce } from './read-once.ts';
import { killSwitch, type Rules } from './rules.ts';
import type { CanaryPlan, Scenario } from './scenario.ts';
import type { TimedLog } from './timed-log.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Figures {
  builds: number;
  runs: number;
  kills: number;
  overtaken: number;
  faults: number;
  /** Answers to reads that were spoilt (fuzzer/). */
  oddAnswers: number;
  events: number;
  writes: number;
  checks: number;
  live: number;
  /** Commits of which it was asked why they shipped or did not; a wrong answer is a violation. */
  explained: number;
}

/** How old what was read of the world may be when a write reaches the vendor (heroku-lost-replies.ts). */
const gatesAgeMs = 15_000 + 1_000;
/** What a person breaks while a write is on the wire cannot call it back. */
const onTheWireMs = 1_000;

/** What is true when a write arrives. */
interface WorldAtWrite {
  readonly lane: LaneWorld;
  readonly commit: string;
  readonly code: Running | null;
  readonly goingsBack: readonly GoingBack[];
  readonly rules: Rules;
  /** Why the deploy may not write by its rules. */
  readonly forbidden: string | null;
  /** What other deploys have under way at Heroku. */
  readonly underWay: readonly UnderWay[];
  readonly switchOn: boolean;
  readonly switchedAt: number;
  /** Who hold the lane by the CI's list; null: the log tells who does. */
  readonly listed: { readonly isHolder: boolean; readonly others: readonly string[] } | null;
}

export class Invariants {
  readonly violations: string[] = [];
  readonly figures: Figures = {
    builds: 0,
    runs: 0,
    kills: 0,
    overtaken: 0,
    faults: 0,
    oddAnswers: 0,
    events: 0,
    writes: 0,
    checks: 0,
    live: 0,
    explained: 0,
  };
  readonly #log: EventLog;
  readonly #writtenAt: TimedLog['writtenAt'];
  readonly #time: VirtualTime;
  readonly #canary: CanaryPlan | null;
  /** The commits of each lane's live deploys. */
  readonly #live = new Map<string, string[]>();

  constructor(
    { log, writtenAt }: TimedLog,
    time: VirtualTime,
    { canary: plan = null }: Pick<Scenario, 'canary'>,
  ) {
    this.#canary = plan;
    this.#log = log;
    this.#writtenAt = writtenAt;
    this.#time = time;
  }

  violated(what: string): void {
    this.violations.push(what);
  }

  check(holds: boolean, what: () => string): void {
    this.figures.checks += 1;
    if (!holds) this.violated(what());
  }

  onWrite(write: Write, { lane, commit }: { lane: LaneWorld; commit: string }): void {
    this.figures.writes += 1;
    if (write.restores !== null && write.app !== production) this.#onRestoring(write, lane);
    this.check(!write.isAgain, () => `${write.deploy} began twice on ${write.app} under one key`);
    const { switchOn, switchedAt } = lane;
    const isGated = goesThroughGates(write);
    const code = isGated ? runningOf(lane) : null;
    const goingsBack = isGated ? goingsBackOf(lane) : [];
    const rules = lane.rules.of(write.deploy);
    const forbidden = isGated ? lane.rules.forbids(write.deploy, write.at - gatesAgeMs) : null;
    const underWay = underWayOf(lane, write.deploy);
    const world = {
      lane,
      commit,
      code,
      goingsBack,
      rules,
      forbidden,
      underWay,
      switchOn,
      switchedAt,
      listed: lane.ci && {
        isHolder: lane.ci.isHolder(write.deploy),
        others: lane.ci.othersThan(write.deploy),
      },
    };
    void this.#time.during(this.#writeChecks(write, world));
  }

  #onRestoring({ at, deploy, restores: release }: Write, lane: LaneWorld): void {
    const live = this.#liveOf(lane, deploy);
    const wrong = wronglyPutBack(lane, { live, release, at });
    this.check(wrong === null, () => `${deploy} puts back ${wrong}`);
  }

  /** At the moment at which a deploy of that lane is live. */
  onLive(lane: string, commit: string): void {
    this.#live.set(lane, [...(this.#live.get(lane) ?? []), commit]);
  }

  #liveOf(lane: LaneWorld, deploy: string): readonly string[] {
    return this.#live.get(lane.rules.of(deploy).lane) ?? [];
  }

  /** At the moment at which a deploy says that nothing may run on the canary again. */
  onNothingToRestore(lane: LaneWorld, deploy: string): void {
    const back = couldBePutBack(lane, deploy, this.#liveOf(lane, deploy));
    this.check(back === null, () => `${deploy} found nothing to restore, though ${back}`);
  }

  async #writeChecks(write: Write, world: WorldAtWrite): Promise<void> {
    const { at, deploy, app } = write;
    const { lane, commit, code, goingsBack, rules, forbidden, switchOn, switchedAt } = world;
    const state = await readLane(this.#log, rules.lane);
    const stream = await this.#log.readStream(laneStream(rules.lane));
    const last = (type: string): number =>
      this.#writtenAt(stream.findLast((event) => event.type === type)?.id ?? '');
    const { grant } = state;
    const { listed } = world;
    const isHolder = listed?.isHolder ?? (grant?.deploy === deploy && !grant.released);
    this.check(
      listed === null || listed.others.length === 0,
      () => `${deploy} wrote to ${app} while ${listed?.others} held the lane, too`,
    );
    this.check(
      isHolder || at - last('lock.broken') < onTheWireMs,
      () =>
        `${deploy} wrote to ${app} while ${grant?.released ? 'nobody' : grant?.deploy} held ${rules.lane}`,
    );
    // Of a job that has ended the CI's list tells nothing more.
    if (listed === null) await this.#quiet(lane, { deploy, app }, world.underWay);
    if (!goesThroughGates(write)) return;
    const longAgo = at - gatesAgeMs;
    const events = await this.#log.readStream(deployStream(deploy));
    const since = events.slice(events.findLastIndex(({ type }) => type === 'deploy.observed'));
    for (const check of this.#checksBefore(app)) {
      this.check(
        since.some(({ type }) => type === check),
        () => `${deploy} went to ${app} without ${check}`,
      );
    }
    this.check(
      switchOn || switchedAt > longAgo || rules.killSwitch !== killSwitch,
      () => `${deploy} went to ${app} though the kill switch was off for ${at - switchedAt} ms`,
    );
    this.check(
      state.disabled === null || last('lane.disabled') > longAgo,
      () => `${deploy} went to ${app} though the lane was disabled`,
    );
    this.check(
      forbidden === null,
      () => `${deploy} went to ${app} though ${forbidden}, and nobody accepted that`,
    );
    for (const { what, at: since, liftedBy } of goingsBack) {
      this.check(
        since > longAgo || liftedBy.some((release) => state.lifted.has(release)),
        () => `${deploy} went to ${app} though it was ${what} ${at - since} ms before`,
      );
    }
    for (const { deploy: ordered, first } of state.waiting) {
      if (first !== true || !(await hasRun(this.#log, ordered))) continue;
      const joined = stream.findLast(
        ({ type, data }) => type === 'lane.joined' && data.deploy === ordered,
      );
      const since = this.#writtenAt(joined?.id ?? '');
      this.check(
        since > longAgo,
        () => `${deploy} went to ${app} though ${ordered} had waited for ${at - since} ms`,
      );
    }
    const { rollback: begun } = state;
    if (begun !== null && code?.release === begun.from.id) {
      this.check(
        last('rollback.begun') > longAgo,
        () => `${deploy} went to ${app} over what ${begun.rollback} was to take back`,
      );
    }
    if (code === null || code.at > longAgo) return;
    const relation = code.commit === null ? 'unknown' : lane.graph.relation(code.commit, commit);
    this.check(
      relation === 'ahead',
      () => `${deploy} went to ${app}, its commit being ${relation} of what ran there`,
    );
  }

  /** Events that there have to be, of this try, before such an app is written. */
  #checksBefore(app: Write['app']): readonly string[] {
    const plan = this.#canary;
    const first = plan?.place === 'in-staging’s-place' ? canary : staging;
    const ofStaging = first === staging ? ['staging.verified'] : [];
    if (app !== production || plan === null) return ofStaging;
    return [...ofStaging, 'canary.verified', ...(plan.bakeMs > 0 ? ['canary.baked'] : [])];
  }

  /** Of a holder that lost the lane nothing is under way. One that failed has given the lane back itself, whatever it left. */
  async #quiet(
    { rules }: LaneWorld,
    { deploy, app }: Pick<Write, 'deploy' | 'app'>,
    underWay: readonly UnderWay[],
  ): Promise<void> {
    for (const { what, deploy: other } of underWay) {
      // A lane by another name has a lock of its own.
      if (!rules.has(other) || rules.of(other).lane !== rules.of(deploy).lane) continue;
      const events = await this.#log.readStream(deployStream(other));
      this.check(
        // Its canary may have been taken back after it.
        events.some(({ type }) => type === 'deploy.failed'),
        () => `${deploy} wrote to ${app} while a ${what} of ${other} was under way`,
      );
    }
  }

  /** At the moment at which a deploy calls an app verified. */
  onVerified(lane: LaneWorld, deploy: string, app: string, release: string): void {
    const { settleMs } = lane.rules.of(deploy);
    const untrue = lane.health.untrue(deploy, app, { release, settleMs });
    this.check(untrue === null, () => `${deploy} calls ${app} verified, but ${untrue}`);
  }

  /** At the moment at which a deploy ends without going live. */
  onEnded(lane: LaneWorld, deploy: string): void {
    const left = leftBehind(lane, deploy);
    this.check(left === null, () => `${deploy} has ended, but ${left}`);
  }

  /** At the moment at which a deploy is held for its settings. */
  onHeldForSettings(lane: LaneWorld, deploy: string): void {
    this.check(
      lane.rules.mayBeHeld(deploy),
      () => `${deploy} was held for its settings, which are only stronger`,
    );
  }

  async atEnd(lanes: readonly LaneWorld[], complete: boolean): Promise<void> {
    const log = readOnce(this.#log);
    const verification = await log.verify();
    this.check(
      verification.fault === null,
      () => `the log is broken: ${JSON.stringify(verification.fault)}`,
    );
    for (const lane of lanes) {
      await this.#oneBuildEach(lane, log);
      await this.#onePromotionEach(lane, log);
      for (const name of lane.rules.lanes) await this.#grantsInTurn(name, log);
    }
    for (const row of await readDeploys(log, { limit: 10_000 })) {
      const { disagreement, state } = await replay(log, row.deploy);
      this.check(
        disagreement === null,
        () => `${row.deploy} does not replay: ${JSON.stringify(disagreement)}`,
      );
      this.check(
        state === row.state,
        () => `${row.deploy} is ${row.state} in the read model and ${state} in the log`,
      );
      if (row.state === 'production.live') this.figures.live += 1;
      if (!complete) continue;
      const over = state !== null && (isTagged(state, 'settled') || isTagged(state, 'paused'));
      this.check(over, () => `${row.deploy} was left in ${row.state}`);
    }
  }

  /**
   * A deploy that lost its lane, or was held and let go on, may be built once more. A CI's list gives the lane of a dead run
   * to another job, and nobody is there to record that: whoever carries the deploy on may find other code released over it.
   */
  async #oneBuildEach(lane: LaneWorld, log: EventLog): Promise<void> {
    const state = lane.state();
    const anewAfter = new Set(['lock.lost', 'deploy.resumed', ...(lane.ci ? ['run.resumed'] : [])]);
    for (const app of apps) {
      const marks = (state.apps[app]?.builds ?? []).map(({ mark }) => mark ?? '');
      for (const mark of new Set(marks)) {
        const deploy = mark.replace(/^lockstep /, '');
        const events = await log.readStream(deployStream(deploy));
        const anew = events.filter(({ type }) => anewAfter.has(type));
        const made = marks.filter((other) => other === mark).length;
        this.check(made <= 1 + anew.length, () => `${deploy} was built ${made} times on ${app}`);
      }
    }
  }

  /**
   * A deploy that was held and let go on by a person may promote its release once more; to the canary, whose history is
   * not asked when the lane is taken again, also one that lost the lane.
   */
  async #onePromotionEach(lane: LaneWorld, log: EventLog): Promise<void> {
    const { apps: of, promotions } = lane.state();
    const built = [staging, canary].flatMap((app) => {
      const { builds = [], releases = [] } = of[app] ?? {};
      return builds.map(({ mark, release }) => ({
        deploy: (mark ?? '').replace(/^lockstep /, ''),
        slug: releases.find(({ id }) => id === release)?.slug ?? null,
      }));
    });
    for (const { deploy, slug } of built) {
      if (slug === null) continue;
      const events = await log.readStream(deployStream(deploy));
      const count = (type: string) => events.filter((event) => event.type === type).length;
      const letGoOn = count('deploy.resumed');
      this.check(count('lock.waitTimedOut') === 0, () => `${deploy} waited for the lock in vain`);
      for (const app of [canary, production]) {
        const isThere = (id: string | null) => of[app]?.releases.some((one) => one.id === id);
        // One that failed at Heroku before it made a release has put nothing anywhere.
        const made = promotions.filter((one) => one.slug === slug && isThere(one.release)).length;
        const tries = 1 + letGoOn + (app === canary ? count('lock.lost') : 0);
        const max = tries * (app === canary ? (lane.shares?.length ?? 1) : 1);
        this.check(made <= max, () => `${deploy} was promoted to ${app} ${made} times`);
      }
    }
  }

  /** No grant while another one stands that was neither given back, broken nor taken over on record. */
  async #grantsInTurn(lane: string, log: EventLog): Promise<void> {
    let standing: { deploy: string; token: number } | null = null;
    for (const { type, data, version } of await log.readStream(laneStream(lane))) {
      if (type === 'lock.granted') {
        const taken = data.takenOver as { token: number } | null;
        const before: { deploy: string; token: number } | null = standing;
        this.check(
          before === null || taken?.token === before.token,
          () => `${lane}@${version}: granted to ${data.deploy} while ${before?.deploy} held it`,
        );
        standing = { deploy: String(data.deploy), token: version };
      } else if (type === 'lock.released' || type === 'lock.broken') {
        if (standing?.token === data.token) standing = null;
      }
    }
  }
}

/** The canary is a part of production; what is put back is not held by anything. */
const goesThroughGates = ({ app, restores }: Write): boolean =>
  app !== staging && restores === null;

/** Work that a deploy began at Heroku and that has not come to its end. */
interface UnderWay {
  readonly what: 'build' | 'promotion' | 'release';
  readonly deploy: string;
}

/**
 * What deploys other than this one have under way, also what no list of Heroku's shows: a promotion that has made no
 * release yet. People's own work carries no mark.
 */
function underWayOf(lane: LaneWorld, deploy: string): UnderWay[] {
  const all = apps.flatMap((name) => lane.state().apps[name] ?? []);
  const builds = all.flatMap((app) => app.builds);
  const releases = all.flatMap((app) => app.releases);
  // A person's rollback puts a deploy's slug there, and is no work of that deploy.
  const byDeploys = releases.filter(({ by }) => !isPerson(by));
  const slugOf = (release: string | null) => releases.find(({ id }) => id === release)?.slug;
  const markOf = (slug: string | null) =>
    builds.find(({ release }) => slug !== null && slugOf(release) === slug)?.mark ?? null;
  const pending = [
    ...builds.map(({ status, mark }) => ({ what: 'build' as const, status, mark })),
    ...byDeploys.map(({ status, slug }) => ({
      what: 'release' as const,
      status,
      mark: markOf(slug),
    })),
    ...lane.state().promotions.map(({ status, release, slug }) => ({
      what: 'promotion' as const,
      status: release === null ? status : 'made',
      mark: markOf(slug),
    })),
  ].filter(({ status }) => status === 'pending');
  return pending.flatMap(({ what, mark }) => {
    const maker = /^lockstep (\S+)/.exec(mark ?? '')?.[1];
    return maker === undefined || maker === deploy ? [] : [{ what, deploy: maker }];
  });
}
