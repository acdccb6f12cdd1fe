/** What production runs, once nothing is under way there, and how a commit stands to it. */
import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import {
  type Decision,
  type Expected,
  type Running,
  shownDescription,
  type Target,
  type Targets,
} from '../../effects/targets/target.ts';
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import type {
  OtherRelease,
  Running as RunningCommit,
  Stuck,
  TargetSettings,
} from '../../machine/events.ts';
import { type Lane, targetName } from '../../machine/lane.ts';
import type { Refusal } from '../../machine/services.ts';
import type { GoingBack } from '../../machine/taken-back.ts';
import { goingBack, type Settled } from './going-back.ts';
import { stuckAt } from './stuck.ts';

export interface ProductionOptions {
  readonly targets: Targets;
  readonly history: History;
  readonly readLane: (lane: string) => Promise<Lane>;
}

export interface StandingInput {
  readonly lane: string;
  /** Production. */
  readonly target: TargetSettings;
  readonly commit: string;
  /** Order does not stop this deploy: a person said so. */
  readonly overridden: boolean;
}

export interface Standing {
  readonly order: Order;
  /** What holds production; null: nothing that is known to be a going-back. */
  readonly held: GoingBack | null;
  /** What runs is that going-back itself; false where one was only tried, and failed. */
  readonly isTakenBack: boolean;
  readonly lane: Lane;
  readonly running: Running | null;
  /** Where production's history ends. */
  readonly cursor: string;
  /** Releases that no deploy of the lane made, the older one first: what ran before what runs, and that. */
  readonly others: readonly OtherRelease[];
}

export type Order =
  /** `waived`: nothing tells what production runs, and the configuration says that it need not. */
  | {
      readonly kind: 'ahead' | 'first' | 'overridden' | 'waived';
      readonly production: RunningCommit;
    }
  /** Production runs exactly this commit, and no deploy of the lane has verified it. */
  | Extract<Refusal, { kind: 'found' }>
  | Extract<Refusal, { kind: 'superseded' }>;

/** What is under way for longer is stuck: the targets that limit a release do so after an hour. */
export const otherReleaseTimeoutMs = 60 * 60_000;
const otherReleasePollMs = 5_000;

/** @param expected what is thought to run there @throws E_RELEASE_UNDER_WAY a release is under way for more than an hour by the target's clock, or ours */
export async function observeSettled(
  target: Target,
  history: History,
  ports: Ports,
  expected: () => Promise<Expected | null> = async () => null,
): Promise<Settled> {
  const { name } = target.settings;
  const deadline = ports.clock.ran() + otherReleaseTimeoutMs;
  for (;;) {
    const { pending, ...seen } = await target.observe(ports, expected);
    if (pending === null) return { ...seen, running: await resolved(seen.running, history, ports) };
    const {
      release: { version },
      description,
      ageMs,
    } = pending;
    if (ageMs >= otherReleaseTimeoutMs || ports.clock.ran() >= deadline) {
      throw new LockstepError(
        'E_RELEASE_UNDER_WAY',
        `${name} has had release ${version} (${shownDescription(description)}) under way for ${formatDuration(ageMs)}`,
        {
          hint: `See what it waits for: ${target.hints.release(version)}. Nothing is released to ${name} until it is over.`,
          details: { target: name, version, ageMs },
        },
      );
    }
    ports.progress(
      `${name}: release ${version} has been under way for ${formatDuration(ageMs)}; waiting for it`,
    );
    await ports.clock.sleep(otherReleasePollMs, ports.signal);
  }
}

/** Some tools name an artifact's commit by its first digits. */
async function resolved(
  running: Running | null,
  history: History,
  ports: Ports,
): Promise<Running | null> {
  if (running === null || running.artifact.commit !== null || running.named === null) {
    return running;
  }
  const commit = await history.fullId(running.named, ports);
  return { ...running, artifact: { ...running.artifact, commit } };
}

