/** Rollbacks: a deploy's release taken back, once, to what ran before it, and followed until that runs again. */

import { LockstepError } from '../../../errors/error.ts';
import { writeOnce } from '../../lost-replies.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import {
  type Content,
  fullId,
  isSameCode,
  readContent,
  refuseContainerRelease,
} from './artifacts.ts';
import { buildMarkOf } from './builds.ts';
import {
  classify,
  type Decision,
  type HerokuVersion,
  noCode,
  readCode,
  readCodeBelow,
} from './code.ts';
import { readRelease } from './release-list.ts';
import { decidesOtherwise, finished } from './releases.ts';
import { type Code, type HerokuRelease, releaseSchema } from './schemas.ts';

export interface RollBackInput {
  readonly app: string;
  /** On the build of what is to be taken back. */
  readonly mark: string;
  readonly timeoutMs: number;
}

/** What runs again, by the release that put it there. */
export interface RolledBack {
  readonly release: HerokuVersion;
  readonly code: Code;
  /** 40 hex digits; null when the code was made without a commit's full id. */
  readonly commit: string | null;
  readonly digest: Content['digest'];
}

/**
 * Has the app run again what it ran before the deploy's release: a new release with the code and the config vars
 * of that one (Platform API reference, Release, Rollback). A rollback to it that is there already is adopted, one
 * that failed too: one rollback a release, and whoever waits for it tells why it failed. Null, and nothing is
 * written, where the app runs no release of the deploy, or where other code is under way.
 *
 * @throws E_NOTHING_TO_RESTORE, E_RESTORE_GONE, E_NO_SLUG, E_RELEASES_NO_SLUG there is nothing to go back to;
 *   E_RELEASE_FAILED, E_RELEASE_TIMEOUT the rollback did not come to run
 */
export async function rollBack(
  api: HerokuApi,
  input: RollBackInput,
  ports: StepPorts,
): Promise<RolledBack | null> {
  const { app, timeoutMs } = input;
  let to: HerokuRelease | null = null;
  const written = await writeOnce<string, 'untouched'>(ports, {
    what: `${app}’s rollback`,
    look: () => findRollback(api, input, ports),
    clear: async () => {
      to = await whatToRestore(api, input, ports);
      return to === null ? 'untouched' : null;
    },
    send: async (cleared) => {
      if (to === null) throw new Error('a rollback is asked for before it is known what to');
      return createRollback(api, app, to, cleared);
    },
  });
  return written.kind === 'refused' ? null : awaited(api, app, written.value, timeoutMs, ports);
}

async function awaited(
  api: HerokuApi,
  app: string,
  release: string,
  timeoutMs: number,
  ports: Ports,
): Promise<RolledBack> {
  const { id, version, code } = await finished(api, { app, release, timeoutMs }, ports);
  if (code === null) throw api.malformed(appPath(app, 'releases', id), 'it has no code');
  const { named, digest } = await readContent(api, app, code, ports);
  return { release: { id, version }, code, commit: fullId(named), digest };
}

export interface RollBackToInput {
  readonly app: string;
  readonly from: HerokuVersion;
  readonly to: HerokuVersion;
  readonly timeoutMs: number;
}

/**
 * Has an earlier release run again, as `heroku rollback` does. One that was made over `from` already is adopted, unless it
 * failed. Null, and nothing is written, where the app runs something else than `from`, or other code is under way.
 *
 * @throws E_RESTORE_GONE, E_RELEASES_NO_SLUG; E_RELEASE_FAILED, E_RELEASE_TIMEOUT
 */
export async function rollBackTo(
  api: HerokuApi,
  { app, from, to, timeoutMs }: RollBackToInput,
  ports: StepPorts,
): Promise<RolledBack | null> {
  const wanted = await readRelease(api, app, to.id, ports);
  refuseContainerRelease(app, wanted);
  if (wanted.status === 'expired') throw gone(app, { release: from }, wanted);
  if (wanted.code === null) throw noCode(app, wanted);
  const { code } = wanted;
  const written = await writeOnce<string, 'untouched'>(ports, {
    what: `${app}’s rollback`,
    look: () => findRollbackTo(api, app, from, code, ports),
    clear: async () => {
      const now = await readCode(api, app, ports);
      if (now.code === null || now.code.release.id !== from.id) return 'untouched';
      const runs = now.code.code;
      return now.pending.some((one) => decidesOtherwise(one, runs)) ? 'untouched' : null;
    },
    send: (cleared) => createRollback(api, app, wanted, cleared),
  });
  return written.kind === 'refused' ? null : awaited(api, app, written.value, timeoutMs, ports);
}

