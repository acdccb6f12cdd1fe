/**
 * Stands between `pipeline` and the sandbox, and repeats in every answer a text that it is given: in
 * JSON after each text that people read, in plain text as lines of its own, in headers. It keeps what
 * it was sent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Sent {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface Refusal {
  readonly service: string;
  readonly path: RegExp;
  readonly status: number;
  times: number;
}

/** Names of fields that hold words, and nothing that a program goes by. */
const words =
  /^(description|message|title|email|error|details|reason|output|text|login|full_name)$/;

export class EchoingProxy {
  /** The sandbox's services, each as the proxy stands for it. */
  readonly urls: Record<string, string> = {};
  readonly sent: Sent[] = [];
  /** What is repeated: on one line, and as lines that are cut somewhere. */
  echo = '';
  lines: readonly string[] = [];
  /** A dyno with such a name is none that comes up. */
  inDynoNames = false;
  readonly #targets: Readonly<Record<string, string>>;
  readonly #servers: Server[] = [];
  readonly #refusals: Refusal[] = [];

  private constructor(targets: Readonly<Record<string, string>>) {
    this.#targets = targets;
  }

  static async start(targets: Readonly<Record<string, string>>): Promise<EchoingProxy> {
    const proxy = new EchoingProxy(targets);
    for (const [service, target] of Object.entries(targets)) {
      const server = createServer((request, response) => {
        proxy.#pass(service, target, request, response).catch(() => response.destroy());
      });
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      proxy.urls[service] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      proxy.#servers.push(server);
    }
    return proxy;
  }

  /** The next so many such requests are refused with this status, and told their own words back. */
  refuse(service: string, path: RegExp, status: number, times = 1): void {
    this.#refusals.push({ service, path, status, times });
  }

  /** The sandbox's addresses in the text, as the proxy stands for them. */
  through(text: string): string {
    return Object.entries(this.#targets).reduce(
      (changed, [service, target]) => changed.replaceAll(target, this.urls[service] ?? target),
      text,
    );
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }

  async #pass(service: string, target: string, from: IncomingMessage, to: ServerResponse) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of from) chunks.push(chunk as Uint8Array);
    const { method = 'GET', url: path = '/', headers } = from;
    const body = Buffer.concat(chunks);
    this.sent.push({ service, method, path, body: body.toString('latin1') });
    const refusal = this.#refusals.find(
      (one) => one.service === service && one.times > 0 && one.path.test(path),
    );
    if (refusal !== undefined) {
      refusal.times--;
      const said = `${this.echo} ${JSON.stringify(headers)} ${path}`;
      to.writeHead(refusal.status, {
        'content-type': 'application/json',
        'x-request-id': headers.authorization ?? '',
      });
      to.end(JSON.stringify({ id: 'forbidden', message: said, error: said }));
      return;
    }
    const { host: _host, connection: _connection, 'content-length': _length, ...passed } = headers;
    const isJson = headers['content-type']?.includes('json') === true;
    const answer = await fetch(target + path, {
      method,
      headers: passed as Record<string, string>,
      redirect: 'manual',
      ...(method === 'GET' || method === 'HEAD'
        ? {}
        : { body: isJson ? this.#back(body.toString()) : body }),
    });
    await this.#answer(path, answer, to);
  }

  #back(text: string): string {
    return Object.entries(this.urls).reduce(
      (changed, [service, url]) => changed.replaceAll(url, this.#targets[service] ?? url),
      text,
    );
  }

  async #answer(path: string, answer: Response, to: ServerResponse): Promise<void> {
    const text = await answer.text();
    const headers: Record<string, string> = {};
    for (const [name, value] of answer.headers) {
      if (!/^(content-length|content-encoding|transfer-encoding|connection|etag)$/.test(name))
        headers[name] = value;
    }
    to.writeHead(answer.status, {
      ...headers,
      'x-echo': encodeURIComponent(this.echo).slice(0, 4_000),
    });
    if (path.startsWith('/streams/')) {
      // In two chunks, in the middle of a line.
      const all = `${text}${this.lines.map((line) => `${line}\n`).join('')}`;
      const from = all.length - Math.floor(this.lines.join('\n').length / 2);
      to.write(all.slice(0, from));
      await new Promise((later) => setTimeout(later, 30));
      to.end(all.slice(from));
      return;
    }
    to.end(
      headers['content-type']?.includes('json') ? this.#inJson(text, path) : this.through(text),
    );
  }

  #inJson(text: string, path: string): string {
    const walk = (value: unknown, name: string): unknown => {
      if (typeof value === 'string') {
        const isDyno = this.inDynoNames && name === 'name' && /\/dynos/.test(path);
        return words.test(name) || isDyno ? `${value} ${this.echo}` : this.through(value);
      }
      if (Array.isArray(value)) return value.map((one) => walk(one, name));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, key)]));
    };
    try {
      return JSON.stringify(walk(JSON.parse(text), ''));
    } catch {
      return text;
    }
  }
}
