/** A text as it is sent: zipped once, however many ask for it. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';

const zip = promisify(gzip);

export class SentText {
  readonly #text: string;
  readonly #type: string;
  readonly #status: 200 | 500;
  #zipped: Promise<Buffer<ArrayBuffer>> | undefined;

  constructor(
    text: string,
    type: 'text/css' | 'text/html' | 'text/javascript',
    status: 200 | 500 = 200,
  ) {
    this.#text = text;
    this.#type = type;
    this.#status = status;
  }

  /** Zipped for whoever takes it so. */
  async answer(c: Context): Promise<Response> {
    c.header('content-type', `${this.#type}; charset=utf-8`);
    c.header('vary', 'accept-encoding');
    const encoding = accepts(c, {
      header: 'Accept-Encoding',
      supports: ['gzip'],
      default: 'identity',
    });
    if (encoding === 'identity') return c.body(this.#text, this.#status);
    c.header('content-encoding', 'gzip');
    this.#zipped ??= zip(this.#text);
    return c.body(await this.#zipped, this.#status);
  }
}
