/**
 * The output of builds and release phases: plain text at a signed URL, as far as it has come (Heroku
 * Platform API reference, Build, `output_stream_url`).
 */
import type { Hono } from 'hono';
import type { Build, Release } from './state.ts';
import type { HerokuWorld } from './world.ts';

export interface OutputsOptions {
  readonly world: () => HerokuWorld;
  /** The storage's answer to a URL that it did not sign. */
  readonly denied: () => Response;
}

export function addOutputs(hono: Hono, { world, denied }: OutputsOptions): void {
  hono.get('/streams/:kind{builds|releases}/:file', (c) => {
    world().settle();
    const id = c.req.param('file').replace(/\.log$/, '');
    if (c.req.query('X-Amz-Signature') !== id) return denied();
    const lines = linesOf(world(), c.req.param('kind'), id);
    if (lines === undefined) return c.notFound();
    return chunked(c.req.header('range'), lines);
  });
}

function linesOf({ apps }: HerokuWorld, kind: string, id: string): string[] | undefined {
  if (kind === 'builds') {
    const build = apps.flatMap(({ builds }) => builds).find((one) => one.id === id);
    return build === undefined ? undefined : buildLines(build);
  }
  const release = apps.flatMap(({ releases }) => releases).find((one) => one.id === id);
  return release === undefined || release.phase === null ? undefined : phaseLines(release);
}

function buildLines({ status }: Build): string[] {
  const lines = ['-----> Building on the Heroku-24 stack', '-----> Ruby app detected'];
  if (status === 'succeeded') lines.push('-----> Compressing...', '-----> Launching...');
  if (status === 'failed') {
    lines.push(
      ' !     An error occurred while installing the gems.',
      ' !     Push rejected, failed to compile Ruby app.',
    );
  }
  return lines;
}

function phaseLines({ status }: Release): string[] {
  const lines = ['Running release command...'];
  if (status === 'failed') lines.push('PG::UndefinedColumn: ERROR: column "total" does not exist');
  return lines;
}

/** A chunk a line. `Range: bytes=N-` goes on where an earlier read ended. */
function chunked(range: string | undefined, lines: readonly string[]): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  if (from > 0 && from >= bytes.length) return new Response(null, { status: 416 });
  const body = new ReadableStream<Uint8Array>({
    start(stream) {
      let at = from;
      while (at < bytes.length) {
        const end = bytes.indexOf(0x0a, at) + 1;
        stream.enqueue(bytes.subarray(at, end));
        at = end;
      }
      stream.close();
    },
  });
  return new Response(body, {
    status: from > 0 ? 206 : 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}