/** @throws E_ORDER_UNKNOWN, and what reading throws */
export async function readStanding(
  input: StandingInput,
  options: ProductionOptions,
  ports: Ports,
): Promise<Standing> {
  const target = options.targets(input.target);
  if (!target.isReadable) return unread(await options.readLane(input.lane));
  const expected = async () => expectedAt(input.target, await options.readLane(input.lane));
  const state = await observeSettled(target, options.history, ports, expected);
  // Anew: what happened to the lane by the time that it was seen is known.
  const lane = await options.readLane(input.lane);
  const { running, cursor } = state;
  const relation = await relationTo(running, input.commit, options.history, ports);
  const held = await holding(input, target, state, lane, options.history, ports);
  const isTakenBack = held !== null && held.release.id === running?.release.id;
  const stuck =
    running !== null && relation === 'diverged' && !input.overridden
      ? await stuckAt(input.commit, running.release, lane, options.history, ports)
      : null;
  const order = orderOf(input, running, relation, { isTakenBack, lane, stuck });
  const others = othersIn([state.before, running], lane);
  return { order, held, isTakenBack, lane, running, cursor, others };
}

/** What the lane shipped last runs there still, most of the time. */
function expectedAt(target: TargetSettings, { shipped }: Lane): Expected | null {
  return shipped?.target === targetName(target) ? shipped : null;
}

/** Nothing is concluded from it: neither that the commit is new there nor that nobody went back. */
function unread(lane: Lane): Standing {
  const order: Order = { kind: 'waived', production: { version: null, commit: null } };
  return { order, held: null, isTakenBack: false, lane, running: null, cursor: '', others: [] };
}

function othersIn(seen: readonly (Decision | null)[], lane: Lane): OtherRelease[] {
  return seen.flatMap((one) => {
    if (one === null || lane.deployed.includes(one.release.id)) return [];
    const { release, description, by, at, artifact } = one;
    return [{ release, description, by, at, commit: artifact?.commit ?? null }];
  });
}

type Standings = Awaited<ReturnType<History['relation']>> | 'first';

async function relationTo(
  running: Running | null,
  commit: string,
  history: History,
  ports: Ports,
): Promise<Standings> {
  if (running === null) return 'first';
  const { artifact } = running;
  return artifact.commit === null ? 'unknown' : history.relation(artifact.commit, commit, ports);
}

/** Who overrides order answers for what cannot be told of it, too; not for what somebody took back. */
async function holding(
  { overridden }: StandingInput,
  target: Target,
  state: Settled,
  lane: Lane,
  history: History,
  ports: Ports,
): Promise<GoingBack | null> {
  const back = await goingBack(target, state, lane, history, ports);
  return overridden && back?.kind === 'unknown' ? null : back;
}

function orderOf(
  { overridden }: StandingInput,
  running: Running | null,
  relation: Standings,
  { isTakenBack, lane, stuck }: Pick<Standing, 'isTakenBack' | 'lane'> & { stuck: Stuck | null },
): Order {
  if (running === null) return { kind: 'first', production: { version: null, commit: null } };
  const { release, artifact } = running;
  const production = { version: release.version, commit: artifact.commit };
  if (overridden) return { kind: 'overridden', production };
  const verified = lane.shipped?.release.id === release.id;
  switch (relation) {
    case 'same':
      if (!verified && !isTakenBack) return { kind: 'found', release, artifact, own: false };
      return { kind: 'superseded', cause: 'contained', production, verified };
    case 'behind':
      return { kind: 'superseded', cause: 'contained', production, verified };
    case 'diverged':
      return { kind: 'superseded', cause: 'diverged', production, verified, stuck };
    case 'ahead':
      return { kind: 'ahead', production };
    default:
      throw orderUnknown(running);
  }
}

function orderUnknown({ named, artifact, release: { version } }: Running): LockstepError {
  const { kind, commit } = artifact;
  return new LockstepError(
    'E_ORDER_UNKNOWN',
    `how this commit stands to what production runs (${commit ?? named ?? `a ${kind} that names no commit`}, ${version}) cannot be told`,
    {
      hint: 'Bring the commit that production runs into this clone: git fetch, in a CI fetch-depth: 0. Or set a GITHUB_TOKEN that reads the repository; or take responsibility with --override --reason.',
      details: { version, commit },
    },
  );
}
