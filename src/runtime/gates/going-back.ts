/** Whether somebody took production back to older code, by whatever name: that holds until a person lifts it. */

import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import {
  type Decision,
  isSameArtifact,
  type Observed,
  type Running,
  type Target,
} from '../../effects/targets/target.ts';
import type { Artifact } from '../../machine/events.ts';
import { type Lane, type Relation, targetName } from '../../machine/lane.ts';
import type { GoingBack } from '../../machine/taken-back.ts';

/** What a target runs, with nothing under way. */
export type Settled = Omit<Observed, 'pending'>;

/** What compares commits. */
export type ComparingHistory = Pick<History, 'relation' | 'fullId'>;

/**
 * The going-back that holds the target, newest first: a release that failed though it was to go back, or
 * what runs. What a deploy of this lane released is none, whatever it is called; nor is what a
 * person lifted, nor a try that failed before that one.
 */
export async function goingBack(
  target: Target,
  { running, before, failed }: Settled,
  lane: Pick<Lane, 'lifted' | 'deployed' | 'shipped'>,
  history: ComparingHistory,
  ports: Ports,
): Promise<GoingBack | null> {
  if (running === null) return null;
  const comparison = new Comparison(target, history, ports);
  const { commit } = running.artifact;
  for (const attempt of failed) {
    // Whoever lifted it was told of it, and not of what runs: that is looked at by itself.
    if (lane.lifted.has(attempt.release.id)) break;
    if (lane.deployed.includes(attempt.release.id)) continue;
    const kind = await comparison.attempt(attempt, running);
    if (kind !== null) return toldOf(attempt, kind, commit, versionOf(running, target, lane));
  }
  const { id } = running.release;
  if (lane.lifted.has(id) || lane.deployed.includes(id)) return null;
  const kind = await comparison.running(running, before);
  return kind === null ? null : toldOf(running, kind, commit, versionOf(before, target, lane));
}

/** Of code that the lane shipped, the release by which it did: what changed only the configuration since is another one of the same code. */
function versionOf(
  decision: Decision | null,
  { settings }: Target,
  { shipped }: Pick<Lane, 'shipped'>,
): string | null {
  if (decision === null) return null;
  const isShipped =
    shipped !== null &&
    shipped.target === targetName(settings) &&
    isSameArtifact(shipped.artifact, decision.artifact);
  return isShipped ? shipped.release.version : decision.release.version;
}

function toldOf(
  { release, description, by, at }: Decision,
  kind: GoingBack['kind'],
  commit: string | null,
  before: string | null,
): GoingBack {
  return { release, description, by, at, commit, kind, before };
}

/** How a release stands to the one that runs: of older code, or made by a rollback. */
class Comparison {
  readonly #target: Target;
  readonly #history: ComparingHistory;
  readonly #ports: Ports;

  constructor(target: Target, history: ComparingHistory, ports: Ports) {
    this.#target = target;
    this.#history = history;
    this.#ports = ports;
  }

  /** A release that failed says only what was wanted: it holds where that is known to be older code. */
  async attempt(attempt: Decision, running: Running): Promise<GoingBack['kind'] | null> {
    if (attempt.isRollback) return 'failed-rollback';
    const { artifact } = attempt;
    if (artifact === null || isSameArtifact(artifact, running.artifact)) return null;
    const relation = await this.#relation(running.artifact.commit, await this.#commitOf(artifact));
    if (relation === 'behind') return 'failed-behind';
    if (relation === 'ahead') return null;
    return (await this.#ranBefore(artifact, running)) ? 'failed-behind' : null;
  }

  async running(running: Running, before: Decision | null): Promise<GoingBack['kind'] | null> {
    if (running.isRollback) return 'rollback';
    if (before === null) return null;
    const older = before.artifact === null ? null : await this.#commitOf(before.artifact);
    const relation = await this.#relation(older, running.artifact.commit);
    if (relation === 'ahead') return null;
    if (relation === 'behind') return 'behind';
    if (await this.#ranBefore(running.artifact, before)) return 'older-artifact';
    return relation === 'unknown' ? 'unknown' : null;
  }

  async #relation(base: string | null, head: string | null): Promise<Relation> {
    if (base === null || head === null) return 'unknown';
    return this.#history.relation(base, head, this.#ports);
  }

  async #commitOf(artifact: Artifact): Promise<string | null> {
    if (artifact.commit !== null) return artifact.commit;
    const named = await this.#target.namedCommit(artifact, this.#ports);
    return named === null ? null : this.#history.fullId(named, this.#ports);
  }

  #ranBefore(artifact: Artifact, { release }: Decision): Promise<boolean> {
    return this.#target.ranBefore(artifact, release, this.#ports);
  }
}
