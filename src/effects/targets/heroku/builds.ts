/** Builds of a commit at Heroku: asked for once a deploy, followed to the end. */
import { LockstepError } from '../../../errors/error.ts';
import { formatDuration } from '../../../format/duration.ts';
import type { Refusal } from '../../../machine/services.ts';
import { VendorRefused } from '../../http/errors.ts';
import { writeOnce } from '../../lost-replies.ts';
import { pollUntil, type RestTime } from '../../polling.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { containerImage, hasSameContent, isSameCode, refuseContainerRelease } from './artifacts.ts';
import { type CodeRelease, readCode, withoutRetry } from './code.ts';
import { HerokuError } from './error-codes.ts';
import { OutputFollower } from './output.ts';
import { findRelease, readRelease, releasesNewestFirst } from './release-list.ts';
import { buildSchema, type Code, type HerokuBuild } from './schemas.ts';
import { type UploadedSource, uploadSource } from './source-upload.ts';

export interface RequestBuildInput {
  readonly app: string;
  readonly commit: string;
  /** Put on the build, so that a later attempt knows it for its own. */
  readonly key: string;
  readonly timeoutMs: number;
}

export interface RequestedBuild {
  readonly kind: 'requested';
  /** Its id. */
  readonly build: string;
  readonly adopted: boolean;
}

/** The commit as a gzipped tarball. */
export type Archive = (signal: AbortSignal) => Promise<Uint8Array>;
/** Asked right before a write: what forbids it, or null. */
export type Clear = () => Promise<Refusal | null>;

/** A deploy's build is looked for among this many, the newest. */
const newestMax = 200;
/** While the account has as many builds under way as it may, it is asked again. */
const buildsLimitPauseMs = 15_000;
/** A build that succeeded has its slug and release seconds later at most. */
export const withoutReleaseMs = 45_000;

/** The newest builds of an app, at most `max`, newest first by the time they were made. */
export async function newestBuilds(
  api: HerokuApi,
  app: string,
  max: number,
  ports: Ports,
): Promise<HerokuBuild[]> {
  const range = `started_at ..; max=${max}, order=desc`;
  const first = await api.pages(appPath(app, 'builds'), range, buildSchema, ports).next();
  const builds = first.done === true ? [] : first.value;
  return builds.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at)).slice(0, max);
}

/**
 * Has the commit built, once: a build that carries this deploy's key is adopted. A failed one too:
 * one build a deploy, and whoever follows it tells why it failed. Of several, one that did not fail.
 *
 * @param clear awaited right before the build is asked for, after the upload
 * @param onMade told of the build as Heroku answers with it
 * @throws E_SOURCE_UPLOAD, E_BUILDS_LIMIT, VendorUnreachable, VendorRefused, VendorMalformed
 */
export async function requestBuild(
  api: HerokuApi,
  input: RequestBuildInput,
  ports: StepPorts,
  archive: Archive,
  clear: Clear = async () => null,
  onMade: (build: HerokuBuild) => void = () => {},
): Promise<RequestedBuild | Refusal> {
  let source: UploadedSource | null = null;
  const look = () => findByKey(api, input, ports);
  const deadline = ports.clock.ran() + input.timeoutMs;
  for (;;) {
    try {
      const written = await writeOnce(ports, {
        what: `${input.app}’s build`,
        look,
        prepare: async () => {
          source ??= await uploadSource(api, input.app, await archive(ports.signal), ports);
        },
        clear,
        send: async (cleared) => {
          if (source === null) throw new Error('a build is asked for before its source is there');
          const made = await createBuild(api, input, source, cleared);
          onMade(made);
          return made;
        },
      });
      if (written.kind === 'refused') return written.refusal;
      return { kind: 'requested', build: written.value.id, adopted: written.adopted };
    } catch (error) {
      if (!isBuildsLimit(error)) throw error;
      if (ports.clock.ran() >= deadline) throw buildsLimit(input, error);
      ports.progress(`${error.message}; asking again in ${formatDuration(buildsLimitPauseMs)}`);
      await ports.clock.sleep(buildsLimitPauseMs, ports.signal);
    }
  }
}

/**
 * The idempotency key that this code's build was asked for with; null: the build is not among the newest of
 * these apps, or carries none. A promotion says which app it came from (`Promote acme-staging v12 …`).
 */
