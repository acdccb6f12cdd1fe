/**
 * Heroku's routes for what runs: dynos, the formation, preboot (Heroku Platform API reference, Dyno,
 * Formation, App Feature).
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { answer, answerBodies, appOf, bodyOf, type HerokuService, missing } from './answers.ts';
import { dynoBody, formationBody, prebootBody } from './bodies.ts';
import type { App } from './state.ts';

const formationChange = z.looseObject({
  updates: z.array(z.looseObject({ type: z.string(), quantity: z.int().nonnegative() })),
});
const featureChange = z.looseObject({ enabled: z.boolean() });

export function addDynoRoutes(hono: Hono, { world }: HerokuService): void {
  const formation = (app: App) => app.formation.map((one, place) => formationBody(app, one, place));

  hono.get('/apps/:app/dynos', (c) => {
    const app = appOf(c, world());
    return answerBodies(
      c,
      app.dynos.map((dyno) => dynoBody(app, dyno)),
    );
  });
  hono.get('/apps/:app/formation', (c) => answerBodies(c, formation(appOf(c, world()))));
  hono.patch('/apps/:app/formation', async (c) => {
    const app = appOf(c, world());
    const { updates } = await bodyOf(c, formationChange);
    const known = (type: string): boolean => app.formation.some((one) => one.type === type);
    if (!updates.every(({ type }) => known(type))) throw missing('process type');
    for (const { type, quantity } of updates) world().scale(app, type, quantity);
    return answer(formation(app));
  });
  /** Private Spaces, and so all of Fir, have none: releases roll there (Heroku Dev Center, Preboot). */
  const prebooting = (c: Context): App => {
    const app = appOf(c, world());
    if (app.space !== null) throw missing('app feature');
    return app;
  };
  hono.get('/apps/:app/features/preboot', (c) => answer(prebootBody(prebooting(c))));
  hono.patch('/apps/:app/features/preboot', async (c) => {
    const app = prebooting(c);
    app.preboot = (await bodyOf(c, featureChange)).enabled;
    return answer(prebootBody(app));
  });
}
