/**
 * What is said of why each commit of a history shipped or did not, held against what the simulation knows: which commit each
 * deploy was of, which became live in which order, how each ended, and what production ran.
 */
import { readDeployRecord } from '../../src/runtime/accounts/deploy-record.ts';
import { explain } from '../../src/runtime/audit/explain.ts';
import { factsOf } from '../../src/runtime/audit/explain-facts.ts';
import type { Explanation, Verdict } from '../../src/runtime/audit/explanation.ts';
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import { lifeFaults } from '../runtime/accounts/lives.ts';
import { production } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';

interface Deploy {
  readonly deploy: string;
  readonly lane: string;
  readonly commit: string;
  state: string;
  /** The last event's, where it is a superseding. */
  cause: string | null;
}

/** What became of each deploy, noted as it happens. */
export class Explained {
  readonly #deploys = new Map<string, Deploy>();
  readonly #live: Deploy[] = [];
  answers = 0;

  asked(deploy: string, lane: string, commit: string): void {
    if (this.#deploys.has(deploy)) return;
    this.#deploys.set(deploy, { deploy, lane, commit, state: '', cause: null });
  }

  happened(deploy: string, { type, data, metadata }: RecordedEvent): void {
    const of = this.#deploys.get(deploy);
    const { to } = (metadata.transition ?? {}) as { to?: string };
    if (of === undefined || to === undefined) return;
    of.state = to;
    // A canary is taken back, or lost, after the deploy had come to its end.
    if (type === 'deploy.superseded') of.cause = String(data.cause);
    if (to === 'production.live') this.#live.push(of);
  }

  /** Asks for every commit, in each lane that it may have gone by; in words, what is wrong. */
  async wrong(log: EventLog, world: LaneWorld): Promise<string[]> {
    const { graph } = world;
    const facts = factsOf(log);
    const order = graph.order();
    const wrong: string[] = [];
    for (const lane of world.rules.lanes) {
      for (const commit of graph.all) {
        const told = await explain({ commit, lane, deploy: null }, facts, order);
        const why = this.#whyWrong(told, commit, lane, world);
        this.answers += 1;
        if (why !== null) wrong.push(`of ${commit} in ${lane}: ${why}; said: ${told.headline}`);
      }
    }
    for (const { deploy } of this.#deploys.values()) {
      const record = await readDeployRecord(log, deploy);
      const faults = record === null ? [] : lifeFaults(record);
      wrong.push(...faults.map((fault) => `in the words of CDEvents, ${deploy}: ${fault}`));
    }
    return wrong;
  }

  #whyWrong(told: Explanation, commit: string, lane: string, world: LaneWorld): string | null {
    const { verdict, deploy } = told;
    const has = (of: Deploy) => world.graph.isAncestor(commit, of.commit);
    const shipped = this.#live.find((of) => of.lane === lane && has(of));
    const seen = whatIsUntrue(told, commit, world);
    if (seen !== null) return seen;
    if (shipped !== undefined) {
      const right = shipped.commit === commit ? 'live' : 'carried';
      if (verdict === right && deploy === shipped.deploy) return null;
      return `it is ${right} with ${shipped.deploy}, not ${verdict} with ${deploy}`;
    }
    const having = [...this.#deploys.values()].filter(
      (of) => of.lane === lane && of.state !== '' && has(of),
    );
    if (having.length === 0)
      return verdict === 'notAsked' ? null : `nobody asked, and it is ${verdict}`;
    const named = having.find((of) => of.deploy === deploy);
    if (named === undefined) return `${deploy} does not have it`;
    if (verdictOf(named) !== verdict) return `${deploy} is ${named.state}, not ${verdict}`;
    const mayGoOn = having.filter(isOpen);
    if (mayGoOn.length > 0 && !isOpen(named)) return `${mayGoOn[0]?.deploy} may ship it yet`;
    const own = mayGoOn.some((of) => of.commit === commit);
    return own && named.commit !== commit ? 'its own deploy may go on' : null;
  }
}

const held: Readonly<Record<string, Verdict>> = {
  blockedByRollback: 'held',
  disabled: 'disabled',
  failed: 'failed',
};

const isOpen = (of: Deploy): boolean =>
  ['held', 'disabled', 'underWay', 'waitTimedOut'].includes(verdictOf(of));

function verdictOf({ state, cause }: Deploy): Verdict {
  if (state === 'queued.gaveUp') return 'waitTimedOut';
  if (state === 'superseded') return cause === 'diverged' ? 'diverged' : 'contained';
  return held[state] ?? 'underWay';
}

/** What is said of production was so: that release was of that commit, and it has the commit or has it not. */
function whatIsUntrue(
  { production: seen }: Explanation,
  commit: string,
  lane: LaneWorld,
): string | null {
  if (seen === null) return null;
  const { version, commit: ran, has } = seen;
  const releases = lane.state().apps[production]?.releases ?? [];
  if (version !== null && ran !== null) {
    const release = releases.find((one) => `v${one.version}` === version);
    if (release?.commit !== ran) return `${version} is of ${release?.commit}, not of ${ran}`;
  }
  const truth = ran === null ? null : lane.graph.isAncestor(commit, ran);
  return has === truth ? null : `production’s ${ran} has it: ${truth}, not ${has}`;
}