export async function buildKeyOf(
  api: HerokuApi,
  { app: at, code, description }: Pick<CodeRelease, 'code' | 'description'> & { app: string },
  apps: readonly string[],
  ports: Ports,
): Promise<string | null> {
  const [, source, version] = /^Promote (\S+) v(\d+)/i.exec(withoutRetry(description)) ?? [];
  const elsewhere = source === undefined || apps.includes(source) ? [] : [source];
  for (const app of [...apps, ...elsewhere]) {
    const looking = async () => {
      const given =
        app === source ? await promotedCode(api, { app, version }, { app: at, code }, ports) : code;
      return buildOf(api, app, given, ports);
    };
    const made = await looking().catch((error: unknown) => {
      // An app of others: it is gone, or its builds are not ours to see.
      if (elsewhere.includes(app) && error instanceof VendorRefused) return undefined;
      throw error;
    });
    const told = /^lockstep (\S.*)$/.exec(made?.source_blob.version_description ?? '');
    if (told?.[1] !== undefined) return told[1];
  }
  return null;
}

/** As the source of a promotion calls what it gave: Heroku's documents do not say that an image keeps its id. */
async function promotedCode(
  api: HerokuApi,
  { app, version }: { readonly app: string; readonly version: string | undefined },
  given: { readonly app: string; readonly code: Code },
  ports: Ports,
): Promise<Code> {
  if (given.code.kind === 'slug') return given.code;
  const release = await findRelease(api, app, Number(version), ports);
  const same =
    release !== null && (await hasSameContent(api, { app, code: release.code }, given, ports));
  return (same ? release.code : null) ?? given.code;
}

/** The build, among the newest of the app, that made the code. */
async function buildOf(
  api: HerokuApi,
  app: string,
  code: Code,
  ports: Ports,
): Promise<HerokuBuild | undefined> {
  const builds = await newestBuilds(api, app, newestMax, ports);
  if (code.kind === 'slug') return builds.find((build) => build.slug === code.id);
  // What a build of an image made, its release alone says.
  const left = new Map(builds.map((build) => [build.release, build]));
  left.delete(null);
  if (left.size === 0) return undefined;
  for await (const release of releasesNewestFirst(api, app, ports, 1_000)) {
    const build = left.get(release.id);
    if (build === undefined) continue;
    if (isSameCode(release.code, code)) return build;
    left.delete(release.id);
    if (left.size === 0) return undefined;
  }
  return undefined;
}

/** `lockstep <key>`, as a build's `version_description`: people see it too. */
function descriptionOf({ key }: RequestBuildInput): string {
  return `lockstep ${key}`;
}

/** The newest build of this deploy that still counts; one that failed counts when there is no other. */
async function findByKey(
  api: HerokuApi,
  input: RequestBuildInput,
  ports: Ports,
): Promise<HerokuBuild | null> {
  const builds = await newestBuilds(api, input.app, newestMax, ports);
  const ours = builds.filter(
    ({ source_blob }) => source_blob.version_description === descriptionOf(input),
  );
  const found = ours.find(({ status }) => status !== 'failed') ?? ours[0] ?? null;
  if (found === null || !(await wasReplaced(api, input.app, found, ports))) return found;
  ports.progress(`${input.app} runs another release by now than the one of this deploy’s build`);
  return null;
}

/**
 * Whether something else was released over a build that succeeded: the deploy had lost its lane, or
 * was held, and has to be built anew.
 */
async function wasReplaced(
  api: HerokuApi,
  app: string,
  { status, release }: HerokuBuild,
  ports: Ports,
): Promise<boolean> {
  if (status !== 'succeeded' || release === null) return false;
  const { version } = await readRelease(api, app, release, ports);
  const { code } = await readCode(api, app, ports);
  return code !== null && code.release.version > version;
}

/** The full commit id as `version` is what becomes the slug's commit. */
async function createBuild(
  api: HerokuApi,
  input: RequestBuildInput,
  { url, checksum }: UploadedSource,
  ports: ClearedPorts,
): Promise<HerokuBuild> {
  const { app, commit: version } = input;
  const source_blob = { url, checksum, version, version_description: descriptionOf(input) };
  const path = appPath(app, 'builds');
  const made = await api.post(path, { source_blob }, buildSchema, ports);
  refuseContainerBuild(app, made);
  const { version: of, version_description: description } = made.source_blob;
  if (of === version && description === source_blob.version_description) return made;
  throw api.malformed(path, `the build ${made.id} is not of this deploy`);
}

/** An app of the container registry is told before anything is waited for. @throws E_NO_SLUG */
function refuseContainerBuild(app: string, { stack }: HerokuBuild): void {
  if (stack === 'container') throw containerImage(app, 'its stack is container');
}

/** The status and id that Heroku says it with are not documented; its words are known. */
function isBuildsLimit(error: unknown): error is VendorRefused {
  return (
    error instanceof VendorRefused &&
    error.status < 500 &&
    /\bbuilds? limit\b|concurrent builds?\b/i.test(error.message)
  );
}

