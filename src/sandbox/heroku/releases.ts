/**
 * Heroku's routes for releases, slugs and images: what ran, what runs, what is rolled back to (Heroku Platform
 * API reference, Release, Slug, OCI Image).
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import {
  answer,
  answerList,
  appOf,
  bodyOf,
  type HerokuService,
  invalid,
  missing,
  releaseOf,
  visible,
} from './answers.ts';
import { imageBody, imageDigest, slugBody } from './artifact-bodies.ts';
import { releaseBody } from './bodies.ts';
import type { Keys } from './lists.ts';
import type { App, Release } from './state.ts';
import type { HerokuWorld } from './world.ts';

const newRelease = z.looseObject({
  release: z.string().optional(),
  slug: z.string().optional(),
  oci_image: z.string().optional(),
  description: z.string().optional(),
});

const keys: Keys<Release> = { id: ({ id }) => id, version: ({ version }) => version };

export function addReleaseRoutes(hono: Hono, { world, sources }: HerokuService): void {
  const streams = sources.origin;
  const body = (app: App, release: Release) =>
    releaseBody(app, release, { current: world().current(app), streams });

  hono.get('/apps/:app/releases', (c) => {
    const app = appOf(c, world());
    const releases = visible(world(), app, app.releases);
    // A list that lags behind shows as current what was so then.
    const current = releases.findLast(({ status }) => status === 'succeeded');
    return answerList(c, releases, keys, (one) => releaseBody(app, one, { current, streams }));
  });
  hono.get('/apps/:app/releases/:release', (c) => {
    const app = appOf(c, world());
    return answer(body(app, releaseOf(app, c.req.param('release'))));
  });
  hono.get('/apps/:app/releases/:release/config-vars', (c) =>
    answer(releaseOf(appOf(c, world()), c.req.param('release')).config),
  );
  hono.post('/apps/:app/releases', async (c) => {
    const app = appOf(c, world());
    return answer(body(app, create(world(), app, await bodyOf(c, newRelease))), 201);
  });
  hono.get('/apps/:app/slugs/:slug', (c) => {
    const app = appOf(c, world());
    const slug = world().slugs.get(c.req.param('slug'));
    if (slug === undefined || app.generation !== 'cedar') throw missing('slug');
    return answer(slugBody(slug, streams));
  });
  hono.get('/apps/:app/oci-images/:image', (c) => {
    const app = appOf(c, world());
    const wanted = c.req.param('image');
    const image = [...world().slugs.values()].find(
      (one) => one.id === wanted || imageDigest(one) === wanted,
    );
    if (image === undefined || app.generation !== 'fir') throw missing('OCI image');
    return answer([imageBody(image)]);
  });
}

/** A rollback names an older release by its id (`v12` does not work); anything else names a slug, on Fir an image. */
function create(world: HerokuWorld, app: App, wanted: z.infer<typeof newRelease>): Release {
  if (wanted.release !== undefined) {
    const to = app.releases.find(({ id }) => id === wanted.release);
    if (to === undefined) throw invalid('Release is invalid: give its id.');
    if (to.status !== 'succeeded' || to.slug === null) {
      throw invalid('Cannot roll back to a release that has no slug or image.');
    }
    return world.rollback(app, to);
  }
  const isFir = app.generation === 'fir';
  const slug = isFir ? wanted.oci_image : wanted.slug;
  if (slug === undefined || !world.slugs.has(slug)) {
    throw invalid(`You must specify ${isFir ? 'an OCI image' : 'a slug'}.`);
  }
  return world.release(app, {
    slug,
    description: wanted.description ?? `Deploy ${slug.slice(0, 8)}`,
  });
}
