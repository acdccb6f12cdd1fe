/**
 * Heroku's routes for the account, apps, config vars and places to upload source to (Heroku Platform API
 * reference, App, Config Vars, Source).
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { answer, answerList, appOf, bodyOf, type HerokuService } from './answers.ts';
import { seconds } from './artifact-bodies.ts';
import { accountBody, appBody } from './bodies.ts';
import type { Keys } from './lists.ts';
import type { App } from './state.ts';

const filter = z.looseObject({
  in: z.looseObject({ id: z.array(z.string()).optional(), name: z.array(z.string()).optional() }),
});
const appChange = z.looseObject({ maintenance: z.boolean().optional() });
const configChange = z.record(z.string(), z.string().nullable());

export function addAppRoutes(hono: Hono, { world, sources }: HerokuService): void {
  const body = (app: App) => appBody(world(), app);
  const keys: Keys<App> = {
    id: ({ id }) => id,
    name: ({ name }) => name,
    updated_at: ({ createdAt, releases }) => seconds(releases.at(-1)?.updatedAt ?? createdAt),
  };

  hono.get('/account', () => answer(accountBody));
  hono.get('/apps', (c) => answerList(c, world().apps, keys, body));
  hono.post('/filters/apps', async (c) => {
    const { in: wanted } = await bodyOf(c, filter);
    const named = [...(wanted.id ?? []), ...(wanted.name ?? [])];
    const apps = world().apps.filter(({ id, name }) => named.includes(id) || named.includes(name));
    return answer(apps.map(body));
  });
  hono.get('/apps/:app', (c) => answer(body(appOf(c, world()))));
  hono.patch('/apps/:app', async (c) => {
    const app = appOf(c, world());
    const { maintenance } = await bodyOf(c, appChange);
    app.maintenance = maintenance ?? app.maintenance;
    return answer(body(app));
  });

  hono.get('/apps/:app/config-vars', (c) => answer(appOf(c, world()).config));
  hono.patch('/apps/:app/config-vars', async (c) => {
    const app = appOf(c, world());
    world().setConfig(app, await bodyOf(c, configChange));
    return answer(app.config);
  });

  const place = () => answer({ source_blob: sources.create() }, 201);
  hono.post('/sources', place);
  hono.post('/apps/:app/sources', (c) => {
    appOf(c, world());
    return place();
  });
}
