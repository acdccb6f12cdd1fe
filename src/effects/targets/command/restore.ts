/** Taking back what was deployed under a key: once, and over nobody else's release. */
import { LockstepError } from '../../../errors/error.ts';
import { writeOnce } from '../../lost-replies.ts';
import { pollUntil } from '../../polling.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import { isSameArtifact, type Restored, type RestoreInput } from '../target.ts';
import { shown, wrongAnswer } from './call.ts';
import { CommandError } from './error-codes.ts';
import { releaseFailed, releaseLate } from './errors.ts';
import type { Host } from './host.ts';
import { isRestoreKey, restoreKey } from './keys.ts';
import type { ReleaseLine } from './protocol.ts';
import { artifactOf, type ReleaseList, releaseOf } from './releases.ts';
import { pendingOf } from './running.ts';

const listedPausesMs = [0, 1_000, 2_000, 4_000];
const pollPauseMaxMs = 5_000;

/** What is to be taken back, and what is to run again. */
interface Plan {
  readonly key: string;
  readonly back: ReleaseLine;
  readonly to: ReleaseLine;
}

/** @throws CommandError E_NO_RESTORE; LockstepError E_NOTHING_TO_RESTORE, E_RESTORE_GONE, E_RELEASE_FAILED, E_RELEASE_TIMEOUT */
export async function restore(
  host: Host,
  { key, timeoutMs }: RestoreInput,
  ports: StepPorts,
): Promise<Restored> {
  const { restore: words } = host.commands;
  if (words === null) throw noRestore(host);
  let plan: Plan | null = null;
  const written = await writeOnce<ReleaseLine, 'untouched'>(ports, {
    what: `taking back what was deployed to ${host.name}`,
    look: async () => madeBefore(await host.list(ports), key),
    clear: async () => {
      plan = planOf(host, await host.list(ports), key);
      return plan === null ? 'untouched' : null;
    },
    send: (cleared) => {
      if (plan === null) throw new Error('it is asked for before it is known what for');
      return send(host, words, plan, timeoutMs, cleared);
    },
  });
  if (written.kind === 'refused') return { kind: 'untouched' };
  const { id } = written.value;
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
  const { releases } = list.ofKey(key);
  return releases.find((one) => one.key !== null && !isRestoreKey(one.key)) ?? null;
}

/** The release that took it back, or is to: also one that failed, for it is made once. */
function madeBefore(list: ReleaseList, key: string): ReleaseLine | null {
  const ours = submitted(list, key);
  if (ours?.key == null) return null;
  const takenBack = restoreKey(ours.key);
  const made = list.releases.find((one) => one.key === takenBack) ?? null;
  return made?.state === 'earlier' ? null : made;
}

/** Null: it is not what runs, or other code is under way. */
function planOf(host: Host, list: ReleaseList, key: string): Plan | null {
  const { running } = list;
  const back = submitted(list, key);
  if (back?.key == null || running === null || running.id !== back.id) return null;
  const isOther = (one: ReleaseLine) => !isSameArtifact(artifactOf(one), artifactOf(back));
  if (pendingOf(list).some(isOther)) return null;
  const to = list.otherBefore(back);
  const details = { target: host.name, release: back.id };
  const hint = 'Release by hand what should run there, or deploy the next commit.';
  if (to === null) {
    throw new LockstepError(
      'E_NOTHING_TO_RESTORE',
      `${host.name} ran nothing before ${back.id}, so there is nothing to go back to; ${back.id} keeps running`,
      { hint, details },
    );
  }
  if (to.gone) {
    throw new LockstepError(
      'E_RESTORE_GONE',
      `${host.name}: ${to.id}, which ran before ${back.id}, is not kept any more; ${back.id} keeps running`,
      { hint, details: { ...details, to: to.id } },
    );
  }
  return { key, back, to };
}

async function send(
  host: Host,
  words: readonly string[],
  { key, back, to }: Plan,
  timeoutMs: number,
  ports: ClearedPorts,
): Promise<ReleaseLine> {
  let said: string | null = null;
  const told = {
    LOCKSTEP_KEY: restoreKey(back.key ?? key),
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
    if (!(error instanceof CommandError) || error.code !== 'E_PROGRAM_FAILED') throw error;
    const made = madeBefore(await host.list(ports), key);
    if (made === null) throw error;
    throw releaseFailed(host, made, error.hint);
  }
  const made = await listed(host, key, ports);
  if (said === null || said === made.id) return made;
  throw wrongAnswer(words, `it tells release ${said}, but ${made.id} is listed of its key`);
}

async function listed(host: Host, key: string, ports: Ports): Promise<ReleaseLine> {
  for (const pause of listedPausesMs) {
    if (pause > 0) await ports.clock.sleep(pause, ports.signal);
    const made = madeBefore(await host.list(ports), key);
    if (made !== null) return made;
  }
  const { restore: words, current } = host.commands;
  throw new CommandError(
    'E_PROGRAM_FORGETS',
    `${shown(words ?? [])} took a release back, but ${shown(current ?? [])} tells none of the key ${restoreKey(key)}`,
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
