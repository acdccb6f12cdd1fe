/** Taking back what was deployed under a key: once, and over nobody else's release. */
import { LockstepError } from '../../../errors/error.ts';
import type { Artifact } from '../../../machine/events.ts';
import { writeOnce } from '../../lost-replies.ts';
import { pollUntil } from '../../polling.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import { isSameArtifact, type Restored, type RestoreInput, type RollBackInput } from '../target.ts';
import { CommandError } from './error-codes.ts';
import { releaseFailed, releaseLate } from './errors.ts';
import type { Host } from './host.ts';
import { restoreKey } from './keys.ts';
import type { ReleaseLine } from './protocol.ts';
import { artifactOf, type ReleaseList, releaseOf } from './releases.ts';
import { pendingOf } from './running.ts';

const listedPausesMs = [0, 1_000, 2_000, 4_000];
const pollPauseMaxMs = 5_000;

type Untouched = Extract<Restored, { kind: 'untouched' }>;

/** What is to be taken back, and what is to run again; and the key of that, as the program is told it. */
interface Plan {
  readonly told: string;
  readonly back: ReleaseLine;
  readonly to: ReleaseLine;
}

/** How one going-back is known: what an earlier try made of it, and what it would do now. */
interface GoingBack {
  readonly onMade: (made: ReleaseLine) => void;
  readonly madeIn: (list: ReleaseList) => ReleaseLine | null;
  /** Untouched: something else runs, or is under way. */
  readonly planIn: (list: ReleaseList) => Plan | Untouched;
}

/** @throws CommandError E_NO_RESTORE; LockstepError E_NOTHING_TO_RESTORE, E_RESTORE_GONE, E_RELEASE_FAILED, E_RELEASE_TIMEOUT */
export function restore(
  host: Host,
  { key, to, timeoutMs }: RestoreInput,
  ports: StepPorts,
): Promise<Restored> {
  const way: GoingBack = {
    onMade: () => {},
    madeIn: (list) => madeBefore(list, key),
    planIn: (list) => planOf(host, list, key, to),
  };
  return goBack(host, way, timeoutMs, ports);
}

/** As `restore`, to any release that ran there. @throws as `restore` */
export function rollBack(
  host: Host,
  { from, to, key, timeoutMs, onMade }: RollBackInput,
  ports: StepPorts,
): Promise<Restored> {
  const told = restoreKey(key);
  const way: GoingBack = {
    onMade: (made) => onMade(releaseOf(made)),
    madeIn: (list) => {
      const made = list.releases.find((one) => one.key === told) ?? null;
      return made?.state === 'running' || made?.state === 'pending' ? made : null;
    },
    planIn: (list) => {
      const back = list.find(from.id);
      if (back === null || !isAlone(list, back)) return { kind: 'untouched', runsIt: false };
      const wanted = list.find(to.id);
      if (wanted === null || wanted.gone) throw gone(host, back, to.id);
      return { told, back, to: wanted };
    },
  };
  return goBack(host, way, timeoutMs, ports);
}

async function goBack(
  host: Host,
  way: GoingBack,
  timeoutMs: number,
  ports: StepPorts,
): Promise<Restored> {
  const { restore: words } = host.commands;
  if (words === null) throw noRestore(host);
  let plan: Plan | null = null;
  const written = await writeOnce<ReleaseLine, Untouched>(ports, {
    what: `taking ${host.name} back`,
    look: async () => way.madeIn(await host.list(ports)),
    clear: async () => {
      const next = way.planIn(await host.list(ports));
      plan = 'kind' in next ? null : next;
      return 'kind' in next ? next : null;
    },
    send: (cleared) => {
      if (plan === null) throw new Error('it is asked for before it is known what for');
      return send(host, words, plan, way, timeoutMs, cleared);
    },
  });
  if (written.kind === 'refused') return written.refusal;
  const { id } = written.value;
  way.onMade(written.value);
  const made = await pollUntil(ports, { timeoutMs, pauseMaxMs: pollPauseMaxMs }, async () => {
    const line = (await host.list(ports)).find(id);
    return line === null || line.state === 'pending' ? undefined : line;
  });
  if (made === undefined) throw releaseLate(host, `release ${id}`, timeoutMs);
  if (made.state === 'failed') throw releaseFailed(host, made);
  return { kind: 'restored', release: releaseOf(made), artifact: artifactOf(made) };
}

/** The newest release that was deployed under the key. */
function submitted(list: ReleaseList, key: string): ReleaseLine | null {
  return list.ofKey(key).releases[0] ?? null;
}

