/**
 * What must have shipped in the end: each commit that a build asked for, unless what was told instead is true of the world
 * (ends.ts). Whoever gave way to a newer build is carried by it, or told with it why not: a chain that ends nowhere, or at a
 * deploy that there is not, is a commit that was dropped without a word.
 */
import type { RecordedEvent } from '../../src/store/log.ts';
import { production } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';

interface Asked {
  readonly deploy: string;
  /** The lane's name by its rules. */
  readonly lane: string;
  readonly commit: string;
  state: string;
  /** What it gave way to; a canary may be taken back since. */
  gaveWay: RecordedEvent['data'] | null;
}

/** In these, a reason was told: ends.ts holds it against the world. */
const toldWhy = new Set(['failed', 'blockedByRollback', 'disabled']);

export class MustShip {
  readonly #asked = new Map<string, Asked>();

  asked(deploy: string, lane: string, commit: string): void {
    if (this.#asked.has(deploy)) return;
    this.#asked.set(deploy, { deploy, lane, commit, state: '', gaveWay: null });
  }

  happened(deploy: string, { type, data, metadata }: RecordedEvent): void {
    const of = this.#asked.get(deploy);
    const { to } = (metadata.transition ?? {}) as { to?: string };
    if (of === undefined || to === undefined) return;
    of.state = to;
    if (type === 'deploy.superseded') of.gaveWay = data;
  }

  /** @param builds each build that ever came, by its label and its commit; in words, what has not shipped and should have */
  missing(world: LaneWorld, builds: readonly { label: string; commit: string }[]): string[] {
    const all = [...this.#asked.values()];
    return builds.flatMap(({ label, commit }) => {
      const own = all.filter((of) => of.commit === commit && of.deploy.startsWith(`${label}-`));
      if (own.length === 0)
        return [`build ${label} asked for ${commit}, and there is no deploy of it`];
      return own.flatMap((of) => this.#whyMissing(of, world) ?? []);
    });
  }

  #whyMissing(asked: Asked, world: LaneWorld): string | null {
    const passed = new Set<Asked>();
    for (let at = asked; ; ) {
      if (passed.has(at)) return `${asked.deploy} is carried by itself`;
      passed.add(at);
      const carrier = this.#carrierOf(at);
      if (carrier === null) return whyUntold(asked, at, world);
      const next = this.#asked.get(world.ci?.deployCalled(carrier) ?? carrier);
      if (next === undefined)
        return `${asked.deploy} gave way to ${carrier}, which nobody asked for`;
      if (next.lane !== at.lane && world.ci === null)
        return `${asked.deploy} gave way to ${carrier} of another lane`;
      at = next;
    }
  }

  #carrierOf({ state, gaveWay }: Asked): string | null {
    if (state !== 'superseded' || gaveWay?.cause !== 'newer-build') return null;
    return (gaveWay.by as { deploy: string }).deploy;
  }
}

/** @param at where the chain of those that gave way ends */
function whyUntold(asked: Asked, at: Asked, world: LaneWorld): string | null {
  const carried = at === asked ? asked.deploy : `${asked.deploy}, carried by ${at.deploy},`;
  if (toldWhy.has(at.state)) return null;
  if (at.state === 'superseded' && at.gaveWay?.cause === 'diverged') return null;
  const shouldRun = at.state === 'production.live' || at.state === 'superseded';
  if (!shouldRun) return `${carried} has come to no end: it is ${at.state}`;
  // A CI's list knows no commits: a newer build of an older one goes first.
  const isCarried = world.ci === null || world.graph.isAncestor(asked.commit, at.commit);
  if (!isCarried || hasRun(world, asked.commit)) return null;
  return `${carried} is ${at.state}, but production never ran ${asked.commit}`;
}

/** It, or one that contains it. */
function hasRun(world: LaneWorld, commit: string): boolean {
  const releases = world.state().apps[production]?.releases ?? [];
  return releases.some(
    ({ status, commit: ran }) =>
      (status === 'succeeded' || status === 'expired') &&
      ran !== null &&
      world.graph.isAncestor(commit, ran),
  );
}
