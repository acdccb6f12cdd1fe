/**
 * The output of builds and release phases: plain text at a signed URL, which stays open as long as more may come (Heroku
 * Platform API reference, Build, `output_stream_url`).
 */
import type { Hono } from 'hono';
import type { Build, Release } from './state.ts';
import type { HerokuWorld } from './world.ts';

/** How the time passes for an answer that stays open, in milliseconds. */
export type Wait = (ms: number) => Promise<void>;

export interface OutputsOptions {
  readonly world: () => HerokuWorld;
  /** The storage's answer to a URL that it did not sign. */
  readonly denied: () => Response;
  /** Left out: an answer ends with what there is. */
  readonly wait?: Wait;
}

/** So often is it looked whether more has come. */
const lookMs = 20;

export function addOutputs(hono: Hono, { world, denied, wait }: OutputsOptions): void {
  hono.get('/streams/:kind{builds|releases}/:file', (c) => {
    const id = c.req.param('file').replace(/\.log$/, '');
    if (c.req.query('X-Amz-Signature') !== id) return denied();
    const look = () => {
      world().settle();
      return outputOf(world(), c.req.param('kind'), id);
    };
    const first = look();
    if (first === undefined) return c.notFound();
    return chunked(c.req.header('range'), () => look() ?? { ...first, isOpen: false }, wait);
  });
}

interface Output {
  readonly text: string;
  /** More may come. */
  readonly isOpen: boolean;
}

function outputOf({ apps }: HerokuWorld, kind: string, id: string): Output | undefined {
  if (kind === 'builds') {
    const build = apps.flatMap(({ builds }) => builds).find((one) => one.id === id);
    return build && { text: build.output ?? buildText(build), isOpen: build.status === 'pending' };
  }
  const release = apps.flatMap(({ releases }) => releases).find((one) => one.id === id);
  if (release === undefined || release.phase === null) return undefined;
  return { text: phaseText(release), isOpen: release.status === 'pending' };
}

function buildText({ status }: Build): string {
  const lines = ['-----> Building on the Heroku-24 stack', '-----> Ruby app detected'];
  if (status === 'succeeded') lines.push('-----> Compressing...', '-----> Launching...');
  if (status === 'failed') {
    lines.push(
      ' !     An error occurred while installing the gems.',
      ' !     Push rejected, failed to compile Ruby app.',
    );
  }
  return whole(lines);
}

function phaseText({ status }: Release): string {
  const lines = ['Running release command...'];
  if (status === 'failed') lines.push('PG::UndefinedColumn: ERROR: column "total" does not exist');
  return whole(lines);
}

const whole = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A chunk a line. `Range: bytes=N-` goes on where an earlier read ended. */
function chunked(range: string | undefined, look: () => Output, wait: Wait | undefined): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const now = (): { bytes: Uint8Array; isOpen: boolean } => {
    const { text, isOpen } = look();
    return { bytes: new TextEncoder().encode(text), isOpen: isOpen && wait !== undefined };
  };
  const { bytes, isOpen } = now();
  if (from > 0 && from >= bytes.length && !isOpen) return new Response(null, { status: 416 });
  let at = from;
  let isGivenUp = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      for (let seen = now(); !isGivenUp; seen = now()) {
        if (at < seen.bytes.length) {
          const end = seen.bytes.indexOf(0x0a, at) + 1;
          const piece = seen.bytes.subarray(at, end === 0 ? seen.bytes.length : end);
          stream.enqueue(piece);
          at += piece.length;
          return;
        }
        if (!seen.isOpen) return stream.close();
        await wait?.(lookMs);
      }
    },
    cancel() {
      isGivenUp = true;
    },
  });
  return new Response(body, {
    status: from > 0 ? 206 : 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}