/** The release that took it back, or is to: also one that failed, for it is made once. */
function madeBefore(list: ReleaseList, key: string): ReleaseLine | null {
  const ours = submitted(list, key);
  if (ours?.key == null) return null;
  const takenBack = restoreKey(ours.key);
  const made = list.releases.find((one) => one.key === takenBack) ?? null;
  return made?.state === 'earlier' ? null : made;
}

/** Untouched: it is not what runs, or other code is under way. */
function planOf(
  host: Host,
  list: ReleaseList,
  key: string,
  wanted: readonly Artifact[],
): Plan | Untouched {
  const { running } = list;
  const back = submitted(list, key);
  if (back?.key == null || !isAlone(list, back)) {
    const isIts = (one: ReleaseLine) =>
      back !== null && isSameArtifact(artifactOf(one), artifactOf(back));
    return { kind: 'untouched', runsIt: running !== null && isIts(running) };
  }
  const to = list.earlierOf(wanted, back);
  if (to === null) throw nothingToRestore(host, back, wanted);
  if (to.gone) throw gone(host, back, to.id);
  return { told: restoreKey(back.key), back, to };
}

/** That it is what runs, and no other code is under way. */
function isAlone(list: ReleaseList, back: ReleaseLine): boolean {
  const isOther = (one: ReleaseLine) => !isSameArtifact(artifactOf(one), artifactOf(back));
  return list.decided?.id === back.id && !pendingOf(list).some(isOther);
}

const releaseYourself = 'Release by hand what should run there, or deploy the next commit.';

function nothingToRestore(
  { name }: Host,
  { id }: ReleaseLine,
  [wanted]: readonly Artifact[],
): LockstepError {
  const what = wanted === undefined ? 'anything that was verified' : (wanted.commit ?? wanted.id);
  return new LockstepError(
    'E_NOTHING_TO_RESTORE',
    `${name} did not run ${what} before ${id}, so there is nothing to go back to; ${id} keeps running`,
    {
      hint: releaseYourself,
      details: { target: name, release: id, wanted: wanted?.commit ?? null },
    },
  );
}

function gone(host: Host, back: ReleaseLine, to: string): LockstepError {
  return new LockstepError(
    'E_RESTORE_GONE',
    `${host.name}: ${to}, which is to run again, is not kept any more; ${back.id} keeps running`,
    { hint: releaseYourself, details: { target: host.name, release: back.id, to } },
  );
}

async function send(
  host: Host,
  words: readonly string[],
  { told: key, back, to }: Plan,
  way: GoingBack,
  timeoutMs: number,
  ports: ClearedPorts,
): Promise<ReleaseLine> {
  let said: string | null = null;
  const told = {
    LOCKSTEP_KEY: key,
    LOCKSTEP_RELEASE: back.id,
    LOCKSTEP_RESTORE: to.id,
  };
  const call = await host.begin(
    {
      operation: 'restore',
      words,
      told,
      onAnswer: (answer) => {
        if (answer.type === 'release') said = answer.id;
      },
    },
    ports,
  );
  try {
    await call.attend(ports, { timeoutMs });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const hasFailed = error.code === 'E_PROGRAM_FAILED';
    const looked = tried(host, key, ports);
    const made = await (hasFailed ? looked : looked.catch(() => null));
    if (made !== null) way.onMade(made);
    // One that runs, or may come to, has not failed, whatever its program says.
    if (!hasFailed || made?.state !== 'failed') throw error;
    throw releaseFailed(host, made, error.hint);
  }
  const made = await listed(host, key, way, ports);
  if (said === null || said === made.id) return made;
  way.onMade(made);
  throw host.wrong('restore', `it tells release ${said}, but ${made.id} is listed of its key`);
}

/** What the program made under that key, though it failed. */
async function tried(host: Host, key: string, ports: Ports): Promise<ReleaseLine | null> {
  const made = (await host.list(ports)).releases.find((one) => one.key === key) ?? null;
  return made?.state === 'earlier' ? null : made;
}

async function listed(host: Host, key: string, way: GoingBack, ports: Ports): Promise<ReleaseLine> {
  for (const pause of listedPausesMs) {
    if (pause > 0) await ports.clock.sleep(pause, ports.signal);
    const made = way.madeIn(await host.list(ports)) ?? (await tried(host, key, ports));
    if (made !== null) return made;
  }
  throw new CommandError(
    'E_PROGRAM_FORGETS',
    `${host.shown('restore')} took a release back, but ${host.shown('current')} tells none of the key ${key}`,
    {
      hint: '`current` has to tell LOCKSTEP_KEY with each release: docs/targets.md.',
      details: { key },
    },
  );
}

function noRestore({ name }: Host): CommandError {
  return new CommandError('E_NO_RESTORE', `${name} has no program that takes a deploy back`, {
    hint: 'Name one in pipeline.yml (command.restore), or go back by hand at the host.',
    details: { target: name },
  });
}
