/** Waits for a release, its release phase included, and makes sure that it runs the commit it should. */
import { LockstepError } from '../../../errors/error.ts';
import { formatDuration } from '../../../format/duration.ts';
import { pollUntil } from '../../polling.ts';
import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import { classify, commitOf, type HerokuVersion, readCode, refuseImage } from './code.ts';
import { OutputFollower } from './output.ts';
import { readRelease } from './release-list.ts';
import { featureSchema, type HerokuRelease } from './schemas.ts';

export interface AwaitReleaseInput {
  readonly app: string;
  /** Its id. */
  readonly release: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** The slug that the release has to have. */
  readonly slug: string;
  readonly timeoutMs: number;
}

/**
 * @throws E_RELEASE_FAILED, E_RELEASE_EXPIRED, E_RELEASE_TIMEOUT;
 *   E_RELEASE_COMMIT it is of another commit; E_RELEASE_ARTIFACT of the commit, but another slug than
 *   the one that was asked for; E_RELEASE_NOT_CURRENT something else runs by now; E_NO_SLUG
 */
export async function awaitRelease(
  api: HerokuApi,
  input: AwaitReleaseInput,
  ports: Ports,
): Promise<Shipped> {
  const { app, commit } = input;
  const release = await finished(api, input, ports);
  const { id, version, slug } = release;
  refuseImage(app, release);
  if (slug === null) throw api.malformed(appPath(app, 'releases', id), 'it has no slug');
  const actual = await commitOf(api, app, slug, ports);
  if (actual !== commit) {
    throw new LockstepError(
      'E_RELEASE_COMMIT',
      `${app} v${version} runs ${actual ?? 'a slug that names no commit'}, not ${commit}`,
      {
        hint: `See who released it: heroku releases:info v${version} -a ${app}`,
        details: { app, release: id, version, slug, commit: actual, expected: commit },
      },
    );
  }
  if (slug !== input.slug) throw otherArtifact(input, release);
  if (release.current !== true) await mustStillRun(api, { app, release, slug }, ports);
  return { app, release: { id, version }, slug };
}

/** The release once it runs. @throws E_RELEASE_FAILED, E_RELEASE_EXPIRED, E_RELEASE_TIMEOUT */
export async function finished(
  api: HerokuApi,
  { app, release: id, timeoutMs }: Pick<AwaitReleaseInput, 'app' | 'release' | 'timeoutMs'>,
  ports: Ports,
): Promise<HerokuRelease> {
  const output = new OutputFollower(ports);
  let told = false;
  const release = await pollUntil(ports, { timeoutMs, pauseMaxMs: 5_000 }, async () => {
    const seen = await readRelease(api, app, id, ports);
    const pending = seen.status === 'pending';
    if (pending && !told) ports.progress(`${app}: release v${seen.version} is under way`);
    told = true;
    await output.read(seen.output_stream_url, { end: !pending });
    return pending ? undefined : seen;
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

/** Of one commit there can be several slugs: only one of them was verified. */
function otherArtifact(
  { app, slug: expected }: AwaitReleaseInput,
  { id, version, slug }: HerokuRelease,
): LockstepError {
  return new LockstepError(
    'E_RELEASE_ARTIFACT',
    `${app} v${version} runs slug ${slug}, not ${expected}, which was built and verified for this deploy`,
    {
      hint: `It is of the same commit, but it was not verified. See who released it: heroku releases:info v${version} -a ${app}`,
      details: { app, release: id, version, slug, expected },
    },
  );
}

/** What an app should run. */
export interface Shipped {
  readonly app: string;
  readonly release: HerokuVersion;
  readonly slug: string;
}

/**
 * Config changes may have come on top of it, which keep its slug; another decision on code may not. One
 * whose release phase still runs counts: what is about to go must not be called verified.
 *
 * @throws E_RELEASE_NOT_CURRENT
 */
export async function mustStillRun(api: HerokuApi, shipped: Shipped, ports: Ports): Promise<void> {
  const { app, release, slug } = shipped;
  const { code, pending } = await readCode(api, app, ports);
  const other = pending.find((one) => decidesOtherwise(one, slug));
  if (other !== undefined) {
    throw notCurrent(shipped, other, `v${other.version} (${other.description}) is under way`);
  }
  if (code === null) throw notCurrent(shipped, null, 'it runs no code by now');
  const { version, id } = code.release;
  if (id === release.id) return;
  // One before ours, which only repeated its code under a text that we do not know, is no decision against it.
  if (code.slug === slug && version < release.version) return;
  if (!decidesOtherwise(code, slug)) return;
  const what = `it runs v${version} (${code.description}, by ${code.by}) by now`;
  throw notCurrent(shipped, { version, description: code.description }, what);
}

/** Other code, or a rollback: that is a decision against what runs even where it puts the same code again. */
export function decidesOtherwise(
  { slug, description }: { readonly slug: string | null; readonly description: string | null },
  than: string,
): boolean {
  return slug !== than || classify(description ?? '') === 'rollback';
}

function notCurrent(
  { app, release: { id, version } }: Shipped,
  other: { readonly version: number; readonly description: string | null } | null,
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

export interface Preboot {
  /** New dynos are booted beside the old ones, which go on answering for about three minutes. */
  readonly enabled: boolean;
  /** When the release was made, or its release phase ended: milliseconds since the epoch, Heroku's clock. */
  readonly releasedAt: number;
}

/**
 * Only the Common Runtime of Cedar apps has preboot (Heroku's Preboot article). Where it cannot be,
 * Heroku may not know the feature, and it is off; where it could be and Heroku does not say, it counts as on.
 */
export async function readPreboot(
  api: HerokuApi,
  app: string,
  release: string,
  ports: Ports,
): Promise<Preboot> {
  if (!(await mayBePrebooting(api, app, ports))) {
    return { enabled: false, releasedAt: ports.clock.now() };
  }
  const seen = await readRelease(api, app, release, ports);
  // After a release phase the dynos start only when that is over.
  const times = [seen.created_at, seen.updated_at ?? seen.created_at].map((at) => Date.parse(at));
  return { enabled: true, releasedAt: Math.max(...times) };
}

async function mayBePrebooting(api: HerokuApi, app: string, ports: Ports): Promise<boolean> {
  const path = appPath(app, 'features', 'preboot');
  const feature = await api.find(path, featureSchema, ports);
  if (feature !== null) {
    if (feature.name === 'preboot') return feature.enabled;
    throw api.malformed(path, `it is of another feature, ${feature.name}`);
  }
  const { generation, space } = await readApp(api, app, ports);
  if (generation !== 'cedar' || (space ?? null) !== null) return false;
  ports.progress(`${app}: Heroku does not say whether preboot is on; it counts as on`);
  return true;
}
