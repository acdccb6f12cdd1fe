/** Waits for a release, its release phase included, and makes sure that it runs the commit it should. */
import { LockstepError } from '../../../errors/error.ts';
import { formatDuration } from '../../../format/duration.ts';
import { pollUntil, type RestTime } from '../../polling.ts';
import type { Ports } from '../../ports.ts';
import { shownDescription } from '../target.ts';
import { appPath, type HerokuApi } from './api.ts';
import { fullId, isSameCode, readContent, refuseContainerRelease } from './artifacts.ts';
import { classify, contradiction, type HerokuVersion, readCode } from './code.ts';
import { OutputFollower } from './output.ts';
import { findRelease, readRelease } from './release-list.ts';
import type { Code, HerokuRelease } from './schemas.ts';

export interface AwaitReleaseInput {
  readonly app: string;
  /** Its id. */
  readonly release: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** What the release has to run. */
  readonly code: Code;
  /** Its digest, where that is known. */
  readonly digest?: string | null;
  readonly timeoutMs: number;
}

/**
 * @throws E_RELEASE_FAILED, E_RELEASE_EXPIRED, E_RELEASE_TIMEOUT;
 *   E_RELEASE_COMMIT it is of another commit; E_RELEASE_ARTIFACT of the commit, but another slug
 *   or image than the one that was asked for; E_RELEASE_NOT_CURRENT something else runs by now; E_NO_SLUG
 */
export async function awaitRelease(
  api: HerokuApi,
  input: AwaitReleaseInput,
  ports: Ports,
): Promise<ShippedContent> {
  const { app, commit } = input;
  // What it has to run is known: that is read beside it, and again where Heroku did not have it yet.
  const wanted = readContent(api, app, input.code, ports, commit).catch(() => null);
  const release = await finished(api, input, ports);
  const { id, version, code } = release;
  refuseContainerRelease(app, release);
  if (code === null) throw api.malformed(appPath(app, 'releases', id), 'it has no code');
  const early = isSameCode(code, input.code) ? await wanted : null;
  const { named, digest } = early ?? (await readContent(api, app, code, ports, commit));
  const actual = fullId(named);
  if (actual !== commit) {
    throw new LockstepError(
      'E_RELEASE_COMMIT',
      `${app} v${version} runs ${actual ?? `a ${code.kind} that names no commit`}, not ${commit}`,
      {
        hint: `See who released it: heroku releases:info v${version} -a ${app}`,
        details: {
          app,
          release: id,
          version,
          [code.kind]: code.id,
          commit: actual,
          expected: commit,
        },
      },
    );
  }
  if (!isWanted(input, code, digest)) throw otherArtifact(input, release, code);
  if (release.current !== true) await mustStillRun(api, { app, release, code }, ports);
  return { app, release: { id, version }, code, digest };
}

/** The release once it runs. @throws E_RELEASE_FAILED, E_RELEASE_EXPIRED, E_RELEASE_TIMEOUT */
export async function finished(
  api: HerokuApi,
  { app, release: id, timeoutMs }: Pick<AwaitReleaseInput, 'app' | 'release' | 'timeoutMs'>,
  ports: Ports,
): Promise<HerokuRelease> {
  const output = new OutputFollower(ports);
  let seen: HerokuRelease | null = null;
  const rest = (time: RestTime) => output.rest(seen?.output_stream_url, time);
  const release = await pollUntil(ports, { timeoutMs, pauseMaxMs: 5_000, rest }, async () => {
    const isFirst = seen === null;
    seen = await readRelease(api, app, id, ports);
    if (seen.status === 'pending') {
      if (isFirst) ports.progress(`${app}: release v${seen.version} is under way`);
      return undefined;
    }
    await output.end(seen.output_stream_url, { unlessHeard: seen.status === 'succeeded' });
    return seen;
  });
  if (release === undefined) {
    throw new LockstepError(
      'E_RELEASE_TIMEOUT',
      `${app}’s release took more than ${formatDuration(timeoutMs)}`,
      {
        hint: `It may yet finish: heroku releases -a ${app}. A longer time is set in pipeline.yml.`,
        details: { app, release: id, timeoutMs, output: output.tail },
      },
    );
  }
  const { version, description, status } = release;
  if (status === 'succeeded') return release;
  const details = { app, release: id, version, description, output: output.tail };
  if (status === 'expired') {
    throw new LockstepError('E_RELEASE_EXPIRED', `${app} v${version} has expired`, {
      hint: 'Its image is gone. Deploy the commit again.',
      details,
    });
  }
  throw new LockstepError(
    'E_RELEASE_FAILED',
    `${app} v${version} failed in its release phase; the release before it keeps running`,
    {
      hint:
        output.tail === ''
          ? `See its output: heroku releases:output v${version} -a ${app}`
          : `The last lines of its output:\n${output.tail}`,
      details,
    },
  );
}

