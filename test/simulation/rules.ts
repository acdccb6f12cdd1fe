/**
 * By which rules a lane's builds go, as people change them from commit to commit, and whether they may
 * write production by them. What is weaker is told here by hand, from what the people changed.
 */
import type { RecordedEvent } from '../../src/store/log.ts';
import type { RulesAct } from './acts.ts';
import { settleMs } from './scenario.ts';

/** What a commit's configuration says; both apps are verified alike. */
export interface Rules {
  /** The lane's name (`app`). */
  readonly lane: string;
  readonly settleMs: number;
  /** How often the endpoint has to answer right; 0: it is not asked. */
  readonly successes: number;
  readonly killSwitch: string;
}

export const killSwitch = 'PRODUCTION_CD_ENABLED';
/** A variable that is `true` whatever people do with the kill switch. */
export const otherSwitch = 'ALWAYS_TRUE';

const rulesAtFirst = (lane: string): Rules => ({
  lane,
  settleMs,
  successes: 1,
  killSwitch,
});

export const changesOfRules: Readonly<Record<RulesAct, (now: Rules, lane: string) => Rules>> = {
  'settle-less': (now) => ({ ...now, settleMs: settleMs / 2 }),
  'settle-longer': (now) => ({ ...now, settleMs: settleMs + 5_000 }),
  'endpoint-removed': (now) => ({ ...now, successes: 0 }),
  'endpoint-twice': (now) => ({ ...now, successes: 2 }),
  'other-switch': (now) => ({ ...now, killSwitch: otherSwitch }),
  'other-lane': (now, lane) => ({ ...now, lane: `${lane}-renamed` }),
  'rules-at-first': (_, lane) => rulesAtFirst(lane),
};

export const isRulesAct = (act: string): act is RulesAct => Object.hasOwn(changesOfRules, act);

function isWeaker(before: Rules, after: Rules): boolean {
  return (
    after.settleMs < before.settleMs ||
    after.successes < before.successes ||
    after.killSwitch !== before.killSwitch
  );
}

interface Live {
  readonly deploy: string;
  readonly rules: Rules;
  /** By the world's time: milliseconds since the epoch. */
  readonly at: number;
  readonly passedGates: boolean;
}

/** The rules of one app's deploys, under whatever lane's name they go. */
export class RulesWorld {
  now: Rules;
  /** Digests that the environment accepts, as people read them where a deploy was held. */
  readonly trust = new Set<string>();
  readonly #ofDeploys = new Map<string, Rules>();
  readonly #accepted = new Set<string>();
  readonly #passedGates = new Set<string>();
  readonly #live: Live[] = [];

  constructor(lane: string) {
    this.now = rulesAtFirst(lane);
  }

  asked(deploy: string, rules: Rules): void {
    this.#ofDeploys.set(deploy, rules);
  }

  of(deploy: string): Rules {
    const rules = this.#ofDeploys.get(deploy);
    if (rules === undefined) throw new Error(`nobody asked for ${deploy}`);
    return rules;
  }

  has(deploy: string): boolean {
    return this.#ofDeploys.has(deploy);
  }

  /** Under which names the lane went. */
  get lanes(): ReadonlySet<string> {
    return new Set([...this.#ofDeploys.values()].map(({ lane }) => lane));
  }

  /** A person has seen what the deploy was held for, and accepts it. */
  accept(deploy: string, about: 'settings' | 'log'): void {
    this.#accepted.add(acceptance(this.of(deploy), about));
  }

  /** An event of a deploy, at the moment at which it was written. */
  happened(deploy: string, { type, data, metadata }: RecordedEvent, at: number): void {
    if (type === 'gates.passed') this.#passedGates.add(deploy);
    // What was found in production, and is not the deploy's own work, passed no gates.
    if (type === 'production.found' && data.own === false) this.#passedGates.delete(deploy);
    const { to } = (metadata.transition ?? {}) as { to?: string };
    if (to !== 'production.live') return;
    const passedGates = this.#passedGates.has(deploy);
    this.#live.push({ deploy, rules: this.of(deploy), at, passedGates });
  }

  /** Why the deploy may not write production by its rules; null: it may. @param longAgo later changes may be unknown to it */
  forbids(deploy: string, longAgo: number): string | null {
    const rules = this.of(deploy);
    const known = this.#live.filter(({ at }) => at <= longAgo);
    const last = this.#comparedWith(rules.lane).findLast(({ at }) => at <= longAgo);
    const newer = this.#comparedWith(rules.lane).filter(({ at }) => at > longAgo);
    const against = [...(last === undefined ? [] : [last]), ...newer];
    const isKnownWeaker = against.length > 0 && against.every((o) => isWeaker(o.rules, rules));
    if (isKnownWeaker && last !== undefined && !this.#isAccepted(rules, 'settings')) {
      return `its rules ${JSON.stringify(rules)} are weaker than those of ${last.deploy} (${JSON.stringify(last.rules)})`;
    }
    const other = known.findLast((one) => one.rules.lane !== rules.lane);
    const isNew = this.#live.every((one) => one.rules.lane !== rules.lane);
    if (isNew && other !== undefined && !this.#isAccepted(rules, 'log')) {
      return `its lane ${rules.lane} is new, and lane ${other.rules.lane} ships to the same app`;
    }
    return null;
  }

  /** Whether the deploy's rules are weaker than those of the last live deploy, or of the one before that. */
  mayBeHeld(deploy: string): boolean {
    const rules = this.of(deploy);
    return this.#comparedWith(rules.lane)
      .slice(-2)
      .some((one) => isWeaker(one.rules, rules));
  }

  #comparedWith(lane: string): Live[] {
    return this.#live.filter(({ rules, passedGates }) => passedGates && rules.lane === lane);
  }

  #isAccepted(rules: Rules, about: 'settings' | 'log'): boolean {
    return this.#accepted.has(acceptance(rules, about));
  }
}

/** Accepted once is accepted for every deploy with the same settings, or of the same lane. */
const acceptance = (rules: Rules, about: 'settings' | 'log'): string =>
  about === 'settings' ? JSON.stringify(rules) : rules.lane;
