/** The undici transport over real HTTP: what was sent, what was cut off, and in which words. */

import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NoAnswer } from '../../../src/effects/http/errors.ts';
import type { HttpRequest } from '../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { startAnsweringServer } from '../answering-server.ts';
import { vendors } from '../vendors.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) await close();
});

function transport() {
  const made = undiciTransport();
  closers.push(() => made.close());
  return made;
}

function request(url: string, over: Partial<HttpRequest> = {}): HttpRequest {
  const { signal } = new AbortController();
  return { vendor: vendors.heroku, method: 'GET', url, signal, ...over };
}

async function noAnswer(promise: Promise<unknown>): Promise<NoAnswer> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NoAnswer)) throw new Error(`no NoAnswer: ${String(error)}`);
  return error;
}

/** A server below HTTP, which says `bytes` to whatever it is told and hangs up. */
async function startRaw(bytes: string, told: string[] = []): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      told.push(String(chunk));
      socket.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/`;
}

describe('undiciTransport', () => {
  it('adds no content type of its own: a signed upload must not have one', async () => {
    const server = await startAnsweringServer(() => ({ status: 200 }));
    closers.push(server.close);
    const body = new TextEncoder().encode('tarball');
    await transport().send(request(`${server.url}/put?Signature=x`, { method: 'PUT', body }));
    expect(server.asked[0]?.body).toBe('tarball');
    expect(server.asked[0]?.headers['content-type']).toBeUndefined();
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
    expect(server.asked[0]?.headers['content-length']).toBe('7');
  });

  it('gives header names in lower case, and repeated ones joined', async () => {
    const url = await startRaw(
      'HTTP/1.1 200 OK\r\nX-One: a\r\nx-ONE: b\r\nContent-Length: 2\r\n\r\nok',
    );
    const answer = await transport().send(request(url));
    expect(answer).toMatchObject({ status: 200, body: 'ok', headers: { 'x-one': 'a, b' } });
  });

  it('tells an answer that was cut off from one that was whole', async () => {
    const url = await startRaw('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf');
    expect(await noAnswer(transport().send(request(url)))).toMatchObject({ sent: true });
  });

  it('tells so too where each piece is told as it comes, and nobody has ended it', async () => {
    const url = await startRaw('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf');
    expect(await noAnswer(transport().send(request(url, { onPiece: () => {} })))).toMatchObject({
      sent: true,
    });
  });

  it.each([
    [4_096, 'half'],
    [2, 'ha'],
  ])(
    'gives what has come of a refusal of which the status counts, up to %d bytes',
    async (refusalBytesMax, body) => {
      const url = await startRaw('HTTP/1.1 422 No\r\nContent-Length: 99\r\n\r\nhalf');
      const asked = request(url, { method: 'POST', body: '{}', refusalBytesMax });
      expect(await transport().send(asked)).toMatchObject({ status: 422, body });
    },
  );

  it.each(['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'])(
    'asks the proxy that %s alone names',
    async (name) => {
      const told: string[] = [];
      const proxy = await startRaw('HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n', told);
      const others = [
        'https_proxy',
        'HTTPS_PROXY',
        'http_proxy',
        'HTTP_PROXY',
        'no_proxy',
        'NO_PROXY',
      ];
      for (const other of others) vi.stubEnv(other, other === name ? proxy : undefined);
      const scheme = name.slice(0, name.indexOf('_')).toLowerCase();
      await transport()
        .send(request(`${scheme}://vendor.acme.test/x`))
        .catch(() => null);
      expect(told.join('')).toContain('vendor.acme.test');
    },
  );

  it('tells what is not HTTP', async () => {
    const url = await startRaw('SSH-2.0-OpenSSH_9.6\r\n');
    const error = await noAnswer(transport().send(request(url)));
    expect(error.reason).toContain('not HTTP');
    expect(error.sent).toBe(true);
  });

  it('what no connection could be made safe for was not sent', async () => {
    const url = await startRaw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const error = await noAnswer(transport().send(request(url.replace('http:', 'https:'))));
    expect(error).toMatchObject({
      sent: false,
      reason: expect.stringMatching(/^its certificate was not accepted \(ERR_SSL_\w+\)$/),
    });
  });

  it('a refused connection was not sent', async () => {
    const url = await startRaw('');
    const { port } = new URL(url);
    for (const close of closers.splice(0)) await close();
    await expect(
      new Promise((_, reject) => connect(Number(port), '127.0.0.1').on('error', reject)),
    ).rejects.toThrow('ECONNREFUSED');
    expect(await noAnswer(transport().send(request(url)))).toMatchObject({
      sent: false,
      reason: 'connection refused',
    });
  });
});
