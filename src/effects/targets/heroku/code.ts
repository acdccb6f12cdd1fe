/** What code an app runs and who decided so: its releases, walked back to the last one that changed the code. */

import { ageOf } from '../../http/vendor-clock.ts';
import type { Ports } from '../../ports.ts';
import { shownDescription } from '../target.ts';
import type { HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import {
  type Content,
  fullId,
  isOfContainerRegistry,
  isSameCode,
  readContent,
  refuseContainer,
  refuseContainerRelease,
} from './artifacts.ts';
import { HerokuError } from './error-codes.ts';
import { findRelease, releasesNewestFirst } from './release-list.ts';
import type { Code, HerokuRelease } from './schemas.ts';
import { heroku } from './vendor.ts';

/** A release of an app, as Heroku counts them. */
export interface HerokuVersion {
  readonly id: string;
  readonly version: number;
}

/** What a release's description says that it was; `other` is everything that is no decision on code. */
export type ReleaseKind = 'deploy' | 'promote' | 'rollback' | 'other';

/** A release that changed the code of an app, or was to. */
export interface Decision {
  readonly release: HerokuVersion;
  /** Null where Heroku has forgotten it: the release expired. */
  readonly code: Code | null;
  readonly description: string;
  /** An e-mail address. */
  readonly by: string;
  /** ISO 8601, by Heroku's clock. */
  readonly at: string;
  readonly kind: ReleaseKind;
}

/** The last successful release that changed the code of an app. */
export interface CodeRelease extends Decision {
  readonly code: Code;
  /** As the code names it: 40 hex digits, fewer, or any other text. */
  readonly named: string | null;
  /** 40 hex digits; null when the code was made without a commit's full id. */
  readonly commit: string | null;
  /** Of an image: `sha256:` and 64 hex digits. */
  readonly digest: string | null;
}

/** A release that is under way. */
export interface PendingRelease {
  readonly id: string;
  readonly version: number;
  readonly description: string;
  readonly code: Code | null;
  /** Milliseconds since it was made, at least; 0 where Heroku does not tell what time it is there. */
  readonly ageMs: number;
}

export interface AppCode {
  /** The version of the newest release of any kind. */
  readonly newest: number;
  /** Null on an app that never had code, which the whole list of its releases says. */
  readonly code: CodeRelease | null;
  /** The release of other code that ran before `code`; null when there was none. */
  readonly before: Decision | null;
  /** Releases above `code` that failed, newest first: they changed nothing, but somebody wanted them to. */
  readonly failed: readonly Decision[];
  /** Releases under way above the code, newest first: Heroku lets several wait for one another. */
  readonly pending: readonly PendingRelease[];
}

/** What an app is thought to say: what it said last, or what the log says was released to it. */
export interface Expected {
  readonly newest: number;
  /** What runs; null: nothing is known of it. */
  readonly code: Code | null;
  /** What that was made of, as the log has it: 40 hex digits; null: that is not known. */
  readonly commit?: string | null;
}

/** A list lags behind what was written by seconds; this is how long one is waited for. */
const lag = { looks: 12, pauseMs: 5_000 };

/**
 * What the app's list of releases says, once it is known to be no older than the newest release.
 *
 * @param expected is asked about beside the list rather than after it; where the list says otherwise, it is asked anew
 * @throws VendorMalformed and the like when it cannot be told: never "no code" for "unknown".
 *   `E_NO_SLUG` on an app of the container registry; `E_RELEASES_*` for a list that is not whole,
 *   contradicts itself or stays behind
 */
export async function readCode(
  api: HerokuApi,
  app: string,
  ports: Ports,
  expected: Expected | null = null,
): Promise<AppCode> {
  for (let look = 1; ; look++) {
    const beside = look === 1 && expected !== null ? begin(api, app, expected, ports) : null;
    const { decided, before, ...story } = await walkBack(api, app, ports);
    const above = beside?.above(story.newest) ?? findRelease(api, app, story.newest + 1, ports);
    // The list may be older than what was released last; a single release is not.
    if ((await above) === null) {
      if (decided === null) await mustBeBare(api, app, ports);
      const content = decided === null ? null : beside?.content(decided.code);
      const code = decided === null ? null : await withCommit(api, app, decided, content, ports);
      return { ...story, code, before: before === null ? null : ranOnce(before) };
    }
    if (look === lag.looks) throw staysBehind(app, story.newest);
    ports.progress(
      `${app}: the list of releases is older than v${story.newest + 1}; reading again`,
    );
    await ports.clock.sleep(lag.pauseMs, ports.signal);
  }
}

/** Asks for what an app is expected to say. Null: the list says otherwise. */
function begin(
  api: HerokuApi,
  app: string,
  { newest, code, commit = null }: Expected,
  ports: Ports,
) {
  const above = findRelease(api, app, newest + 1, ports);
  const content = code === null ? null : readContent(api, app, code, ports, commit);
  // Whoever has read the list hears of a failure.
  for (const reading of [above, content]) reading?.catch(() => {});
  return {
    above: (seen: number) => (seen === newest ? above : null),
    content: (seen: Code | null) => (isSameCode(seen, code) ? content : null),
  };
}

/** What `readCode` says of an app, as it was right before the release of that version: the code then, and what ran before it. */
export async function readCodeBelow(
  api: HerokuApi,
  app: string,
  version: number,
  ports: Ports,
): Promise<{ readonly code: Decision | null; readonly before: Decision | null }> {
  const { decided, before } = await walkBack(api, app, ports, version);
  return {
    code: decided === null ? null : decisionOf(decided),
    before: before === null ? null : decisionOf(before),
  };
}

/** That an app never had code is believed only where the app itself says the same. */
async function mustBeBare(api: HerokuApi, app: string, ports: Ports): Promise<void> {
  const seen = await readApp(api, app, ports);
  refuseContainer(seen);
  if ((seen.slug_size ?? 0) > 0) throw contradiction(app, 'no release has code, but the app does');
}

/** What ran before what runs now: of a release that expired the code is destroyed (Platform API reference, Release). */
const ranOnce = (release: HerokuRelease): Decision => ({
  ...decisionOf(release),
  code: release.status === 'expired' ? null : release.code,
});

function decisionOf({ id, version, code, description, user, created_at }: HerokuRelease): Decision {
  const kind = classify(description);
  return {
    release: { id, version },
    code,
    description,
    by: user.email,
    at: created_at,
    kind,
  };
}

/** A release that came to run, by its id or its version, and what keeps it from running again; null: there is none. */
export async function findDecision(
  api: HerokuApi,
  app: string,
  name: string | number,
  ports: Ports,
): Promise<(Decision & { readonly whyNot: string | null }) | null> {
  const release = await findRelease(api, app, name, ports);
  return release === null || !cameToRun(release)
    ? null
    : { ...ranOnce(release), whyNot: whyNotAgain(release) };
}

/** In words that follow on its version; null: a rollback can put its code back (Platform API reference, Release, Rollback). */
function whyNotAgain(release: HerokuRelease): string | null {
  if (isOfContainerRegistry(release)) {
    return 'is of Heroku’s container registry, which says nothing of its commit';
  }
  if (release.status === 'expired') return 'has expired: Heroku keeps its code no longer';
  return release.code === null ? 'has no code' : null;
}

async function withCommit(
  api: HerokuApi,
  app: string,
  decided: HerokuRelease,
  reading: Promise<Content> | null | undefined,
  ports: Ports,
): Promise<CodeRelease> {
  const decision = decisionOf(decided);
  const { code } = decision;
  if (code === null) throw noCode(app, decided);
  const { named, digest } = await (reading ?? readContent(api, app, code, ports));
  return { ...decision, code, named, commit: fullId(named), digest };
}

/** Whether the code ran before the release of that version, in a release of its own. */
export async function ranBefore(
  api: HerokuApi,
  app: string,
  { code, version }: { code: Code; version: number },
  ports: Ports,
): Promise<boolean> {
  for await (const release of releasesNewestFirst(api, app, ports, 1_000)) {
    if (release.version < version && isSameCode(release.code, code) && cameToRun(release)) {
      return true;
    }
  }
  return false;
}

interface WalkedBack {
  newest: number;
  pending: PendingRelease[];
  failed: Decision[];
  decided: HerokuRelease | null;
  before: HerokuRelease | null;
}

/** Expired: it ran in its time, and its image is gone since. */
const cameToRun = ({ status }: HerokuRelease) => status === 'succeeded' || status === 'expired';

/**
 * From the newest release back: those that did not come to run are no part of what runs. Of the
 * others, a release that says it is a decision on code is one, even when it put the same code again
 * (a rollback to what runs is still a rollback). One that says nothing of the kind, as a config
 * change does, decided something only if its code is not that of the release before it. It is read
 * on to the code before that, or to the app's first release where there is none.
 *
 * @param below only releases below that version: what ran before one of it was made
 */
async function walkBack(
  api: HerokuApi,
  app: string,
  ports: Ports,
  below = Number.POSITIVE_INFINITY,
): Promise<WalkedBack> {
  const story: WalkedBack = { newest: 0, pending: [], failed: [], decided: null, before: null };
  let above: HerokuRelease | null = null;
  let ranAbove: HerokuRelease | null = null;
  for await (const release of releasesNewestFirst(api, app, ports)) {
    story.newest = Math.max(story.newest, release.version);
    mustMakeSense(app, release, ranAbove);
    if (cameToRun(release)) ranAbove = release;
    if (release.version >= below) continue;
    if (story.decided === null) refuseContainerRelease(app, release);
    if (!cameToRun(release)) {
      if (story.decided === null) noteUnrun(story, release, ports);
      continue;
    }
    const changed = above !== null && !isSameCode(release.code, above.code) ? above : null;
    if (changed !== null) {
      // A release keeps the code of the one before it: it can come to have some, and never none.
      if (changed.code === null && !isForgotten(changed)) throw noCode(app, changed);
      story.decided ??= changed;
    }
    above = release;
    if (story.decided !== null && changed !== null && hadCode(release)) {
      return { ...aboveTheCode(story), before: release };
    }
    if (story.decided === null && saysCode(release)) {
      if (release.code === null) throw noCode(app, release);
      story.decided = release;
    }
  }
  if (above === null) throw noneRan(app);
  if (above.code !== null) story.decided ??= above;
  return aboveTheCode(story);
}

/**
 * Which release put the code there is known only once it has been passed: what failed before it, on
 * the way there, says nothing of what was wanted since.
 */
function aboveTheCode(story: WalkedBack): WalkedBack {
  const decidedAt = story.decided?.version ?? 0;
  return {
    ...story,
    pending: story.pending.filter(({ version }) => version > decidedAt),
    failed: story.failed.filter(({ release }) => release.version > decidedAt),
  };
}

const saysCode = ({ description }: HerokuRelease) => classify(description) !== 'other';
/** A release that expired may name its code no longer. */
const isForgotten = ({ code, status }: HerokuRelease) => code === null && status === 'expired';
/** What ran once is history, also what the container registry released in its time. */
const hadCode = (release: HerokuRelease) =>
  release.code !== null ||
  isForgotten(release) ||
  isOfContainerRegistry(release) ||
  saysCode(release);

function noteUnrun(story: WalkedBack, release: HerokuRelease, ports: Ports): void {
  const { id, version, status, description, code } = release;
  const ageMs = ageOf(release.created_at, heroku, ports)?.atLeastMs ?? 0;
  if (status === 'pending') story.pending.push({ id, version, description, code, ageMs });
  else story.failed.push(decisionOf(release));
}

/** How a release's `artifacts` call them. */
const artifactTypes = [
  ['slug', 'slug'],
  ['image', 'oci-image'],
] as const;

/** @param ranAbove the release that came to run after it */
function mustMakeSense(app: string, release: HerokuRelease, ranAbove: HerokuRelease | null): void {
  const { version, status, current, code, artifacts } = release;
  if (current === true && (ranAbove !== null || !cameToRun(release))) {
    const why = ranAbove === null ? `its status is ${status}` : `v${ranAbove.version} ran after it`;
    throw contradiction(app, `v${version} is said to be what runs, but ${why}`);
  }
  if (current === false && ranAbove === null && status === 'succeeded') {
    throw contradiction(app, `v${version} is the last to succeed, but is said not to be what runs`);
  }
  for (const [kind, type] of artifactTypes) {
    const copies = artifacts.filter((one) => one.type === type);
    const other = copies.find(({ id }) => id !== undefined && !isSameCode({ kind, id }, code));
    if (other === undefined) continue;
    // The container registry's images may be named there alone.
    if (kind === 'image' && code === null) continue;
    throw contradiction(app, `v${version} names two ${kind}s`);
  }
}

const lookYourself = (app: string) =>
  `Compare with heroku releases -a ${app}. If that is right, run the job again; what production runs cannot be told from this answer.`;

export function noCode(app: string, { version, description }: HerokuRelease): HerokuError {
  return new HerokuError(
    'E_RELEASES_NO_SLUG',
    `${app} v${version} (${shownDescription(description)}) has neither a slug nor an image, though it is a release of code`,
    {
      hint: `${lookYourself(app)} The container-registry stack is not supported.`,
      details: { app, version },
    },
  );
}

function noneRan(app: string): HerokuError {
  return new HerokuError(
    'E_RELEASES_NONE_RAN',
    `by Heroku’s list no release of ${app} ever came to run, though an app’s first one always does`,
    { hint: lookYourself(app), details: { app } },
  );
}

export function contradiction(app: string, what: string): HerokuError {
  return new HerokuError(
    'E_RELEASES_CONTRADICTION',
    `Heroku’s list of ${app}’s releases contradicts itself: ${what}`,
    { hint: lookYourself(app), details: { app } },
  );
}

function staysBehind(app: string, newest: number): HerokuError {
  return new HerokuError(
    'E_RELEASES_BEHIND',
    `Heroku’s list of ${app}’s releases ends at v${newest} and does not catch up, though there is a v${newest + 1}`,
    {
      hint: 'Run the job again in a few minutes; see https://status.heroku.com.',
      details: { app, newest },
    },
  );
}

/** The text of what it retries, where a release says that it is a retry (`heroku releases:retry`). */
export const withoutRetry = (description: string): string =>
  description.trim().replace(/^(?:Retry of v\d+:\s*)+/i, '');

/** By the texts that Heroku gives its releases; a retry is what it retries. */
export function classify(description: string): ReleaseKind {
  const what = withoutRetry(description);
  if (/^Roll(?:ed)? ?back\b/i.test(what)) return 'rollback';
  if (/^Promot(?:e|ed|ion)\b/i.test(what)) return 'promote';
  return /^Deploy(?:ed)?\b/i.test(what) ? 'deploy' : 'other';
}
