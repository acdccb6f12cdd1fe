/** The web server: pages, their stylesheet and script, and what comes live. It only reads. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { document } from '../page/document.ts';
import { liveScript } from '../page/live.ts';
import { html } from '../page/markup.ts';
import { stylesheet } from '../page/stylesheet.ts';
import { redact } from '../redaction/gate.ts';
import { UnreadableLog } from '../runtime/log/recorded.ts';
import { LogFault, StoreUnavailable } from '../store/log.ts';
import { cookieOf, type Door, isSame, refusal } from './door.ts';
import { addresses, Pages, type Sources } from './pages.ts';
import { SentText } from './sent-text.ts';
import { Tail } from './tail.ts';

/** A browser that went away unnoticed is noticed when it is written to. */
const aliveMs = 15_000;
/** A browser that lost its server asks again after that time; left to itself it waits three seconds. */
const againMs = 500;

const readingMethods: readonly string[] = ['GET', 'HEAD'];

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** Under the address that pages name it by, a text never changes. */
const keptForGood = 'private, max-age=31536000, immutable';

const files = [
  ['/style.css', addresses.stylesheet, new SentText(stylesheet, 'text/css')],
  ['/live.js', addresses.script, new SentText(liveScript, 'text/javascript')],
] as const;

function createApp(sources: Sources, tail: Tail, door: Door, ranMs: () => number): Hono {
  const pages = new Pages(sources, ranMs);
  const app = new Hono();
  app.use(async (c, next) => {
    const url = new URL(c.req.url);
    const given = url.searchParams.get('token');
    const refused = refusal(door, c.req.raw.headers);
    if (
      refused?.status === 401 &&
      given !== null &&
      door.token !== null &&
      isSame(given, door.token)
    ) {
      url.searchParams.delete('token');
      c.header('set-cookie', cookieOf(door.token));
      return c.redirect(url.pathname + url.search, 303);
    }
    for (const [name, value] of Object.entries(securityHeaders)) c.header(name, value);
    if (refused !== null) return c.text(`${refused.why}\n`, refused.status);
    if (readingMethods.includes(c.req.method)) return next();
    c.header('allow', readingMethods.join(', '));
    return c.text('These pages only read.\n', 405);
  });
  for (const [path, named, text] of files) {
    app.get(path, (c) => {
      const { pathname, search } = new URL(c.req.url);
      if (pathname + search === named) c.header('cache-control', keptForGood);
      return text.answer(c);
    });
  }
  app.get('/events', (c) => {
    // Nobody reads what would be written then.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    return streamSSE(c, async (stream) => {
      let told = Number(c.req.header('last-event-id') ?? c.req.query('after') ?? tail.position);
      let wake = (): void => {};
      const end = tail.listen(() => wake());
      stream.onAbort(() => {
        end();
        wake();
      });
      await stream.write(`retry: ${againMs}\n\n`);
      while (!stream.aborted) {
        const { position } = tail;
        // One that is none of this log, or beyond its end, is of a log that was put back since.
        if (position !== told) {
          told = position;
          await stream.writeSSE({ event: 'log', id: String(position), data: String(position) });
          continue;
        }
        const isAwake = await new Promise<boolean>((done) => {
          const timer = setTimeout(() => done(false), aliveMs);
          wake = () => {
            clearTimeout(timer);
            done(true);
          };
        });
        if (!isAwake) await stream.writeln(':');
      }
    });
  });
  app.get('*', async (c) => {
    const text = await pages.at(new URL(c.req.url), tail.position);
    if (text !== null) return text.answer(c);
    const main = html`<h1>Not found</h1><p>The log has no such lane or deploy.</p>`;
    return c.html(
      await document({ title: 'Not found', main, position: tail.position }, addresses),
      404,
    );
  });
  app.onError(async (error, c) => {
    const isFault = error instanceof LogFault;
    const why = isFault ? '' : html`<p class="fault" role="alert">${whyNotShown(error)}</p>`;
    const page = {
      ...{ title: 'Not shown', main: html`<h1>Not shown</h1>${why}`, position: tail.position },
      faults: isFault ? [redact(error.message)] : [],
    };
    return c.html(await document(page, addresses), error instanceof StoreUnavailable ? 503 : 500);
  });
  return app;
}

function whyNotShown(error: Error): string {
  if (error instanceof StoreUnavailable) return 'The log cannot be read just now.';
  return error instanceof UnreadableLog ? redact(error.message) : 'The page could not be made.';
}

export interface RunningServer {
  readonly port: number;
  /** Resolves when it is over; rejects when the log cannot be read any more. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** By the port that it got. */
  readonly door: (port: number) => Door;
  /** Of a clock that nobody sets: for how long a page is kept. */
  readonly ranMs: () => number;
}

/** @throws the port is taken, or is none of this machine (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`) */
export async function startServer(sources: Sources, options: ServeOptions): Promise<RunningServer> {
  const tail = new Tail(sources.log);
  await tail.look();
  let app: Hono | undefined;
  const fetch = (request: Request): Promise<Response> | Response =>
    app?.fetch(request) ?? new Response(null, { status: 503 });
  const listening = Promise.withResolvers<number>();
  const server = serve({ fetch, hostname: options.host, port: options.port }, ({ port }) =>
    listening.resolve(port),
  );
  server.on('error', listening.reject);
  const port = await listening.promise;
  app = createApp(sources, tail, options.door(port), options.ranMs);
  const stop = new AbortController();
  return {
    port,
    ended: tail.follow(stop.signal),
    async close() {
      stop.abort();
      const closed = new Promise<void>((done) => server.close(() => done()));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
