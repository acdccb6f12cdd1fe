/** What code an app runs and who decided so: its releases, walked back to the last one that changed the code. */
import { LockstepError } from '../errors.ts';
import type { Release } from '../machine/events.ts';
import { appPath, type HerokuApi } from './heroku-api.ts';
import { type HerokuRelease, releaseSchema, slugSchema } from './heroku-schemas.ts';
import type { Ports } from './ports.ts';

/** What a release's description says that it was; `other` is everything that is no decision on code. */
export type ReleaseKind = 'deploy' | 'promote' | 'rollback' | 'other';

/** The last successful release that changed the code of an app. */
export interface CodeRelease {
  readonly release: Release;
  readonly slug: string;
  /** 40 hex digits; null when the slug was made without a commit's id. */
  readonly commit: string | null;
  readonly description: string;
  /** An e-mail address. */
  readonly by: string;
  /** ISO 8601, by Heroku's clock. */
  readonly at: string;
  readonly kind: ReleaseKind;
  readonly rollback: boolean;
  readonly rolledBackTo: number | null;
}

/** A release that is under way. */
export interface PendingRelease {
  readonly id: string;
  readonly version: number;
  readonly description: string | null;
  readonly slug: string | null;
}

export interface AppCode {
  /** The version of the newest release of any kind; 0 when there is none. */
  readonly newest: number;
  /** Null on an app that never had code. */
  readonly code: CodeRelease | null;
  /** The newest release under way above the code. */
  readonly pending: PendingRelease | null;
}

const pageSize = 50;

/** The app's releases, newest first; one that is out of order is refused, for then nothing can be told. */
export async function* releasesNewestFirst(
  api: HerokuApi,
  app: string,
  ports: Ports,
): AsyncGenerator<HerokuRelease> {
  const path = appPath(app, 'releases');
  let above = Number.POSITIVE_INFINITY;
  const range = `version ..; max=${pageSize}, order=desc`;
  for await (const page of api.pages(path, range, releaseSchema, ports)) {
    // The whole page first: of a list in the wrong order the first item already misleads.
    for (const { version } of page) {
      if (version >= above) throw api.malformed(path, 'releases are not newest first');
      above = version;
    }
    yield* page;
  }
}

/**
 * @throws VendorMalformed and the like when it cannot be told: never "no code" for "unknown".
 *   `E_NO_SLUG` on an app that runs a container image
 */
export async function readCode(api: HerokuApi, app: string, ports: Ports): Promise<AppCode> {
  const { newest, pending, decided } = await walkBack(api, app, ports);
  if (decided === null) return { newest, pending, code: null };
  const { id, version, slug, user, created_at } = decided;
  if (slug === null) return { newest, pending, code: null };
  const description = decided.description ?? '';
  const { kind, rolledBackTo } = classify(description);
  const commit = await commitOf(api, app, slug, ports);
  return {
    newest,
    pending,
    code: {
      release: { id, version },
      slug,
      commit,
      description,
      by: user.email,
      at: created_at,
      kind,
      rollback: kind === 'rollback',
      rolledBackTo,
    },
  };
}

/** The full commit id that a slug was made of; null when it says something else. */
export async function commitOf(
  api: HerokuApi,
  app: string,
  slug: string,
  ports: Ports,
): Promise<string | null> {
  const { commit } = await api.get(appPath(app, 'slugs', slug), slugSchema, ports);
  const sha = commit?.toLowerCase() ?? '';
  return /^[0-9a-f]{40}$/.test(sha) ? sha : null;
}

interface WalkedBack {
  newest: number;
  pending: PendingRelease | null;
  decided: HerokuRelease | null;
}

/**
 * From the newest release back: those that did not come to run are no part of the story. Of the
 * others, a release that says it is a decision on code is one, even when it put the same slug again
 * (a rollback to what runs is still a rollback). One that says nothing of the kind, as a config
 * change does, decided something only if its slug is not that of the release before it.
 */
async function walkBack(api: HerokuApi, app: string, ports: Ports): Promise<WalkedBack> {
  const story: WalkedBack = { newest: 0, pending: null, decided: null };
  let candidate: HerokuRelease | null = null;
  for await (const release of releasesNewestFirst(api, app, ports)) {
    story.newest = Math.max(story.newest, release.version);
    const { id, version, status, description, slug } = release;
    if (status === 'pending') story.pending ??= { id, version, description, slug };
    // Expired: it ran in its time, and its image is gone since.
    if (status !== 'succeeded' && status !== 'expired') continue;
    refuseImage(app, release);
    if (candidate !== null && slug !== candidate.slug) {
      if (candidate.slug !== null) return { ...story, decided: candidate };
      throw api.malformed(appPath(app, 'releases'), `v${candidate.version} has no slug`);
    }
    candidate = release;
    if (classify(description ?? '').kind !== 'other') return { ...story, decided: candidate };
  }
  return { ...story, decided: candidate };
}

/** Without slugs nothing tells commits apart: the app is not one without code. */
function refuseImage(app: string, { version, slug, oci_image, artifacts }: HerokuRelease): void {
  const isImage =
    (oci_image ?? null) !== null || (artifacts ?? []).some(({ type }) => type === 'oci-image');
  if (slug !== null || !isImage) return;
  throw new LockstepError('E_NO_SLUG', `${app} runs a container image (v${version}), not a slug`, {
    hint: 'Lockstep deploys apps that Heroku builds from source (the Cedar generation, without the container registry).',
    details: { app, version },
  });
}

/** By the texts that Heroku gives its releases; a retry (`heroku releases:retry`) is what it retries. */
export function classify(description: string): {
  kind: ReleaseKind;
  rolledBackTo: number | null;
} {
  const what = description.trim().replace(/^(?:Retry of v\d+:\s*)+/i, '');
  const rollback = /^Roll(?:ed)? ?back\b(?: to v(\d+))?/i.exec(what);
  if (rollback !== null) {
    return {
      kind: 'rollback',
      rolledBackTo: rollback[1] === undefined ? null : Number(rollback[1]),
    };
  }
  if (/^Promot(?:e|ed|ion)\b/i.test(what)) return { kind: 'promote', rolledBackTo: null };
  return { kind: /^Deploy(?:ed)?\b/i.test(what) ? 'deploy' : 'other', rolledBackTo: null };
}