/** By its id; and by its digest, where the verified one is known to have that: a promotion may give an image another id. */
const isWanted = (
  { code: wanted, digest: expected = null }: AwaitReleaseInput,
  code: Code,
  digest: string | null,
): boolean => isSameCode(code, wanted) || (expected !== null && digest === expected);

/** Of one commit there can be several slugs or images: only one of them was verified. */
function otherArtifact(
  { app, code: { id: expected } }: AwaitReleaseInput,
  { id, version }: HerokuRelease,
  code: Code,
): LockstepError {
  return new LockstepError(
    'E_RELEASE_ARTIFACT',
    `${app} v${version} runs ${code.kind} ${code.id}, not ${expected}, which was built and verified for this deploy`,
    {
      hint: `It is of the same commit, but it was not verified. See who released it: heroku releases:info v${version} -a ${app}`,
      details: { app, release: id, version, [code.kind]: code.id, expected },
    },
  );
}

/** What an app should run. */
export interface Shipped {
  readonly app: string;
  readonly release: HerokuVersion;
  readonly code: Code;
}

/** A release that runs, and what its image is by its content. */
export interface ShippedContent extends Shipped {
  readonly digest: string | null;
}

/**
 * Config changes may have come on top of it, which keep its code; another decision on code may not. One
 * whose release phase still runs counts: what is about to go must not be called verified.
 *
 * @throws E_RELEASE_NOT_CURRENT; E_RELEASES_CONTRADICTION the release is of other code by now
 */
export async function mustStillRun(api: HerokuApi, shipped: Shipped, ports: Ports): Promise<void> {
  const { app, release } = shipped;
  const expected = { newest: release.version, code: shipped.code };
  const { code, pending } = await readCode(api, app, ports, expected);
  const other = pending.find((one) => decidesOtherwise(one, shipped.code));
  if (other !== undefined) {
    throw notCurrent(
      shipped,
      other,
      `v${other.version} (${shownDescription(other.description)}) is under way`,
    );
  }
  if (code === null) throw notCurrent(shipped, null, 'it runs no code by now');
  const { version, id } = code.release;
  const isOurs = id === release.id;
  // One before ours, which only repeated its code under a text that we do not know, is no decision against it.
  const isRepeated = isSameCode(code.code, shipped.code) && version < release.version;
  if (!isOurs && !isRepeated && decidesOtherwise(code, shipped.code)) {
    const what = `it runs v${version} (${shownDescription(code.description)}, by ${code.by}) by now`;
    throw notCurrent(shipped, { version, description: code.description }, what);
  }
  const ours = isOurs ? code : await findRelease(api, app, release.id, ports);
  // A release keeps its code: of two answers that differ in that, one is wrong.
  if (!isSameCode(ours?.code ?? null, shipped.code)) {
    throw contradiction(app, `v${release.version} is of other code than it was before`);
  }
}

/** Other code, or a rollback: that is a decision against what runs even where it puts the same code again. */
export function decidesOtherwise(
  { code, description }: { readonly code: Code | null; readonly description: string },
  than: Code,
): boolean {
  return !isSameCode(code, than) || classify(description) === 'rollback';
}

function notCurrent(
  { app, release: { id, version } }: Shipped,
  other: { readonly version: number; readonly description: string } | null,
  what: string,
): LockstepError {
  return new LockstepError(
    'E_RELEASE_NOT_CURRENT',
    `${app} v${version} is not, or will not stay, what runs: ${what}`,
    {
      hint: `Somebody released to ${app} meanwhile: heroku releases -a ${app}. Deploy again once that is over.`,
      details: {
        app,
        release: id,
        version,
        currentVersion: other?.version ?? null,
        currentDescription: other?.description ?? null,
      },
    },
  );
}
