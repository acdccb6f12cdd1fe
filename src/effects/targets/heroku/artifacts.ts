/** What a release runs, a slug or an OCI image: what it was made of, which are one, and what has no commit at all. */

import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import { HerokuError } from './error-codes.ts';
import {
  type Code,
  type HerokuApp,
  type HerokuRelease,
  imagesSchema,
  slugSchema,
} from './schemas.ts';

/** What is known of a slug or an image. */
export interface Content {
  /** What it says that it was made of, in lower case: a commit's full id, a short one, any text. */
  readonly named: string | null;
  /** Of an image: `sha256:` and 64 hex digits. Null of a slug, and of an image of several architectures. */
  readonly digest: string | null;
}

/** By their ids, which Heroku gives once each. */
export function isSameCode(one: Code | null, other: Code | null): boolean {
  return one?.id === other?.id && one?.kind === other?.kind;
}

/**
 * By their ids, else by the digests of two images: the image that a promotion puts on another app is of one content.
 *
 * @throws VendorRefused one of them is gone
 */
export async function hasSameContent(
  api: HerokuApi,
  one: { readonly app: string; readonly code: Code | null },
  other: { readonly app: string; readonly code: Code },
  ports: Ports,
): Promise<boolean> {
  if (isSameCode(one.code, other.code)) return true;
  if (one.code?.kind !== 'image' || other.code.kind !== 'image') return false;
  const { digest } = await readContent(api, one.app, one.code, ports);
  return (
    digest !== null && digest === (await readContent(api, other.app, other.code, ports)).digest
  );
}

/**
 * Platform API reference, Slug and OCI Image. A slug is created with its commit, nothing there changes one, and a
 * promotion gives the target the same: it is read until that is sure.
 *
 * @param commit what it has to be of; null: that is not known
 * @throws VendorMalformed another one came; E_NO_SLUG it is an image of the container registry
 */
export async function readContent(
  api: HerokuApi,
  app: string,
  code: Code,
  ports: Ports,
  commit: string | null = null,
): Promise<Content> {
  if (code.kind === 'image') return readImage(api, app, code.id, ports);
  return api.untilSure(
    `slug ${code.id}`,
    () => readSlug(api, app, code.id, ports),
    ({ named }) => named !== null && named === commit,
  );
}

async function readSlug(api: HerokuApi, app: string, slug: string, ports: Ports): Promise<Content> {
  const path = appPath(app, 'slugs', slug);
  const { id, commit } = await api.get(path, slugSchema, ports);
  if (id !== slug) throw api.malformed(path, `it is of slug ${id}`);
  return { named: commit?.toLowerCase() ?? null, digest: null };
}

async function readImage(
  api: HerokuApi,
  app: string,
  image: string,
  ports: Ports,
): Promise<Content> {
  const path = appPath(app, 'oci-images', image);
  const images = await api.find(path, imagesSchema, ports);
  if (images === null) {
    refuseContainer(await readApp(api, app, ports));
    throw api.malformed(path, 'a release runs it, and Heroku does not have it');
  }
  const stranger = images.find(({ id }) => id !== image);
  if (stranger !== undefined) throw api.malformed(path, `it is of image ${stranger.id}`);
  const [named = null, ...others] = new Set(images.map(({ commit }) => commit));
  if (others.length > 0) throw api.malformed(path, 'one image is of two commits');
  const [digest = null, ...moreDigests] = new Set(images.map((one) => one.digest));
  return { named, digest: moreDigests.length === 0 ? digest : null };
}

/** A full commit id; null when it is something else. */
export const fullId = (named: string | null): string | null =>
  named !== null && /^[0-9a-f]{40}$/.test(named) ? named : null;

/** What the container registry released says of no commit: the app is not one without code. @throws E_NO_SLUG */
export function refuseContainerRelease(app: string, release: HerokuRelease): void {
  if (isOfContainerRegistry(release)) throw containerImage(app, `v${release.version}`);
}

/** An app of the container registry is told before anything is waited for. @throws E_NO_SLUG */
export function refuseContainer({ name, stack, build_stack }: HerokuApp): void {
  const stacks = [stack?.name, build_stack?.name];
  if (stacks.includes('container')) throw containerImage(name, 'its stack is container');
}

export function isOfContainerRegistry({ code, artifacts, description }: HerokuRelease): boolean {
  if (code?.kind === 'slug') return false;
  // As Heroku words a release of its container registry.
  if (/^Deployed \w[\w, -]* \([0-9a-f]{6,}\b/.test(description)) return true;
  return code === null && artifacts.some(({ type }) => type === 'oci-image');
}

/** @param what of the app is of the registry: `v12`, `its stack is container` */
export function containerImage(app: string, what: string): HerokuError {
  return new HerokuError(
    'E_NO_SLUG',
    `${app} runs what was pushed to Heroku’s container registry (${what}), which says nothing of its commit`,
    {
      hint: 'Lockstep deploys apps that Heroku builds from source, on Cedar and on Fir; the container-registry stack is not supported.',
      details: { app, what },
    },
  );
}
