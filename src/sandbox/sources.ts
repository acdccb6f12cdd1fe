/** The storage beside Heroku: presigned uploads of source tarballs, and the output of builds and release phases. */
import { Hono } from 'hono';
import type { HerokuWorld } from './heroku-world.ts';

export interface Sources {
  /** Where its URLs begin. */
  readonly origin: string;
  readonly hono: Hono;
  /** A place for one upload: `put_url` to send it to, `get_url` to name it by. */
  create(): { get_url: string; put_url: string };
  /** Whether something was uploaded under this `get_url`. */
  has(getUrl: string): boolean;
  reset(): void;
}

const expiresMs = 60 * 60_000;
const gzipMagic = [0x1f, 0x8b];

export function createSources(options: {
  origin: string;
  now: () => number;
  newId: () => string;
  world: () => HerokuWorld;
}): Sources {
  const { origin, now, newId, world } = options;
  const places = new Map<
    string,
    { expires: number; signature: string; bytes: Uint8Array | null }
  >();
  const hono = new Hono();

  const denied = (code: string) =>
    new Response(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Request refused</Message></Error>`,
      {
        status: 403,
        headers: { 'content-type': 'application/xml' },
      },
    );

  hono.put('/heroku.com/:place', async (c) => {
    const place = places.get(c.req.param('place'));
    if (place === undefined || now() > place.expires) return denied('AccessDenied');
    // The signature covers an empty content type, and no authorization beside it.
    const signed = c.req.query('Signature') === place.signature;
    const contentType = c.req.header('content-type') ?? '';
    if (!signed || contentType !== '' || c.req.header('authorization') !== undefined) {
      return denied('SignatureDoesNotMatch');
    }
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    if (!gzipMagic.every((byte, i) => bytes[i] === byte)) return denied('AccessDenied');
    place.bytes = bytes;
    return new Response(null, { status: 200, headers: { etag: `"${place.signature}"` } });
  });

  hono.get('/heroku.com/:place', (c) => {
    const bytes = places.get(c.req.param('place'))?.bytes ?? null;
    return bytes === null ? denied('AccessDenied') : c.body(new Uint8Array(bytes));
  });

  hono.get('/streams/builds/:file', (c) => {
    world().settle();
    const id = c.req.param('file').replace(/\.log$/, '');
    const build = world()
      .apps.flatMap(({ builds }) => builds)
      .find((one) => one.id === id);
    if (build === undefined) return c.notFound();
    const lines = ['-----> Building on the Heroku-24 stack', '-----> Ruby app detected'];
    if (build.status === 'succeeded') lines.push('-----> Compressing...', '-----> Launching...');
    if (build.status === 'failed')
      lines.push(
        ' !     An error occurred while installing the gems.',
        ' !     Push rejected, failed to compile Ruby app.',
      );
    return ranged(c.req.header('range'), `${lines.join('\n')}\n`);
  });

  hono.get('/streams/releases/:file', (c) => {
    world().settle();
    const id = c.req.param('file').replace(/\.log$/, '');
    const release = world()
      .apps.flatMap(({ releases }) => releases)
      .find((one) => one.id === id);
    if (release === undefined) return c.notFound();
    const lines = ['Running release command...'];
    if (release.status === 'failed')
      lines.push('PG::UndefinedColumn: ERROR: column "total" does not exist');
    return ranged(c.req.header('range'), `${lines.join('\n')}\n`);
  });

  return {
    origin,
    hono,
    create() {
      const place = newId();
      const signature = newId();
      const expires = now() + expiresMs;
      places.set(place, { expires, signature, bytes: null });
      const base = `${origin}/heroku.com/${place}?AWSAccessKeyId=KEY&Expires=${Math.floor(expires / 1000)}`;
      return {
        get_url: `${base}&Signature=read-${signature}`,
        put_url: `${base}&Signature=${signature}`,
      };
    },
    has: (getUrl) =>
      (places.get(new URL(getUrl).pathname.split('/').at(-1) ?? '')?.bytes ?? null) !== null,
    reset: () => places.clear(),
  };
}

/** `Range: bytes=N-` goes on where an earlier read ended. */
function ranged(header: string | undefined, text: string): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(header ?? '')?.[1] ?? 0);
  const bytes = Buffer.from(text);
  if (from > 0 && from >= bytes.length) return new Response(null, { status: 416 });
  return new Response(new Uint8Array(bytes.subarray(from)), {
    status: from > 0 ? 206 : 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}
