/** Redirects over real HTTP: which reads follow them, and that no token ever goes along to another server. */

import { afterEach, describe, expect, it } from 'vitest';
import { createGitHub } from '../../../src/effects/history/github.ts';
import { ensureOk } from '../../../src/effects/http/answers.ts';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import { VendorRefused } from '../../../src/effects/http/errors.ts';
import type { HttpRequest } from '../../../src/effects/http/request.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import {
  type AnsweringServer,
  type Asked,
  type Reply,
  startAnsweringServer,
} from '../answering-server.ts';
import { toldFailureOf } from '../lockstep-error.ts';
import { vendors } from '../vendors.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(answer: (asked: Asked, before: number) => Reply): Promise<AnsweringServer> {
  const server = await startAnsweringServer(answer);
  closers.push(server.close);
  return server;
}

const notices: string[] = [];
function client() {
  const transport = undiciTransport();
  closers.push(() => transport.close());
  notices.splice(0);
  return createHttpClient({
    transport: transport.send,
    clock: createVirtualClock({ holdMs: 30_000 }),
    random: () => 0.5,
    beforeWrite: async () => {},
    notice: (line) => notices.push(line),
  });
}

const token = 'ghp_secretTokenOfTheTest';
const request = (url: string, over: Partial<HttpRequest> = {}): HttpRequest => ({
  vendor: vendors.github,
  method: 'GET',
  url,
  headers: { authorization: `Bearer ${token}` },
  signal: new AbortController().signal,
  ...over,
});
const at = (location: string, status = 301): Reply => ({
  status,
  headers: { location },
  body: '{}',
});
const ok: Reply = { status: 200, body: '{}' };

describe('a read', () => {
  it.each([301, 302, 303, 307, 308])(
    'is followed after a %i on the same server, token and all',
    async (status) => {
      const server = await serve(({ path }) =>
        path === '/new?a=1' ? ok : at('/new?a=1#part', status),
      );
      const answer = await client().send(request(`${server.url}/old`));
      expect(answer.status).toBe(200);
      expect(server.asked.map(({ path, method }) => [method, path])).toEqual([
        ['GET', '/old'],
        ['GET', '/new?a=1'],
      ]);
      expect(server.asked[1]?.headers.authorization).toBe(`Bearer ${token}`);
      expect(notices).toEqual(['GitHub: /old has moved to /new']);
    },
  );

  it('says once that something has moved', async () => {
    const server = await serve(({ path }) => (path === '/new' ? ok : at('/new')));
    const http = client();
    for (let n = 0; n < 3; n++) await http.send(request(`${server.url}/old`));
    expect(notices).toHaveLength(1);
  });

  it('is repeated where it was led, as anywhere', async () => {
    const server = await serve(({ path }, before) =>
      path === '/old' ? at('/new') : before < 2 ? { status: 503 } : ok,
    );
    expect((await client().send(request(`${server.url}/old`))).status).toBe(200);
  });

  it('never takes its token to another server, be it another port or name of this machine', async () => {
    const other = await serve(() => ok);
    const { port } = new URL(other.url);
    for (const elsewhere of [
      `http://127.0.0.1:${port}/stolen`,
      `http://localhost:${port}/stolen`,
      `//127.0.0.1:${port}/stolen`,
      `http://[::1]:${port}/stolen`,
      'https://evil.test/stolen',
      'file:///etc/passwd',
      'data:text/plain,stolen',
    ]) {
      const server = await serve(() => at(elsewhere));
      const { port: own } = new URL(server.url);
      const error = await toldFailureOf(client().send(request(`${server.url}/old`)));
      expect(error.code, elsewhere).toBe('E_VENDOR_MOVED');
      expect(error.message).toContain('/old');
      expect(error.message).not.toContain('stolen');
      expect(error.message).not.toContain(token);
      expect(server.asked).toHaveLength(1);
      expect(own).not.toBe(port);
    }
    expect(other.asked).toEqual([]);
  });

  it.each([
    ['https://api.test/old', 'http://api.test/new'],
    ['https://api.test/old', 'https://api.test:8443/new'],
    ['https://api.test/old', 'https://user:pass@api.test/new'],
    ['http://127.0.0.1:1/old', 'https://127.0.0.1:1/new'],
  ])('from %s is not followed to %s', async (from, to) => {
    const asked: string[] = [];
    const http = createHttpClient({
      transport: async ({ url }) => {
        asked.push(url);
        return { status: 301, headers: { location: to }, body: '' };
      },
      clock: createVirtualClock(),
      random: () => 0.5,
      beforeWrite: async () => {},
      notice: () => {},
    });
    expect((await toldFailureOf(http.send(request(from)))).code).toBe('E_VENDOR_MOVED');
    expect(asked).toEqual([from]);
  });

  it('ends where it is led in a circle, too far, or nowhere', async () => {
    const circle = await serve(({ path }) => at(path === '/a' ? '/b' : '/a'));
    const far = await serve(({ path }) => at(`${path}x`));
    const nowhere = await serve(() => ({ status: 301 }));
    const malformed = await serve(() => at('http://[bad'));
    for (const [server, words, times] of [
      [circle, 'in a circle', 2],
      [far, 'more than 5 times', 6],
      [nowhere, 'without saying where', 1],
      [malformed, 'without saying where', 1],
    ] as const) {
      const error = await toldFailureOf(client().send(request(`${server.url}/a`)));
      expect(error).toBeInstanceOf(VendorRefused);
      expect(error.code).toBe('E_VENDOR_MOVED');
      expect(error.message).toContain(words);
      expect(server.asked).toHaveLength(times);
    }
  });

  it('of an endpoint is not followed: its every answer counts', async () => {
    const server = await serve(() => at('/new', 302));
    const answer = await client().send(request(server.url, { vendor: 'endpoint' }));
    expect([answer.status, server.asked.length]).toEqual([302, 1]);
  });
});