/** The rollback to that code that came right after `from`, done or under way; its id. */
async function findRollbackTo(
  api: HerokuApi,
  app: string,
  from: HerokuVersion,
  to: Code,
  ports: Ports,
): Promise<string | null> {
  const { code, pending } = await readCode(api, app, ports);
  if (code === null) return null;
  if (code.kind === 'rollback' && isSameCode(code.code, to)) {
    const left = await readCodeBelow(api, app, code.release.version, ports);
    return left.code?.release.id === from.id ? code.release.id : null;
  }
  if (code.release.id !== from.id) return null;
  const isIt = (one: (typeof pending)[number]) =>
    isSameCode(one.code, to) && classify(one.description ?? '') === 'rollback';
  return pending.find(isIt)?.id ?? null;
}

/** The rollback, whoever made it, by which the app left the deploy's release for what ran before, or is to; its id. */
async function findRollback(
  api: HerokuApi,
  input: RollBackInput,
  ports: Ports,
): Promise<string | null> {
  const { app } = input;
  const { code, before, pending, failed } = await readCode(api, app, ports);
  if (code === null) return null;
  if (code.kind === 'rollback') {
    const left = await readCodeBelow(api, app, code.release.version, ports);
    const isBack = left.before !== null && isSameCode(left.before.code, code.code);
    return isBack && (await isOurs(api, input, left.code, ports)) ? code.release.id : null;
  }
  if (before === null || !(await isOurs(api, input, code, ports))) return null;
  const goesBack = (one: { readonly code: Code | null; readonly description: string | null }) =>
    isSameCode(one.code, before.code) && classify(one.description ?? '') === 'rollback';
  return pending.find(goesBack)?.id ?? failed.find(goesBack)?.release.id ?? null;
}

/** What the app ran right before the deploy's release: config changes on top of that code included. Null: not ours to go back. */
async function whatToRestore(
  api: HerokuApi,
  input: RollBackInput,
  ports: Ports,
): Promise<HerokuRelease | null> {
  const { app } = input;
  const { code, before, pending } = await readCode(api, app, ports);
  if (code === null || !(await isOurs(api, input, code, ports))) return null;
  if (pending.some((one) => decidesOtherwise(one, code.code))) return null;
  if (before === null) throw nothingBefore(app, code);
  const release = await readRelease(api, app, before.release.id, ports);
  refuseContainerRelease(app, release);
  if (release.status === 'expired') throw gone(app, code, release);
  if (release.code === null) throw noCode(app, release);
  return release;
}

/** Whether the deploy had it built; who goes back to it by a rollback decided so anew. */
async function isOurs(
  api: HerokuApi,
  { app, mark }: RollBackInput,
  decided: Decision | null,
  ports: Ports,
): Promise<boolean> {
  if (decided === null || decided.code === null || decided.kind === 'rollback') return false;
  const { code, description } = decided;
  return (await buildMarkOf(api, { app, code, description }, [app], ports)) === mark;
}

async function createRollback(
  api: HerokuApi,
  app: string,
  to: HerokuRelease,
  ports: ClearedPorts,
): Promise<string> {
  const path = appPath(app, 'releases');
  const made = await api.post(path, { release: to.id }, releaseSchema, ports);
  if (made.app.name === app && isSameCode(made.code, to.code)) return made.id;
  throw api.malformed(path, `release ${made.id} does not put back v${to.version} of ${app}`);
}

function nothingBefore(app: string, { release: { version } }: Decision): LockstepError {
  return new LockstepError(
    'E_NOTHING_TO_RESTORE',
    `${app} ran no code before v${version}, so there is nothing to go back to; v${version} keeps running`,
    {
      hint: `Stop it (heroku ps:scale web=0 -a ${app}), or deploy the next commit.`,
      details: { app, version },
    },
  );
}

function gone(
  app: string,
  { release }: Pick<Decision, 'release'>,
  { version: to }: HerokuRelease,
): LockstepError {
  const { version } = release;
  return new LockstepError(
    'E_RESTORE_GONE',
    `${app} v${to}, which ran before v${version}, has expired: Heroku keeps its code no longer; v${version} keeps running`,
    {
      hint: `Deploy the commit of v${to} again, or the next one; or stop it: heroku ps:scale web=0 -a ${app}.`,
      details: { app, version, to },
    },
  );
}
