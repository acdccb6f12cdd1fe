/** The two deployed apps as their users see them: what answers, from which code, and Heroku's error page. */
import { Hono } from 'hono';
import type { App, HerokuWorld } from './heroku-world.ts';

/** An endpoint that a person or an incident made fail: until when (milliseconds since the epoch), with what. */
export interface Outage {
  readonly status: number;
  readonly until: number;
}

const errorPage =
  '<!DOCTYPE html><html><head><title>Application Error</title></head><body><iframe src="//www.herokucdn.com/error-pages/application-error.html"></iframe></body></html>';

export function createWeb(options: {
  world: () => HerokuWorld;
  app: () => App;
  outage: () => Outage | null;
}): Hono {
  const hono = new Hono();
  hono.get('*', (c) => {
    const world = options.world();
    world.settle();
    const app = options.app();
    const outage = options.outage();
    if (outage !== null && world.now < outage.until) return unavailable(outage.status);
    const commit = answering(world, app);
    if (app.maintenance || commit === undefined) return unavailable(503);
    const headers = { 'x-revision': commit ?? '', server: 'Heroku' };
    if (c.req.path === '/revision') return c.text(`${commit ?? ''}\n`, 200, headers);
    return c.text('ok\n', 200, headers);
  });
  return hono;
}

/** The commit of the code that answers; undefined when nothing does. */
function answering(world: HerokuWorld, app: App): string | null | undefined {
  if (app.answering !== null && world.now < app.answering.until && app.answering.commit !== null) {
    return app.answering.commit;
  }
  const web = app.dynos.find(({ type, state }) => type === 'web' && state === 'up');
  return web === undefined ? undefined : world.commitOf(web.release);
}

function unavailable(status: number): Response {
  return new Response(errorPage, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache, no-store' },
  });
}