describe('a write', () => {
  it.each([301, 302, 307, 308])(
    'is not sent elsewhere after a %i, and says that it has moved',
    async (status) => {
      const server = await serve(() => at('/new', status));
      const asked = request(`${server.url}/old`, { method: 'POST', body: '{}' });
      const answer = await client().send(asked);
      expect(server.asked).toHaveLength(1);
      expect(() => ensureOk(asked, answer)).toThrow(
        expect.objectContaining({
          code: 'E_VENDOR_MOVED',
          hint: expect.stringContaining('renamed'),
        }),
      );
    },
  );
});

it('commits of a renamed repository are compared', async () => {
  const [base, head] = ['a'.repeat(40), 'b'.repeat(40)];
  const author = { name: 'Ana Lima', email: 'ana@acme.test', date: '2026-01-05T10:00:00Z' };
  const commit = { sha: head, html_url: '', commit: { message: 'a change', author } };
  const comparison = {
    status: 'ahead',
    ahead_by: 1,
    behind_by: 0,
    total_commits: 1,
    base_commit: { sha: base },
    merge_base_commit: { sha: base },
    commits: [commit],
  };
  const server = await serve(({ path }) =>
    path.startsWith('/repos/')
      ? { ...(at(`/repositories/1${path.slice('/repos/acme/old'.length)}`) as object), status: 301 }
      : { status: 200, body: JSON.stringify(comparison) },
  );
  const ports = {
    http: client(),
    clock: createVirtualClock(),
    signal: new AbortController().signal,
    progress: () => {},
  };
  const github = createGitHub({ baseUrl: server.url, token });
  const seen = await github.compare({ owner: 'acme', name: 'old' }, base, head, ports);
  expect(seen?.relation).toBe('ahead');
  expect(server.asked.map(({ path }) => path)).toEqual([
    `/repos/acme/old/compare/${base}...${head}`,
    `/repositories/1/compare/${base}...${head}`,
  ]);
});
