/** The two deployed apps as their users see them: what answers, from which code, and Heroku's error page. */
import { Hono } from 'hono';
import type { App } from './state.ts';
import type { HerokuWorld } from './world.ts';

/** An endpoint that a person or an incident made fail: until when (milliseconds since the epoch), with what. */
export interface Outage {
  readonly status: number;
  readonly until: number;
}

export interface WebOptions {
  readonly world: () => HerokuWorld;
  /** The app's name. */
  readonly name: string;
  /** By the app's name. */
  readonly outages: ReadonlyMap<string, Outage>;
}

const errorPage =
  '<!DOCTYPE html><html><head><title>Application Error</title></head><body><iframe src="//www.herokucdn.com/error-pages/application-error.html"></iframe></body></html>';

/** Any path is 200 `ok` with the commit in `x-revision`; `/revision` has it as the body too. */
export function createWeb({ world: worldOf, name, outages }: WebOptions): Hono {
  const hono = new Hono();
  hono.get('*', (c) => {
    const world = worldOf();
    world.settle();
    const app = world.app(name);
    const outage = outages.get(name);
    if (outage !== undefined && world.now < outage.until) return unavailable(outage.status);
    if (app === undefined || app.maintenance) return unavailable(503);
    const commit = answering(world, app);
    if (commit === undefined) return unavailable(503);
    const headers = { 'x-revision': commit ?? '', server: 'Heroku' };
    return c.text(c.req.path === '/revision' ? `${commit ?? ''}\n` : 'ok\n', 200, headers);
  });
  return hono;
}

/** The commit of the code that answers, null when it names none; undefined when nothing answers. */
function answering(world: HerokuWorld, app: App): string | null | undefined {
  if (app.answering !== null && world.now < app.answering.until) return app.answering.commit;
  const web = app.dynos.find(({ type, state }) => type === 'web' && state === 'up');
  return web === undefined ? undefined : world.commitOf(web.release);
}

function unavailable(status: number): Response {
  return new Response(errorPage, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache, no-store' },
  });
}
