/** Rollbacks: a deploy's release taken back, once, to an earlier one of what is to run again, and followed until that runs. */

import { LockstepError } from '../../../errors/error.ts';
import type { Artifact } from '../../../machine/events.ts';
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
import { buildKeyOf } from './builds.ts';
import {
  type AppCode,
  classify,
  type Decision,
  type HerokuVersion,
  noCode,
  readCode,
  readCodeBelow,
} from './code.ts';
import { EarlierReleases } from './earlier.ts';
import { readRelease } from './release-list.ts';
import { decidesOtherwise, finished } from './releases.ts';
import { type Code, type HerokuRelease, releaseSchema } from './schemas.ts';

export interface RollBackInput {
  readonly app: string;
  /** On the build of what is to be taken back. */
  readonly key: string;
  /** What may run again: the first of these that ran before. */
  readonly to: readonly Artifact[];
  readonly timeoutMs: number;
}

/** What runs again, by the release that put it there. */
export interface RolledBack {
  readonly kind: 'rolled back';
  readonly release: HerokuVersion;
  readonly code: Code;
  /** 40 hex digits; null when the code was made without a commit's full id. */
  readonly commit: string | null;
  readonly digest: Content['digest'];
}

/** Nothing was written. `runsIt`: the app runs the deploy's code all the same. */
export interface NotRolledBack {
  readonly kind: 'untouched';
  readonly runsIt: boolean;
}

/**
 * Has the app run again what is wanted, as it ran it before the deploy's release: a new release with the code and the
 * config vars of that one (Platform API reference, Release, Rollback). A rollback to it that is there already is adopted,
 * whoever made it, one that failed too: one rollback a release, and whoever waits for it tells why it failed. Nothing is
 * written where the app runs no release of the deploy, or where other code is under way.
 *
 * @throws E_NOTHING_TO_RESTORE, E_RESTORE_GONE, E_NO_SLUG there is nothing to go back to;
 *   E_RELEASE_FAILED, E_RELEASE_TIMEOUT the rollback did not come to run
 */
export async function rollBack(
  api: HerokuApi,
  input: RollBackInput,
  ports: StepPorts,
): Promise<RolledBack | NotRolledBack> {
  const { app, timeoutMs } = input;
  const earlier = new EarlierReleases(api, app, input.to);
  let to: HerokuRelease | null = null;
  const written = await writeOnce<string, NotRolledBack>(ports, {
    what: `${app}’s rollback`,
    look: () => findRollback(api, input, earlier, ports),
    clear: async () => {
      const next = await whatToRestore(api, input, earlier, ports);
      to = 'kind' in next ? null : next;
      return 'kind' in next ? next : null;
    },
    send: async (cleared) => {
      if (to === null) throw new Error('a rollback is asked for before it is known what to');
      return (await createRollback(api, app, to, cleared)).id;
    },
  });
  return written.kind === 'refused'
    ? written.refusal
    : awaited(api, app, written.value, timeoutMs, ports);
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
  return { kind: 'rolled back', release: { id, version }, code, commit: fullId(named), digest };
}

export interface RollBackToInput {
  readonly app: string;
  readonly from: HerokuVersion;
  readonly to: HerokuVersion;
  readonly timeoutMs: number;
  /** Told once Heroku has the rollback, before it runs. */
  readonly onMade: (release: HerokuVersion) => void;
}

/**
 * Has an earlier release run again, as `heroku rollback` does. One that was made over `from` already is adopted, unless it
 * failed. Nothing is written where the app runs something else than `from`, or other code is under way.
 *
 * @throws E_RESTORE_GONE, E_RELEASES_NO_SLUG; E_RELEASE_FAILED, E_RELEASE_TIMEOUT
 */
export async function rollBackTo(
  api: HerokuApi,
  { app, from, to, timeoutMs, onMade }: RollBackToInput,
  ports: StepPorts,
): Promise<RolledBack | NotRolledBack> {
  const wanted = await readRelease(api, app, to.id, ports);
  refuseContainerRelease(app, wanted);
  if (wanted.status === 'expired') throw gone(app, { release: from }, wanted);
  if (wanted.code === null) throw noCode(app, wanted);
  const { code } = wanted;
  const written = await writeOnce<HerokuVersion, NotRolledBack>(ports, {
    what: `${app}’s rollback`,
    look: () => findRollbackTo(api, app, from, code, ports),
    clear: async () => {
      const now = await readCode(api, app, ports);
      if (now.code === null || now.code.release.id !== from.id) return notOver;
      const runs = now.code.code;
      return now.pending.some((one) => decidesOtherwise(one, runs)) ? notOver : null;
    },
    send: (cleared) => createRollback(api, app, wanted, cleared),
  });
  if (written.kind === 'refused') return written.refusal;
  onMade(written.value);
  return awaited(api, app, written.value.id, timeoutMs, ports);
}

/** Something else runs than what is to be left, or is under way. */
const notOver: NotRolledBack = { kind: 'untouched', runsIt: false };

