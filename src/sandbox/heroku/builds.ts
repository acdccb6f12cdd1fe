/**
 * Heroku's routes for builds: made from an uploaded tarball, followed by their status (Heroku Platform API
 * reference, Build).
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
  visible,
} from './answers.ts';
import { buildBody } from './bodies.ts';
import type { Keys } from './lists.ts';
import type { Build } from './state.ts';

const text = z.string().nullish();
const newBuild = z.looseObject({
  source_blob: z.looseObject({
    url: z.string(),
    version: text,
    version_description: text,
    checksum: text,
  }),
});

/** The id makes an instant's builds tell apart, so that a page can end between them. */
const keys: Keys<Build> = {
  id: ({ id }) => id,
  started_at: ({ createdAt, id }) => `${new Date(createdAt).toISOString()}/${id}`,
};

export function addBuildRoutes(hono: Hono, { world, sources }: HerokuService): void {
  hono.get('/apps/:app/builds', (c) => {
    const app = appOf(c, world());
    const builds = visible(world(), app, app.builds);
    return answerList(c, builds, keys, (build) => buildBody(app, build, sources.origin));
  });
  hono.get('/apps/:app/builds/:build', (c) => {
    const app = appOf(c, world());
    const build = app.builds.find(({ id }) => id === c.req.param('build'));
    if (build === undefined) throw missing('build');
    return answer(buildBody(app, build, sources.origin));
  });
  hono.post('/apps/:app/builds', async (c) => {
    const app = appOf(c, world());
    const { source_blob: blob } = await bodyOf(c, newBuild);
    if (!sources.has(blob.url)) {
      throw invalid('The source could not be downloaded: nothing was uploaded to its URL.');
    }
    const build = world().build(app, {
      url: blob.url,
      version: blob.version ?? null,
      description: blob.version_description ?? null,
      checksum: blob.checksum ?? null,
    });
    return answer(buildBody(app, build, sources.origin), 201);
  });
}
