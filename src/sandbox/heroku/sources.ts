/** The storage beside Heroku: presigned uploads of source tarballs, and the output of builds and release phases. */
import { Hono } from 'hono';
import { addOutputs, type Wait } from './outputs.ts';
import type { HerokuWorld } from './world.ts';

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
  /** Of output that is still being written. Left out: an answer ends with what there is. */
  wait?: Wait | undefined;
}): Sources {
  const { origin, now, newId, world, wait } = options;
  const places = new Map<
    string,
    { expires: number; signature: string; bytes: Uint8Array | null }
  >();
  const hono = new Hono();
  const urlsOf = (place: string, signed: { expires: number; signature: string }) => {
    const query = `AWSAccessKeyId=KEY&Expires=${Math.floor(signed.expires / 1000)}`;
    const base = `${origin}/heroku.com/${place}?${query}&Signature=`;
    return { get_url: `${base}read-${signed.signature}`, put_url: base + signed.signature };
  };

  hono.put('/heroku.com/:place', async (c) => {
    const place = places.get(c.req.param('place'));
    if (place === undefined || now() > place.expires) return denied('AccessDenied');
    // The signature covers an empty content type, and no authorization beside it.
    const signed = c.req.query('Signature') === place.signature;
    const contentType = c.req.header('content-type') ?? '';
    if (!signed || contentType !== '' || c.req.header('authorization') !== undefined) {
      return denied('SignatureDoesNotMatch');
    }
    if (place.bytes !== null) return denied('AccessDenied');
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    if (!gzipMagic.every((byte, i) => bytes[i] === byte)) return denied('AccessDenied');
    place.bytes = bytes;
    return new Response(null, { status: 200, headers: { etag: `"${place.signature}"` } });
  });

  hono.get('/heroku.com/:place', (c) => {
    const place = places.get(c.req.param('place'));
    const signed = c.req.query('Signature') === `read-${place?.signature}`;
    const bytes = signed ? (place?.bytes ?? null) : null;
    return bytes === null ? denied('AccessDenied') : c.body(new Uint8Array(bytes));
  });

  addOutputs(hono, {
    world,
    denied: () => denied('AccessDenied'),
    ...(wait === undefined ? {} : { wait }),
  });

  return {
    origin,
    hono,
    create() {
      const place = newId();
      const signature = newId();
      const expires = now() + expiresMs;
      places.set(place, { expires, signature, bytes: null });
      return urlsOf(place, { expires, signature });
    },
    has: (getUrl) =>
      [...places].some(
        ([place, { bytes, ...signed }]) =>
          bytes !== null && getUrl === urlsOf(place, signed).get_url,
      ),
    reset: () => places.clear(),
  };
}

function denied(code: string): Response {
  return new Response(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Request refused</Message></Error>`,
    { status: 403, headers: { 'content-type': 'application/xml' } },
  );
}
