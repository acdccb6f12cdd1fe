/** Taking a canary back: not where production runs the commit, too, and to what production runs, or was last verified with. */
import type { StepPorts } from '../../effects/ports.ts';
import type { RestoreInput, Running, Target } from '../../effects/targets/target.ts';
import type { Artifact, Release } from '../../machine/events.ts';
import type { Lane } from '../../machine/lane.ts';
import type { Asked, ServiceInput, ServiceOutput } from '../../machine/services.ts';
import { askedOf, type Quiet, quiesce } from '../lock/quiesce.ts';
import { observeSettled, type ProductionOptions } from './production.ts';

/**
 * What may run on the canary again, the best first: what production runs, where a deploy of the lane was live with that
 * commit, or where somebody took production back to it; what the last deploy that was live put there; else what production runs, or ran when the deploy began, which
 * nobody verified; else what any deploy of the lane was live with, the newest first. Never what the canary happened to run
 * before: a deploy that was cancelled or killed there may have left it.
 *
 * @param running null: production runs no code, or nothing tells
 * @param observed the commit that production ran when the deploy began
 */
export function mayRunAgain(
  running: Pick<Running, 'artifact' | 'release' | 'isRollback'> | null,
  { shipped, live }: Pick<Lane, 'shipped' | 'live'>,
  observed: string | null,
): readonly Artifact[] {
  const last = shipped === null ? [] : [{ ...shipped.artifact, commit: shipped.commit }];
  const before = [...(observed === null ? [] : [observed]), ...live.toReversed()].map(ofCommit);
  if (running === null) return [...last, ...before];
  const { artifact, release, isRollback } = running;
  // What a person took production back from may be what was live last: it is bad, whatever was verified of it.
  const isVerified =
    isRollback ||
    shipped?.release.id === release.id ||
    (artifact.commit !== null && live.includes(artifact.commit));
  return isVerified ? [artifact, ...last, ...before] : [...last, artifact, ...before];
}

/** Whatever was built of it. */
const ofCommit = (commit: string): Artifact => ({
  kind: 'commit',
  id: commit,
  digest: null,
  commit,
});

/**
 * Has the canary run what was verified before, once nothing is under way there.
 *
 * @param keyOf the key that a target was told, for one of the input's
 * @throws E_RELEASE_UNDER_WAY, and what `restore` of the target throws: the canary may run the commit still
 */
export async function takeBack(
  { lane, target, commit, keys, production, asked, timeoutMs }: ServiceInput<'restore'>,
  options: ProductionOptions,
  keyOf: (key: string) => string,
  ports: StepPorts,
): Promise<ServiceOutput<'restore'>> {
  const place = options.targets(target);
  const rest = options.targets(production.target);
  // The lane is held meanwhile: what never ends there must not hold it for ever.
  const places = production.isGiven ? [place, rest] : [place];
  const quiet = places.map((one) => neverStuck(one, asked));
  await quiesce(quiet, ports);
  const running = rest.isReadable
    ? (await observeSettled(rest, options.history, ports)).running
    : null;
  const hasIt = rest.isReadable ? running?.artifact.commit === commit : production.isGiven;
  if (hasIt) return { kind: 'restored', release: null, stays: 'production' };
  const to = mayRunAgain(running, await options.readLane(lane), production.observed);
  const takingBack = { ...ports, deadlineMs: ports.clock.ran() + timeoutMs };
  const runsCommit = async () => (await place.observe(ports)).running?.artifact.commit === commit;
  const told = keys.map(keyOf);
  for (let looks = 1; ; looks++) {
    const { release, runsIt } = await restoreAny(place, told, { to, timeoutMs }, takingBack);
    if (release !== null) return { kind: 'restored', release, stays: null };
    const stays = runsIt || (place.isReadable && (await runsCommit())) ? 'somebody' : null;
    // One answer may have left out whose it is: it is asked once more before that is believed.
    const isSure = stays === null || runsIt || looks === looksMax;
    if (isSure) return { kind: 'restored', release: null, stays };
  }
}

const looksMax = 2;

/** Under the first key by which the canary can be taken back; `runsIt`: it cannot, but runs what was submitted under one of them. */
async function restoreAny(
  place: Target,
  keys: readonly string[],
  how: Omit<RestoreInput, 'key'>,
  ports: StepPorts,
): Promise<{ readonly release: Release | null; readonly runsIt: boolean }> {
  let runsIt = false;
  for (const key of keys) {
    const answer = await place.restore({ ...how, key }, ports);
    if (answer.kind === 'restored') return { release: answer.release, runsIt };
    runsIt ||= answer.runsIt;
  }
  return { release: null, runsIt };
}

/** Whatever was asked for without an answer was looked for before: the deploy’s run carries on. */
const neverStuck = (target: Target, asked: readonly Asked[]): Quiet => ({
  target,
  stuckAfterMs: null,
  asked: askedOf(target.settings, asked),
  mayHaveMore: false,
});
