/** The pages under attack: what others wrote into the log, what anybody may send, and whoever opens streams and never reads them. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/effects/clock.ts';
import { type RunningServer, startServer } from '../../src/serve/server.ts';
import { Tail } from '../../src/serve/tail.ts';
import { writeDeploy } from '../runtime/audit/written.ts';
import { StandingWorld } from '../runtime/standing/standing-world.ts';

let world: StandingWorld;
let server: RunningServer;
let url: string;
let builds = 0;

const deployed = (lane: string, title: string): Promise<string> => {
  builds += 1;
  return writeDeploy(world.log, { label: `${builds}`, commit: 'a'.repeat(40), lane, title }, []);
};

beforeAll(async () => {
  world = await StandingWorld.open();
  const explain = async (asked: string) =>
    ({ kind: 'untold', message: `nothing called ${asked}`, hint: null }) as const;
  server = await startServer(
    { log: world.log, explain },
    {
      ...{ host: '127.0.0.1', port: 0, ranMs: systemClock.ran },
      door: (own) => ({ names: [`127.0.0.1:${own}`], token: null }),
    },
  );
  server.ended.catch(() => {});
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.close();
  await world.close();
});

const textAt = async (path: string): Promise<string> => (await fetch(url + path)).text();

const deploysIn = (text: string): string[] =>
  [...text.matchAll(/href="\/deploys\/([^"]+)"/g)].map(([, id = '']) => id);

const unescaped = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"');

describe('what others wrote', () => {
  const lanes = ['a b', '"q"', '50%', '%2f', "it's", '<b>x</b>', 'a/b', '../x', 'x\\y', '#h?x=1'];
  it.each([...lanes, '__proto__', 'ü', ' '])('the lane %j has a page of its own', async (lane) => {
    const deploy = await deployed(lane, 'its own');
    const links = [...(await textAt('/')).matchAll(/href="(\/lanes\/[^"]+)"/g)];
    const pages = links.map(([, link = '']) => unescaped(link));
    const own = pages.find((link) => decodeURIComponent(link.slice('/lanes/'.length)) === lane);
    expect(deploysIn(await textAt(own ?? '/nothing'))).toEqual([deploy]);
  });

  it.each([
    ['markup', '<img src=x onerror=alert(1)><b>'],
    ['what turns text round', '\u202egnp.exe\u2066'],
    ['what nobody sees', 'a\u200bb\u200d\ufeffc'],
    ['a terminal’s words', '\u001b[31mred\u001b]8;;http://evil.test\u0007'],
  ])('%s in a title is only seen', async (_, title) => {
    const deploy = await deployed('titles', title);
    for (const path of ['/', '/lanes/titles', `/deploys/${deploy}`]) {
      const text = await textAt(path);
      expect(text.match(/<script\b/g)).toHaveLength(1);
      expect(text).not.toMatch(/<img|<b>/);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('a title of ten thousand characters is whole on its deploy’s page, and cut in a list', async () => {
    const title = Array.from({ length: 2_000 }, (_, i) => `w${i}`)
      .join(' ')
      .slice(0, 10_000);
    const deploy = await deployed('long', title);
    expect(await textAt(`/deploys/${deploy}`)).toContain(title);
    for (const path of ['/', '/lanes/long']) {
      const text = await textAt(path);
      expect(text).toContain(title.slice(0, 199));
      expect(text).not.toContain(title.slice(0, 201));
    }
  });
});

describe('what anybody may send', () => {
  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s changes nothing', async (method) => {
    for (const path of ['/', '/events', '/style.css', '/lanes/x']) {
      const { status, headers } = await fetch(url + path, { method });
      expect([path, status, headers.get('allow')]).toEqual([path, 405, 'GET, HEAD']);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('a HEAD has what a GET has, without its text, and leaves no stream open', async () => {
    const listen = vi.spyOn(Tail.prototype, 'listen');
    for (const path of ['/', '/events', '/live.js', '/chart', '/deploys/nothing']) {
      const [head, get] = await Promise.all(
        (['HEAD', 'GET'] as const).map(async (method) => {
          const stop = new AbortController();
          const answer = await fetch(url + path, { method, signal: stop.signal });
          if (path === '/events') stop.abort();
          return answer;
        }),
      );
      expect([path, head?.status]).toEqual([path, get?.status]);
      expect(head?.headers.get('content-type')).toBe(get?.headers.get('content-type'));
    }
    expect(listen).toHaveBeenCalledTimes(1);
    listen.mockRestore();
  });

  it.each(['-1', '1e999', 'NaN', 'abc', '9007199254740993', '0x10', '1.5', 'Infinity'])(
    'whoever was told %s last is told where the log is',
    async (told) => {
      await deployed('told', 'one');
      await vi.waitFor(async () => {
        const position = await world.log.head();
        expect(await firstId({ 'last-event-id': told }, '')).toBe(position);
        expect(await firstId({}, `?after=${told}`)).toBe(position);
      });
    },
  );

  it.each([
    ...['after=-5', 'after=0', 'after=1e400', 'after=NaN', 'after=99999999999999999999'],
    ...['since=0000-00-00', 'since=9999-99-99', 'until=2026-13-45', 'until=2026-02-31'],
    ...['state=%3Cscript%3E', 'page=7', 'text=&person=&since=&until=&state='],
  ])('%s is as good as nothing', async (query) => {
    const deploy = await deployed(`of ${query}`, 'found');
    const path = `/lanes/${encodeURIComponent(`of ${query}`)}?${query}`;
    expect(deploysIn(await textAt(path))).toEqual([deploy]);
  });

  it.each([
    ['%', ['all 50% of it']],
    ['_', ['snake_case']],
    ['\\', ['back\\slash']],
    ['\\%', []],
    ["'; drop table deploys; --", []],
    ['😀'.repeat(300), []],
    ['\ud800', []],
  ])('a search for %j is of that text', async (text, titles) => {
    const lane = `search ${text.slice(0, 10)}`;
    for (const title of ['all 50% of it', 'snake_case', 'back\\slash']) await deployed(lane, title);
    const path = `/lanes/${encodeURIComponent(lane.toWellFormed())}`;
    const page = await textAt(`${path}?text=${encodeURIComponent(text.toWellFormed())}`);
    const found = [...page.matchAll(/<td class="text">(.*?) <code/g)].map(([, title]) => title);
    expect(found).toEqual(text === '\ud800' ? [] : titles);
  });

  it.each([
    ...['/lanes/a/b', '/deploys/..%2f..%2fetc%2fpasswd', '/deploys/%25', '/deploys/_', '/events/x'],
    ...['//evil.test/', '/lanes/%00', '/deploys/%ff', `/deploys/${'x'.repeat(5_000)}`],
  ])('there is nothing at %s', async (path) => {
    expect(await statusOf(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}`)).toBe(404);
  });

  it.each([
    ['another host', 'GET / HTTP/1.1\r\nHost: evil.test', 421],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: evil.test\r\nHost: 127.0.0.1', 421],
    ['none', 'GET / HTTP/1.0\r\nX: y', 421],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b<', 400],
    ['headers without end', `GET /?${'x'.repeat(70_000)} HTTP/1.1\r\nHost: x`, 431],
  ])('%s is refused', async (_, request, status) => {
    expect(await statusOf(request)).toBe(status);
  });
});

describe('a log that is written to while somebody pages through it', () => {
  it('has each deploy of before once, and none twice', async () => {
    const before: string[] = [];
    for (let i = 0; i < 110; i++) before.push(await deployed('paged', `${i}`));
    const seen: string[] = [];
    let path: string | undefined = '/lanes/paged';
    while (path !== undefined) {
      const text: string = await textAt(path);
      seen.push(...deploysIn(text));
      for (let i = 0; i < 60; i++) await deployed('paged', 'newer');
      const next = /href="([^"]+)" rel="next"/.exec(text)?.[1];
      path = next === undefined ? undefined : `/lanes/paged${unescaped(next)}`;
    }
    expect(seen).toEqual(before.toReversed());
  });
});

describe('streams that nobody reads', () => {
  it('hold nothing up, and are let go once their clients are gone', async () => {
    let open = 0;
    const { listen } = Tail.prototype;
    const watched = vi.spyOn(Tail.prototype, 'listen').mockImplementation(function (
      this: Tail,
      to,
    ) {
      const end = listen.call(this, to);
      open += 1;
      return () => {
        open -= 1;
        return end();
      };
    });
    const sockets: Socket[] = [];
    for (let i = 0; i < 200; i++) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`GET /events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
      sockets.push(socket.pause());
    }
    await vi.waitFor(() => expect(open).toBe(200), { timeout: 20_000 });
    const deploy = await deployed('beside', 'others are told');
    expect(deploysIn(await textAt('/lanes/beside'))).toEqual([deploy]);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect(open).toBe(0), { timeout: 20_000 });
    watched.mockRestore();
  });
});

/** The status of what is sent as it is, whatever a client would make of it. */
function statusOf(request: string): Promise<number> {
  return new Promise((done, fail) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', fail);
    socket.once('data', (part) => {
      socket.destroy();
      done(Number(/^HTTP\/1\.1 (\d+)/.exec(part.toString())?.[1]));
    });
    socket.write(`${request}\r\nConnection: close\r\n\r\n`);
  });
}

/** Of the first event that comes; null: a stream says first how long to wait, and then nothing. */
async function firstId(headers: Record<string, string>, query: string): Promise<number | null> {
  const stop = new AbortController();
  const answer = await fetch(`${url}/events${query}`, { headers, signal: stop.signal });
  const silence = setTimeout(() => stop.abort(), 2_000);
  try {
    let text = '';
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString();
      const id = /^id: (\d+)$/m.exec(text)?.[1];
      if (id !== undefined) return Number(id);
    }
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(silence);
    stop.abort();
  }
}