function buildsLimit({ app, timeoutMs }: RequestBuildInput, cause: VendorRefused): HerokuError {
  return new HerokuError(
    'E_BUILDS_LIMIT',
    `${app}’s build could not start within ${formatDuration(timeoutMs)}: the account has as many builds under way as it may`,
    {
      hint: 'Let other builds of the account finish (heroku builds -a APP), or have Heroku raise the limit; then run it again.',
      details: { app, timeoutMs, status: cause.status },
    },
  );
}

/** @throws VendorMalformed another one came */
async function readBuild(
  api: HerokuApi,
  app: string,
  id: string,
  ports: Ports,
): Promise<HerokuBuild> {
  return buildAsAsked(api, app, id, await api.get(appPath(app, 'builds', id), buildSchema, ports));
}

/** As `readBuild`; null for one that Heroku does not know. */
export async function findBuild(
  api: HerokuApi,
  app: string,
  id: string,
  ports: Ports,
): Promise<HerokuBuild | null> {
  const build = await api.find(appPath(app, 'builds', id), buildSchema, ports);
  return build === null ? null : buildAsAsked(api, app, id, build);
}

function buildAsAsked(
  api: HerokuApi,
  app: string,
  wanted: string,
  build: HerokuBuild,
): HerokuBuild {
  if (build.id === wanted) return build;
  throw api.malformed(appPath(app, 'builds', wanted), `it is of build ${build.id}`);
}

/** A build that succeeded: what it made, and the id of the release of that. */
export interface Built {
  readonly release: string;
  readonly code: Code;
}

/**
 * @param made as Heroku answered with it, where this process asked for it: its output is listened to before it is read anew
 * @throws E_BUILD_FAILED with the end of its output, E_BUILD_TIMEOUT
 */
export async function followBuild(
  api: HerokuApi,
  { app, build: id, timeoutMs }: { app: string; build: string; timeoutMs: number },
  ports: StepPorts,
  made: HerokuBuild | null = null,
): Promise<Built> {
  const output = new OutputFollower(ports);
  let succeededAt: number | null = null;
  let url: string | null = made?.output_stream_url ?? null;
  const begunAt = ports.clock.ran();
  await output.listen(url, timeoutMs);
  const rest = (time: RestTime) => output.rest(url, time);
  const leftMs = timeoutMs - (ports.clock.ran() - begunAt);
  const polling = { timeoutMs: leftMs, pauseMaxMs: 5_000, rest };
  const built = await pollUntil(ports, polling, async () => {
    const seen = await readBuild(api, app, id, ports);
    refuseContainerBuild(app, seen);
    const { status, release, output_stream_url } = seen;
    url = output_stream_url ?? null;
    if (status === 'pending') return undefined;
    // Why it failed is in its last words.
    await output.end(url, { unlessHeard: status === 'succeeded' });
    if (status === 'failed') throw buildFailed(app, id, output.tail);
    const code = await codeOf(api, app, seen, ports);
    if (code !== null && release !== null) return { release, code };
    const now = ports.clock.ran();
    succeededAt ??= now;
    if (now - succeededAt > withoutReleaseMs) {
      const path = appPath(app, 'builds', id);
      throw api.malformed(path, 'the build succeeded without a release of what it made');
    }
    return undefined;
  });
  if (built !== undefined) return built;
  throw new LockstepError(
    'E_BUILD_TIMEOUT',
    `${app}’s build took more than ${formatDuration(timeoutMs)}`,
    {
      hint: `It may yet finish: heroku builds:info ${id} -a ${app}. A longer time is set in pipeline.yml.`,
      details: { app, build: id, timeoutMs, output: output.tail },
    },
  );
}

/** What a build made: a slug, which it names itself, or an image, which its release names. */
async function codeOf(
  api: HerokuApi,
  app: string,
  { slug, release }: HerokuBuild,
  ports: Ports,
): Promise<Code | null> {
  if (slug !== null) return { kind: 'slug', id: slug };
  if (release === null) return null;
  const made = await readRelease(api, app, release, ports);
  refuseContainerRelease(app, made);
  return made.code;
}

function buildFailed(app: string, build: string, tail: string): LockstepError {
  return new LockstepError(
    'E_BUILD_FAILED',
    `${app}’s build failed; what ran there keeps running`,
    {
      hint:
        tail === ''
          ? `See its output: heroku builds:output ${build} -a ${app}`
          : `The last lines of its output:\n${tail}`,
      details: { app, build, output: tail },
    },
  );
}