/** The rollback to that code that came right after `from`, done or under way. */
async function findRollbackTo(
  api: HerokuApi,
  app: string,
  from: HerokuVersion,
  to: Code,
  ports: Ports,
): Promise<HerokuVersion | null> {
  const { code, pending } = await readCode(api, app, ports);
  if (code === null) return null;
  if (code.kind === 'rollback' && isSameCode(code.code, to)) {
    const left = await readCodeBelow(api, app, code.release.version, ports);
    return left.code?.release.id === from.id ? code.release : null;
  }
  if (code.release.id !== from.id) return null;
  const isIt = (one: (typeof pending)[number]) =>
    isSameCode(one.code, to) && classify(one.description) === 'rollback';
  const found = pending.find(isIt);
  return found === undefined ? null : { id: found.id, version: found.version };
}

/** The rollback, whoever made it, by which the app left the deploy's release for what is wanted, or is to; its id. */
async function findRollback(
  api: HerokuApi,
  input: RollBackInput,
  earlier: EarlierReleases,
  ports: Ports,
): Promise<string | null> {
  const { app } = input;
  const { code, pending, failed } = await readCode(api, app, ports);
  if (code === null) return null;
  if (code.kind === 'rollback') {
    const { code: left } = await readCodeBelow(api, app, code.release.version, ports);
    if (!hasCode(left) || !(await isDeploys(api, input, left, ports))) return null;
    const to = await earlier.before(left, ports);
    return isSameCode(to?.code ?? null, code.code) ? code.release.id : null;
  }
  const isRollback = ({ description }: { readonly description: string }) =>
    classify(description) === 'rollback';
  const tried = [...pending, ...failed.map(({ release, ...one }) => ({ ...release, ...one }))];
  if (!tried.some(isRollback) || !(await isDeploys(api, input, code, ports))) return null;
  const to = await earlier.before(code, ports);
  return tried.find((one) => isRollback(one) && isSameCode(one.code, to?.code ?? null))?.id ?? null;
}

/** What is to run again; or why nothing is to be written. */
async function whatToRestore(
  api: HerokuApi,
  input: RollBackInput,
  earlier: EarlierReleases,
  ports: Ports,
): Promise<HerokuRelease | NotRolledBack> {
  const { app } = input;
  const seen = await readCode(api, app, ports);
  const { code, pending } = seen;
  if (code === null || !(await isDeploys(api, input, code, ports))) {
    return { kind: 'untouched', runsIt: await isAgain(api, input, seen, ports) };
  }
  if (pending.some((one) => decidesOtherwise(one, code.code))) {
    return { kind: 'untouched', runsIt: true };
  }
  const release = await earlier.before(code, ports);
  if (release === null) throw nothingBefore(input, code);
  if (release.status === 'expired') throw gone(app, code, release);
  return release;
}

/** One whose code Heroku still tells. */
type DecisionOnCode = Decision & { readonly code: Code };
const hasCode = (decided: Decision | null): decided is DecisionOnCode =>
  decided !== null && decided.code !== null;

/** Whether the deploy had it built, and released; who goes back to it by a rollback decided so anew. */
async function isDeploys(
  api: HerokuApi,
  input: RollBackInput,
  decided: DecisionOnCode,
  ports: Ports,
): Promise<boolean> {
  return decided.kind !== 'rollback' && (await isOurs(api, input, decided, ports));
}

/** Whether the deploy had it built, whoever released it. */
async function isOurs(
  api: HerokuApi,
  { app, key }: RollBackInput,
  { code, description }: DecisionOnCode,
  ports: Ports,
): Promise<boolean> {
  return (await buildKeyOf(api, { app, code, description }, [app], ports)) === key;
}

/** Whether somebody went back to the deploy's code by a rollback, which does not say what it is of: an earlier release does. */
async function isAgain(
  api: HerokuApi,
  input: RollBackInput,
  { code }: AppCode,
  ports: Ports,
): Promise<boolean> {
  if (code?.kind !== 'rollback') return false;
  let below = code.release.version;
  for (;;) {
    const { code: left } = await readCodeBelow(api, input.app, below, ports);
    if (left === null) return false;
    if (hasCode(left) && isSameCode(left.code, code.code) && left.kind !== 'rollback') {
      return isOurs(api, input, left, ports);
    }
    below = left.release.version;
  }
}

async function createRollback(
  api: HerokuApi,
  app: string,
  to: HerokuRelease,
  ports: ClearedPorts,
): Promise<HerokuVersion> {
  const path = appPath(app, 'releases');
  const made = await api.post(path, { release: to.id }, releaseSchema, ports);
  if (made.app.name === app && isSameCode(made.code, to.code))
    return { id: made.id, version: made.version };
  throw api.malformed(path, `release ${made.id} does not put back v${to.version} of ${app}`);
}

function nothingBefore(
  { app, to: [wanted] }: RollBackInput,
  { release: { version } }: Decision,
): LockstepError {
  const what = wanted === undefined ? 'nothing verified' : `no ${wanted.commit ?? wanted.id}`;
  return new LockstepError(
    'E_NOTHING_TO_RESTORE',
    `${app} ran ${what} before v${version}, so there is nothing to go back to; v${version} keeps running`,
    {
      hint: `See what ran there: heroku releases -a ${app}. Go back by hand (heroku rollback vN -a ${app}), stop it (heroku ps:scale web=0 -a ${app}), or deploy the next commit.`,
      details: { app, version, wanted: wanted?.commit ?? null },
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
    `${app} v${to}, which is to run again, has expired: Heroku keeps its code no longer; v${version} keeps running`,
    {
      hint: `Deploy the commit of v${to} again, or the next one; or stop it: heroku ps:scale web=0 -a ${app}.`,
      details: { app, version, to },
    },
  );
}
